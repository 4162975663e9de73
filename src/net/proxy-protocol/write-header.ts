import type { ClientAddress } from '../../core/exchange-view.js'
import type { ProxiedConnection, ProxiedTls } from '../../core/proxied-connection.js'
import { addressBytes } from './address-bytes.js'
import { crc32c } from './crc32c.js'
import { signature } from './header.js'
import { tlsFlags, tlv } from './tlv.js'

/** The two ends of the connection to tell of. One without an IP address is a Unix socket's. */
export interface ProxyEnds {
  readonly source: ClientAddress
  readonly destination: ClientAddress
}

/** Writes a header of version 1. Without ends, and for Unix sockets or two ends of different families, it names nobody. */
export function textHeader(ends: ProxyEnds | undefined): Buffer {
  const family = ends === undefined ? undefined : textFamily(ends)
  if (ends === undefined || family === undefined) return Buffer.from('PROXY UNKNOWN\r\n', 'latin1')
  const { source, destination } = ends
  const addresses = `${zoneless(source)} ${zoneless(destination)} ${source.port} ${destination.port}`
  return Buffer.from(`PROXY ${family} ${addresses}\r\n`, 'latin1')
}

/** A zone means something on this machine only. */
function zoneless({ address }: ClientAddress): string {
  const zone = address.indexOf('%')
  return zone < 0 ? address : address.slice(0, zone)
}

function textFamily({ source, destination }: ProxyEnds): 'TCP4' | 'TCP6' | undefined {
  const isIpv6 = source.address.includes(':')
  const isAlike = isIpv6 === destination.address.includes(':') && hasAddress(source) && hasAddress(destination)
  return isAlike ? (isIpv6 ? 'TCP6' : 'TCP4') : undefined
}

/**
 * Writes a header of version 2, byte for byte as HAProxy does. Without ends, and for Unix sockets, it is LOCAL: the
 * connection is the sender's own. An IPv4 end beside an IPv6 one is mapped.
 */
export function binaryHeader(
  ends: ProxyEnds | undefined,
  told: Omit<ProxiedConnection, 'version' | 'others'> = {},
  hasChecksum = false,
): Buffer {
  const isNamed = ends !== undefined && hasAddress(ends.source) && hasAddress(ends.destination)
  const addresses = isNamed ? addressBlock(ends) : none
  const values = [
    ...(hasChecksum ? [value(tlv.checksum, Buffer.alloc(4))] : []),
    ...optional(tlv.alpn, told.alpn),
    ...optional(tlv.authority, told.authority),
    ...optional(tlv.uniqueId, told.uniqueId),
    ...(told.tls === undefined ? [] : [value(tlv.tls, tlsValue(told.tls))]),
  ]
  const rest = Buffer.concat([addresses, ...values])
  const command = isNamed ? 0x21 : 0x20
  const family = addresses.length === 0 ? 0 : addresses.length === 12 ? 0x11 : 0x21
  const header = Buffer.concat([signature, Buffer.of(command, family, rest.length >> 8, rest.length & 0xff), rest])
  if (hasChecksum) header.writeUInt32BE(crc32c(header), 16 + addresses.length + 3)
  return header
}

const none = Buffer.alloc(0)

function hasAddress({ address }: ClientAddress): boolean {
  return address !== ''
}

function addressBlock({ source, destination }: ProxyEnds): Buffer {
  const ports = Buffer.of(source.port >> 8, source.port & 0xff, destination.port >> 8, destination.port & 0xff)
  const isIpv4 = !source.address.includes(':') && !destination.address.includes(':')
  const [from, to] = [addressBytes(source.address), addressBytes(destination.address)]
  return Buffer.concat(isIpv4 ? [from.subarray(12), to.subarray(12), ports] : [from, to, ports])
}

function tlsValue(tls: ProxiedTls): Buffer {
  const flags =
    (tls.isUsed ? tlsFlags.isUsed : 0) |
    (tls.hasCertificate ? tlsFlags.hasCertificate : 0) |
    (tls.hasSessionCertificate ? tlsFlags.hasSessionCertificate : 0)
  return Buffer.concat([
    Buffer.of(flags, 0, 0, 0, tls.isVerified ? 0 : 1),
    ...optional(tlv.tlsVersion, tls.version),
    ...optional(tlv.commonName, tls.commonName),
    ...optional(tlv.keyAlgorithm, tls.keyAlgorithm),
    ...optional(tlv.signatureAlgorithm, tls.signatureAlgorithm),
    ...optional(tlv.cipher, tls.cipher),
  ])
}

function optional(type: number, content: string | Uint8Array | undefined): Buffer[] {
  return content === undefined ? [] : [value(type, content)]
}

function value(type: number, content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content as string)
  return Buffer.concat([Buffer.of(type, bytes.length >> 8, bytes.length & 0xff), bytes])
}
