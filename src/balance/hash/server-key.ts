import type { Server } from '../../core/server.js'
import { avalanche, xxh32Of16 } from '../../util/hash.js'
import { parseAddress } from '../../util/ip-address.js'

/** What of a server says where it stands on a ring. HAProxy: `hash-key`. */
export type HashKey = 'id' | 'address' | 'address-port'

/** How many points a server can have: HAProxy's greatest weight, scaled. */
const pointsPerServer = 4096

const words = new Uint32Array(4)

/** The number that the points of a server on a ring are made of, as in HAProxy. */
export function serverKey({ id, address }: Server, hashKey: HashKey): number {
  if (hashKey === 'id' || !('host' in address) || !parseAddress(address.host, words)) return id * pointsPerServer
  const seed = hashKey === 'address' ? 0 : avalanche(address.port)
  const [first, second, mark, ipv4] = words as Iterable<number> as [number, number, number, number]
  if (first === 0 && second === 0 && mark === 0xffff) return avalanche(seed + swapBytes(ipv4))
  return xxh32Of16(bytesOf(words), seed)
}

/** The point of that number, from 0, of a server with that key. */
export function serverPoint(key: number, number: number): number {
  return avalanche(key + number)
}

/** HAProxy reads the bytes of an IPv4 address as they lie in memory: on little-endian machines. */
function swapBytes(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)
}

function bytesOf(address: Uint32Array): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(16))
  for (const [index, word] of address.entries()) bytes.setUint32(index * 4, word)
  return new Uint8Array(bytes.buffer)
}
