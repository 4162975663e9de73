import { type Address, formatAddress } from '../util/address.js'
import { parseAddress } from '../util/ip-address.js'
import { xxhash64 } from '../util/xxhash64.js'

const words = new Uint32Array(4)

/**
 * The cookie of a server as HAProxy makes it of a secret and the server's address, so that proxies that share the secret
 * agree: 16 hexadecimal digits. A server without an IP address is known by the text of its address instead.
 */
export function dynamicCookie(key: string, address: Address): string {
  const bytes = Buffer.concat([Buffer.from(key, 'utf8'), identity(address)])
  return xxhash64(bytes).toString(16).padStart(16, '0')
}

function identity(address: Address): Buffer {
  if ('path' in address || !parseAddress(address.host, words)) return Buffer.from(formatAddress(address), 'utf8')
  const bytes = Buffer.alloc(20)
  for (let word = 0; word < 4; word++) bytes.writeUInt32BE(words[word]!, 4 * word)
  bytes.writeUInt32BE(address.port, 16)
  const isIpv4 = !address.host.includes(':')
  return isIpv4 ? bytes.subarray(12) : bytes
}
