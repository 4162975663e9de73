/** OpenSSL's names of the algorithms that certificates are signed with, by the bytes of their object identifiers. */
const names = new Map([
  ['2a864886f70d010105', 'RSA-SHA1'],
  ['2a864886f70d01010b', 'RSA-SHA256'],
  ['2a864886f70d01010c', 'RSA-SHA384'],
  ['2a864886f70d01010d', 'RSA-SHA512'],
  ['2a864886f70d01010a', 'RSASSA-PSS'],
  ['2a8648ce3d0401', 'ecdsa-with-SHA1'],
  ['2a8648ce3d040302', 'ecdsa-with-SHA256'],
  ['2a8648ce3d040303', 'ecdsa-with-SHA384'],
  ['2a8648ce3d040304', 'ecdsa-with-SHA512'],
  ['2b6570', 'ED25519'],
  ['2b6571', 'ED448'],
])

/**
 * How a certificate is signed, by OpenSSL's name. Node tells it from version 24 on, so it is looked up where X.509 has
 * it: Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OBJECT IDENTIFIER, ... }, ... }.
 */
export function signatureAlgorithm(certificate: Buffer): string | undefined {
  const whole = element(certificate, 0)
  const signed = whole && element(certificate, whole.start)
  const algorithm = signed && element(certificate, signed.end)
  const identifier = algorithm && element(certificate, algorithm.start)
  return identifier && names.get(certificate.toString('hex', identifier.start, identifier.end))
}

/** Where the content of the DER element at `at` starts and ends. */
function element(der: Buffer, at: number): { readonly start: number; readonly end: number } | undefined {
  const short = der[at + 1]
  if (short === undefined) return undefined
  const lengthBytes = short < 0x80 ? 0 : short & 0x7f
  if (lengthBytes > 4 || at + 2 + lengthBytes > der.length) return undefined
  const start = at + 2 + lengthBytes
  return { start, end: start + (lengthBytes === 0 ? short : der.readUIntBE(at + 2, lengthBytes)) }
}
