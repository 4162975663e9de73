import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { crc32c } from '../../../src/net/proxy-protocol/crc32c.js'
import type { ProxyHeader } from '../../../src/net/proxy-protocol/header.js'
import { parseHeader } from '../../../src/net/proxy-protocol/parse-header.js'
import { binaryHeader, textHeader } from '../../../src/net/proxy-protocol/write-header.js'
import { anyEnds, anyTold, binary, inetBlock, mark, tlvBytes } from './headers.js'

function parse(bytes: Buffer | string): ReturnType<typeof parseHeader> {
  return parseHeader(Buffer.from(bytes as string, 'latin1'))
}

/** What is there of a header's members. */
function told(header: ReturnType<typeof parseHeader>): Partial<ProxyHeader> {
  assert.ok(typeof header === 'object')
  return Object.fromEntries(Object.entries(header).filter(([, value]) => value !== undefined))
}

describe('a header of version 1', () => {
  const named = { source: { address: '192.0.2.7', port: 56324 }, destination: { address: '198.51.100.1', port: 443 } }

  test('names both ends', () => {
    const text = 'PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n'
    assert.deepEqual(told(parse(text)), { version: 1, length: text.length, ...named })
  })

  test('takes IPv6 addresses in any form, and mapped ones as IPv4', () => {
    const text = 'PROXY TCP6 2001:DB8:0:0:0:0:0:1 ::ffff:192.0.2.7 1 65535\r\n'
    const { source, destination } = told(parse(text))
    assert.deepEqual(source, { address: '2001:db8::1', port: 1 })
    assert.deepEqual(destination, { address: '192.0.2.7', port: 65_535 })
  })

  test('ends where its line does', () => {
    const text = 'PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n'
    assert.equal(told(parse(`${text}GET / HTTP/1.1\r\n\r\n`)).length, text.length)
  })

  test('of an unknown connection names nobody', () => {
    assert.deepEqual(told(parse('PROXY UNKNOWN\r\n')), { version: 1, length: 15 })
  })

  test('is refused as HAProxy refuses it', () => {
    const refused: Readonly<Record<string, readonly string[]>> = {
      'no-header': ['GET / HTTP/1.1\r\n\r\n', 'proxy TCP4 ', 'PROXX', 'PROXYTCP4', '\0', ' PROXY TCP4 '],
      invalid: [
        'PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n',
        'PROXY TCP4 192.0.2.7  198.51.100.1 56324 443\r\n',
        'PROXY TCP4 192.0.2.7 198.51.100.1 56324 443 \r\n',
        'PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\n',
        'PROXY TCP4 192.0.2.7 198.51.100.1 56324 443x\r\n',
        'PROXY TCP4 192.0.2.256 198.51.100.1 56324 443\r\n',
        'PROXY TCP4 2001:db8::1 2001:db8::2 56324 443\r\n',
        'PROXY TCP6 192.0.2.7 198.51.100.1 56324 443\r\n',
        'PROXY TCP6 fe80::1%eth0 fe80::2 56324 443\r\n',
        `PROXY TCP4 ${'1'.repeat(100)}`,
        `PROXY TCP4 192.0.2.7 198.51.100.1 ${'0'.repeat(60)}56324 443\r\n`,
      ],
      'unknown-protocol': ['PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n', 'PROXY UNKNOWN more\r\n', 'PROXY \r\n'],
    }
    for (const [defect, texts] of Object.entries(refused)) {
      for (const text of texts) assert.equal(parse(text), defect, JSON.stringify(text))
    }
  })

  test('with a port that is none is refused, where HAProxy takes another port for it', () => {
    for (const port of ['65536', '70000', '080', '-1', '1e3', '']) {
      assert.equal(parse(`PROXY TCP4 192.0.2.7 198.51.100.1 ${port} 443\r\n`), 'invalid', port)
    }
  })
})

