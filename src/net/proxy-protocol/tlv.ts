/** What a value in a header of version 2 is: its type. */
export const tlv = {
  alpn: 0x01,
  authority: 0x02,
  checksum: 0x03,
  padding: 0x04,
  uniqueId: 0x05,
  tls: 0x20,
  tlsVersion: 0x21,
  commonName: 0x22,
  cipher: 0x23,
  signatureAlgorithm: 0x24,
  keyAlgorithm: 0x25,
} as const

/** Bits of the first byte of what is told of TLS. */
export const tlsFlags = { isUsed: 1, hasCertificate: 2, hasSessionCertificate: 4 } as const

/** The longest values that are taken, in bytes: HAProxy's. */
export const longestAuthority = 255
export const longestUniqueId = 128
