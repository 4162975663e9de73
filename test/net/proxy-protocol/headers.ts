import fc from 'fast-check'
import type { ProxiedConnection } from '../../../src/core/proxied-connection.js'
import { canonicalAddress } from '../../../src/net/proxy-protocol/address-bytes.js'
import type { ProxyEnds } from '../../../src/net/proxy-protocol/write-header.js'

/** What version 2 begins with, up to the byte of version and command. */
export const mark = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

/** A header of version 2 of these bytes. */
export function binary(command: number, family: number, rest: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.concat([mark, Buffer.of(command, family, rest.length >> 8, rest.length & 0xff), rest])
}

/** Type, length and value. */
export function tlvBytes(type: number, value: Uint8Array | string): Buffer {
  const bytes = Buffer.from(value as string)
  return Buffer.concat([Buffer.of(type, bytes.length >> 8, bytes.length & 0xff), bytes])
}

/** Four addresses and ports: `192.0.2.7:56324` to `198.51.100.1:443`. */
export const inetBlock = Buffer.from('c0000207c6336401dc0401bb', 'hex')

const ipv4 = fc.ipV4()
const ipv6 = fc
  .ipV6()
  .map(canonicalAddress)
  // A mapped one is written as IPv4, so that it would be of another family.
  .filter((address) => address.includes(':'))

function end(address: fc.Arbitrary<string>): fc.Arbitrary<ProxyEnds['source']> {
  return fc.record({ address, port: fc.integer({ min: 0, max: 65_535 }) }, { noNullPrototype: true })
}

/** Two ends of one family. */
export const anyEnds: fc.Arbitrary<ProxyEnds> = fc.oneof(ipv4, ipv6).chain((source) =>
  fc.record(
    {
      source: end(fc.constant(source)),
      destination: end(source.includes(':') ? ipv6 : ipv4),
    },
    { noNullPrototype: true },
  ),
)

const text = fc.string({ minLength: 1, maxLength: 40 })

/** Everything that a header of version 2 can tell beside its addresses. */
export const anyTold: fc.Arbitrary<Omit<ProxiedConnection, 'version' | 'others'>> = fc.record(
  {
    alpn: text,
    authority: text,
    uniqueId: fc.uint8Array({ maxLength: 128 }),
    tls: fc.record(
      {
        isUsed: fc.boolean(),
        hasCertificate: fc.boolean(),
        hasSessionCertificate: fc.boolean(),
        isVerified: fc.boolean(),
        version: text,
        commonName: text,
        cipher: text,
        signatureAlgorithm: text,
        keyAlgorithm: text,
      },
      { requiredKeys: ['isUsed', 'hasCertificate', 'hasSessionCertificate', 'isVerified'] },
    ),
  },
  { requiredKeys: [] },
)
