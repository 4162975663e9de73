import type { ProxiedConnection, ProxiedTls } from '../../core/proxied-connection.js'
import { crc32c } from './crc32c.js'
import { longestAuthority, longestUniqueId, tlsFlags, tlv } from './tlv.js'

/** Reads what follows the addresses of a header; undefined: it is malformed, or its checksum is wrong. */
export function readTlvs(header: Buffer, start: number): Omit<ProxiedConnection, 'version'> | undefined {
  const values = split(header, start)
  if (values === undefined || !isIntact(header, values.get(tlv.checksum))) return undefined
  const uniqueId = values.get(tlv.uniqueId)
  const authority = values.get(tlv.authority)
  if ((uniqueId?.length ?? 0) > longestUniqueId || (authority?.length ?? 0) > longestAuthority) return undefined
  const told = values.get(tlv.tls)
  const tls = told && readTls(told)
  if (told !== undefined && tls === undefined) return undefined
  const others = new Map([...values].filter(([type]) => !known.has(type)).map(([type, bytes]) => [type, copy(bytes)]))
  return {
    alpn: values.get(tlv.alpn)?.toString(),
    authority: authority?.toString(),
    uniqueId: uniqueId && copy(uniqueId),
    tls,
    others: others.size > 0 ? others : undefined,
  }
}

const known = new Set<number>([tlv.alpn, tlv.authority, tlv.checksum, tlv.padding, tlv.uniqueId, tlv.tls])

/** Takes a row of type, length and value apart; undefined: one of them is cut off. */
function split(bytes: Buffer, start: number): Map<number, Buffer> | undefined {
  const values = new Map<number, Buffer>()
  for (let at = start; at < bytes.length; ) {
    if (at + 3 > bytes.length) return undefined
    const end = at + 3 + bytes.readUInt16BE(at + 1)
    if (end > bytes.length) return undefined
    values.set(bytes[at]!, bytes.subarray(at + 3, end))
    at = end
  }
  return values
}

/** Whether the header is as it was sent, where it tells its checksum: that was worked out with zeros in its place. */
function isIntact(header: Buffer, checksum: Buffer | undefined): boolean {
  if (checksum === undefined) return true
  if (checksum.length !== 4) return false
  const blanked = Buffer.from(header)
  const at = checksum.byteOffset - header.byteOffset
  return crc32c(blanked.fill(0, at, at + 4)) === checksum.readUInt32BE()
}

function readTls(bytes: Buffer): ProxiedTls | undefined {
  const values = bytes.length < 5 ? undefined : split(bytes, 5)
  if (values === undefined) return undefined
  const flags = bytes[0]!
  const text = (type: number) => values.get(type)?.toString()
  return {
    isUsed: (flags & tlsFlags.isUsed) !== 0,
    hasCertificate: (flags & tlsFlags.hasCertificate) !== 0,
    hasSessionCertificate: (flags & tlsFlags.hasSessionCertificate) !== 0,
    isVerified: bytes.readUInt32BE(1) === 0,
    version: text(tlv.tlsVersion),
    commonName: text(tlv.commonName),
    cipher: text(tlv.cipher),
    signatureAlgorithm: text(tlv.signatureAlgorithm),
    keyAlgorithm: text(tlv.keyAlgorithm),
  }
}

/** Values outlive the read buffer that they came in. */
function copy(bytes: Buffer): Buffer {
  return Buffer.from(bytes)
}