describe('a header of version 2', () => {
  const source = { address: '192.0.2.7', port: 56324 }
  const destination = { address: '198.51.100.1', port: 443 }

  test('names both ends', () => {
    const header = binary(0x21, 0x11, inetBlock)
    assert.deepEqual(told(parse(header)), { version: 2, length: 28, source, destination })
  })

  test('names the paths of Unix sockets', () => {
    const block = Buffer.alloc(216)
    block.write('/run/a', 0)
    block.write('b'.repeat(108), 108)
    const { source, destination } = told(parse(binary(0x21, 0x31, block)))
    assert.deepEqual([source, destination], [{ path: '/run/a' }, { path: 'b'.repeat(108) }])
  })

  test('for the sender itself names nobody, whatever else it has', () => {
    for (const rest of [Buffer.alloc(0), inetBlock, Buffer.from('junk that is no TLV')]) {
      for (const family of [0, 0x11, 0x31, 0xff]) {
        assert.deepEqual(told(parse(binary(0x20, family, rest))), { version: 2, length: 16 + rest.length })
      }
    }
  })

  test('tells what stands after its addresses', () => {
    const tls = Buffer.concat([Buffer.of(3, 0, 0, 0, 1), tlvBytes(0x21, 'TLSv1.3'), tlvBytes(0x22, 'client one')])
    const values = [
      [0x01, 'h2'],
      [0x02, 'a.test'],
      [0x04, 'padding'],
      [0x05, 'id'],
      [0x20, tls],
      [0xea, 'vpce-1'],
    ] as const
    const rest = Buffer.concat([inetBlock, ...values.map(([type, value]) => tlvBytes(type, value))])
    const header = told(parse(binary(0x21, 0x11, rest)))
    assert.deepEqual([header.alpn, header.authority], ['h2', 'a.test'])
    assert.deepEqual(header.uniqueId, Buffer.from('id'))
    assert.deepEqual(header.others, new Map([[0xea, Buffer.from('vpce-1')]]))
    const { isUsed, hasCertificate, hasSessionCertificate, isVerified, version, commonName } = header.tls!
    assert.deepEqual([isUsed, hasCertificate, hasSessionCertificate, isVerified], [true, true, false, false])
    assert.deepEqual([version, commonName], ['TLSv1.3', 'client one'])
  })

  test('is refused as HAProxy refuses it', () => {
    const inet = (...values: readonly Buffer[]) => binary(0x21, 0x11, Buffer.concat([inetBlock, ...values]))
    const refused: readonly (readonly [string, Buffer, string])[] = [
      ['another version', binary(0x11, 0x11, inetBlock), 'no-header'],
      ['a signature with a wrong end', Buffer.from('0d0a0d0a000d0a515549540b', 'hex'), 'no-header'],
      ['an unknown command', binary(0x22, 0x11, inetBlock), 'invalid'],
      ['no family', binary(0x21, 0, inetBlock), 'invalid'],
      ['UDP', binary(0x21, 0x12, inetBlock), 'invalid'],
      ['too short for IPv4', binary(0x21, 0x11, inetBlock.subarray(1)), 'invalid'],
      ['too short for IPv6', binary(0x21, 0x21, inetBlock), 'invalid'],
      ['a value that is cut off', inet(tlvBytes(1, 'h2').subarray(0, 4)), 'invalid'],
      ['half a length', inet(Buffer.of(1, 0)), 'invalid'],
      ['a wrong checksum', inet(tlvBytes(3, Buffer.of(1, 2, 3, 4))), 'invalid'],
      ['a checksum of three bytes', inet(tlvBytes(3, Buffer.of(1, 2, 3))), 'invalid'],
      ['a long identifier', inet(tlvBytes(5, 'x'.repeat(129))), 'invalid'],
      ['a long authority', inet(tlvBytes(2, 'x'.repeat(256))), 'invalid'],
      ['TLS without flags', inet(tlvBytes(0x20, 'xxxx')), 'invalid'],
      ['TLS with a value that is cut off', inet(tlvBytes(0x20, Buffer.of(1, 0, 0, 0, 0, 0x21, 0, 9))), 'invalid'],
    ]
    for (const [what, bytes, defect] of refused) assert.equal(parse(bytes), defect, what)
  })

  test('of more than 4096 bytes is refused before they are there', () => {
    const start = Buffer.concat([mark, Buffer.of(0x21, 0x11)])
    assert.equal(parse(Buffer.concat([start, Buffer.of(0x0f, 0xf0)])), undefined)
    assert.equal(parse(Buffer.concat([start, Buffer.of(0x0f, 0xf1)])), 'invalid')
  })
})

