import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import fc from 'fast-check'
import { readClientHello } from '../../src/rules/client-hello.js'
import { clientHelloOf, inRecords } from '../support/client-hello.js'

/** A ClientHello of the given extensions, each a type and its body. */
function helloWith(...extensions: readonly (readonly [type: number, body: readonly number[]])[]): Buffer {
  const bodies = extensions.flatMap(([type, body]) => [...two(type), ...two(body.length), ...body])
  return helloOf([...two(bodies.length), ...bodies])
}

/** A ClientHello that ends so. */
function helloOf(end: readonly number[], suites: readonly number[] = [0, 2, 0x13, 0x01]): Buffer {
  const hello = [3, 3, ...Array<number>(32).fill(7), 0, ...suites, 1, 0, ...end]
  const message = [1, 0, ...two(hello.length), ...hello]
  return Buffer.from([22, 3, 1, ...two(message.length), ...message])
}

function two(number: number): [number, number] {
  return [number >> 8, number & 255]
}

function nameExtension(name: string, type = 0): readonly [number, number[]] {
  const entry = [type, ...two(name.length), ...Buffer.from(name, 'latin1')]
  return [0, [...two(entry.length), ...entry]]
}

describe('a ClientHello', () => {
  let hello: Buffer
  before(async () => {
    hello = await clientHelloOf('Shop.Example', 'h2', 'http/1.1')
  })

  test('of a real client tells the name, in lower case, and the protocols', () => {
    assert.deepEqual(readClientHello(hello), { sni: 'shop.example', alpn: ['h2', 'http/1.1'] })
  })

  test('without either tells nothing', async () => {
    assert.deepEqual(readClientHello(await clientHelloOf(undefined)), { sni: undefined, alpn: [] })
    assert.deepEqual(readClientHello(helloOf([])), { sni: undefined, alpn: [] }, 'no extensions at all')
  })

  test('is waited for to its last byte, wherever it is cut, and read the same with more behind it', () => {
    for (let length = 0; length < hello.length; length++) {
      assert.equal(readClientHello(hello.subarray(0, length)), 'more', `${length} bytes`)
    }
    assert.deepEqual(readClientHello(Buffer.concat([hello, Buffer.from('more')])), readClientHello(hello))
  })

  test('in any number of records, cut anywhere, is read the same', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 40 }), fc.nat(), (sizes, cut) => {
        const split = inRecords(hello, ...sizes)
        assert.deepEqual(readClientHello(split), { sni: 'shop.example', alpn: ['h2', 'http/1.1'] })
        assert.equal(readClientHello(split.subarray(0, cut % split.length)), 'more')
      }),
    )
    const bytewise = inRecords(hello, ...Array<number>(hello.length).fill(1))
    assert.deepEqual(readClientHello(bytewise), { sni: 'shop.example', alpn: ['h2', 'http/1.1'] })
  })

  test('with any bytes changed is read or refused, and never throws', () => {
    const change = fc.tuple(fc.nat(hello.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const bytes = Buffer.from(hello)
        for (const [at, value] of changes) bytes[at] = value
        const read = readClientHello(bytes)
        assert.ok(read === undefined || read === 'more' || Array.isArray(read.alpn))
      }),
      { numRuns: 2000 },
    )
  })

  test('of random bytes is none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6 }), (bytes) => {
        bytes[0] = 22
        bytes[1] = 3
        bytes[5] = 2
        assert.equal(readClientHello(bytes), undefined)
      }),
    )
  })

  const refused: Readonly<Record<string, Buffer>> = {
    'another protocol': Buffer.from('GET / HTTP/1.1\r\n'),
    'another kind of record': Buffer.from([23, 3, 1, 0, 4, 1, 0, 0, 0]),
    'an empty record': Buffer.from([22, 3, 1, 0, 0]),
    'a record that is too long': Buffer.from([22, 3, 1, 0x40, 1]),
    'a message that is too long': Buffer.from([22, 3, 1, 0, 4, 1, 1, 0, 0]),
    'two names': helloWith([0, [0, 8, 0, 0, 1, 97, 0, 0, 1, 98]]),
    'a name of another type': helloWith(nameExtension('a', 1)),
    'an empty name': helloWith(nameExtension('')),
    'a name with other characters': helloWith(nameExtension('a\0.example')),
    'an extension that stands twice': helloWith(nameExtension('a'), nameExtension('a')),
    'an empty list of protocols': helloWith([16, [0, 0]]),
    'an empty protocol': helloWith([16, [0, 1, 0]]),
    'a protocol beyond its list': helloWith([16, [0, 2, 5, 97]]),
    'bytes behind a list': helloWith([16, [0, 2, 1, 97, 9]]),
    'bytes behind the extensions': helloOf([0, 0, 9]),
    'extensions beyond the message': helloOf([0, 9, 0]),
    'half a cipher suite': helloOf([], [0, 3, 1, 2, 3]),
  }
  for (const [what, bytes] of Object.entries(refused)) {
    test(`is none: ${what}`, () => {
      assert.equal(readClientHello(bytes), undefined)
    })
  }

  test('is none as soon as that is certain', () => {
    assert.equal(readClientHello(Buffer.from('S')), undefined)
    assert.equal(readClientHello(Buffer.from([22, 2])), undefined)
    assert.equal(readClientHello(Buffer.from([22, 3, 1, 0, 90, 2])), undefined, 'another message')
  })
})
