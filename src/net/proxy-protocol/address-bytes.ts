import { ipv4Text, ipv6Text } from '../../sticky-table/address-text.js'
import { parseAddress } from '../../util/ip-address.js'
import { normalizeAddress } from '../../util/network.js'

const words = new Uint32Array(4)

/** The 16 bytes of an IPv6 address, or of the one that an IPv4 address is mapped to. */
export function addressBytes(address: string): Buffer {
  parseAddress(address, words)
  const bytes = Buffer.allocUnsafe(16)
  for (const [index, word] of words.entries()) bytes.writeUInt32BE(word, index * 4)
  return bytes
}

/** The address that 4 or 16 bytes stand for, as this library writes it: a mapped one as IPv4. */
export function addressText(bytes: Buffer): string {
  return bytes.length === 4 ? ipv4Text(bytes.readUInt32BE()) : normalizeAddress(ipv6Text(bytes))
}

/** The one form of an address that may be written in several. */
export function canonicalAddress(address: string): string {
  return address.includes(':') ? addressText(addressBytes(address)) : address
}