describe('a header that comes in pieces', () => {
  const anyHeader = fc
    .tuple(anyEnds, anyTold, fc.constantFrom('text', 'binary', 'checked') as fc.Arbitrary<string>)
    .map(([ends, told, kind]) => (kind === 'text' ? textHeader(ends) : binaryHeader(ends, told, kind === 'checked')))

  test('is not whole before its last byte, and what follows it changes nothing', () => {
    fc.assert(
      fc.property(anyHeader, fc.uint8Array({ maxLength: 20 }), (header, rest) => {
        for (let length = 0; length < header.length; length++) {
          assert.equal(parseHeader(header.subarray(0, length)), undefined, `${length} of ${header.length} bytes`)
        }
        const whole = parseHeader(header)
        assert.equal(told(whole).length, header.length)
        assert.deepEqual(parseHeader(Buffer.concat([header, rest])), whole)
      }),
    )
  })
})

test('what is written is read again', () => {
  fc.assert(
    fc.property(anyEnds, anyTold, fc.boolean(), (ends, said, hasChecksum) => {
      const { version, length, source, destination, others, ...rest } = parseHeader(
        binaryHeader(ends, said, hasChecksum),
      ) as ProxyHeader
      assert.deepEqual({ source, destination }, ends)
      assert.deepEqual(JSON.parse(JSON.stringify(rest)), JSON.parse(JSON.stringify(comparable(said))))
      const text = parseHeader(textHeader(ends)) as ProxyHeader
      assert.deepEqual({ source: text.source, destination: text.destination }, ends)
    }),
  )
})

/** Bytes as a Buffer, which is how they come back. */
function comparable(said: { readonly uniqueId?: Uint8Array | undefined }): object {
  return said.uniqueId === undefined ? said : { ...said, uniqueId: Buffer.from(said.uniqueId) }
}

test('any bytes get a verdict that more bytes do not take back', () => {
  const start = fc.constantFrom(
    Buffer.alloc(0),
    Buffer.from('PROXY '),
    Buffer.from('PROXY TCP4 '),
    mark,
    binary(0x21, 0x11),
  )
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 300 }), (first, random) => {
      const bytes = Buffer.concat([first, random])
      let verdict: ReturnType<typeof parseHeader>
      for (let length = 0; length <= bytes.length; length++) {
        const now = parseHeader(bytes.subarray(0, length))
        // A refusal may turn from one kind into another, as more is seen of the line.
        if (typeof verdict === 'string') assert.equal(typeof now, 'string')
        else if (verdict !== undefined) assert.deepEqual(now, verdict)
        verdict = now
      }
    }),
    { numRuns: 300 },
  )
})

test('a byte that changed on the way is noticed by the checksum', () => {
  const anyChange = fc.tuple(anyEnds, anyTold, fc.nat(), fc.integer({ min: 1, max: 255 }))
  fc.assert(
    fc.property(anyChange, ([ends, said, at, change]) => {
      const header = binaryHeader(ends, said, true)
      // The addresses: a change elsewhere may make another header of it, or none.
      const length = ends.source.address.includes(':') ? 36 : 12
      header[16 + (at % length)]! ^= change
      assert.equal(parseHeader(header), 'invalid')
    }),
  )
})

test('the checksum is CRC32C', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe306_9283)
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a91_36aa)
})
