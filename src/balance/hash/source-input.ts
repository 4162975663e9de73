import { parseAddress } from '../../util/ip-address.js'
import type { HashInput } from './hash-input.js'

const words = new Uint32Array(4)

/** The client's IP address, which is a number already: no hash function is laid over it. HAProxy: `balance source`. */
export const sourceInput: HashInput = {
  name: 'source',
  read: ({ source }) => source.address || undefined,
  hash: addressNumber,
}

/** An IPv4 address as a number, the four words of an IPv6 address laid over each other. */
function addressNumber(address: string): number {
  if (!parseAddress(address, words)) return 0
  const [first, second, third, fourth] = words as Iterable<number> as [number, number, number, number]
  const isIpv4 = first === 0 && second === 0 && third === 0xffff
  return (isIpv4 ? fourth : first ^ second ^ third ^ fourth) >>> 0
}
