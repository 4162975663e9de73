import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type StickyKeyType, tableKeys } from '../../src/sticky-table/table-key.js'

/** The key as the table shows it; undefined: the sample gives none. */
function shown(type: StickyKeyType, sample: unknown, length = 32): unknown {
  const key = tableKeys[type](length)
  const stored = key.encode(sample)
  return stored === undefined ? undefined : key.decode(stored)
}

function assertShown(type: StickyKeyType, rows: readonly (readonly [sample: unknown, key: unknown])[]): void {
  for (const [sample, key] of rows) assert.deepEqual(shown(type, sample), key, `${type} key of ${String(sample)}`)
}

/** Samples that are none. */
const strangers = [undefined, null, true, {}, [], () => 'a', Number.NaN, Infinity, -Infinity]

test('what is no sample is no key of any type', () => {
  for (const type of ['ip', 'ipv6', 'integer', 'string', 'binary', 'composite'] as const) {
    for (const stranger of strangers) assert.equal(shown(type, stranger), undefined, `${type}, ${String(stranger)}`)
  }
})

describe('keys of type ip', () => {
  test('are IPv4 addresses, and IPv6 ones that an IPv4 address is mapped to', () => {
    assertShown('ip', [
      ['1.2.3.4', '1.2.3.4'],
      ['255.255.255.255', '255.255.255.255'],
      ['0.0.0.0', '0.0.0.0'],
      ['::ffff:1.2.3.4', '1.2.3.4'],
      ['::FFFF:102:304', '1.2.3.4'],
      ['2001:db8::1', undefined],
      ['::1.2.3.4', undefined],
      ['::1', undefined],
      ['64:ff9b::1.2.3.4', undefined],
      ['2001:db8::ffff:1.2.3.4', undefined],
      ['0:0:1::ffff:1.2.3.4', undefined],
      ['1.2.3', undefined],
      ['', undefined],
      ['/run/socket', undefined],
      [16_909_060, '1.2.3.4'],
      [-1, '255.255.255.255'],
      [Buffer.from([1, 2, 3, 4]), undefined],
    ])
  })

  test('are stored as small numbers', () => {
    assert.deepEqual(['0.0.0.1', '255.255.255.255'].map(tableKeys.ip(0).encode), [1, -1])
  })
})

describe('keys of type ipv6', () => {
  test('are IPv6 addresses, and IPv4 ones as mapped to them', () => {
    assertShown('ipv6', [
      ['2001:db8::1', '2001:db8::1'],
      ['2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
      ['1.2.3.4', '::ffff:1.2.3.4'],
      ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
      ['::1.2.3.4', '::102:304'],
      ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
      ['::', '::'],
      ['::1', '::1'],
      ['1::', '1::'],
      ['fe80::1%eth0', 'fe80::1'],
      ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
      ['1:0:0:2:3:0:0:4', '1::2:3:0:0:4'],
      ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
      ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
      ['junk', undefined],
      [16_909_060, '::ffff:1.2.3.4'],
      [-1, '::ffff:255.255.255.255'],
      [Buffer.alloc(16), undefined],
    ])
  })
})

describe('keys of type integer', () => {
  test('are the low 32 bits of a number, without sign', () => {
    assertShown('integer', [
      [42, 42],
      [-5, 4_294_967_291],
      [4_294_967_297, 1],
      [2 ** 31, 2_147_483_648],
      [1.9, 1],
      [-0, 0],
      [Buffer.from('1'), undefined],
    ])
  })

  test('are of a text the number that it begins with, as HAProxy 2.6 showed them', () => {
    assertShown('integer', [
      ['12', 12],
      ['12abc', 12],
      ['abc', 0],
      ['-5', 4_294_967_291],
      ['+5', 5],
      ['4294967297', 1],
      ['1.9', 1],
      ['', undefined],
      ['9007199254740993', 1],
      ['9223372036854775807', 4_294_967_295],
      ['99999999999999999999', 4_294_967_295],
      ['-99999999999999999999', 0],
      ['-', 0],
      ['0x10', 0],
      ['007', 7],
      ['+1234567890123456789', 2_112_454_933],
    ])
  })
})

describe('keys of type string', () => {
  test('are cut to the length, and compared so', () => {
    const key = tableKeys.string(5)
    assert.equal(key.encode('0123456789'), '01234')
    assert.equal(key.encode('01234'), key.encode('01234 and more'))
    assert.notEqual(key.encode('0123'), key.encode('01234'))
  })

  test('take numbers as they are written, and bytes as they are', () => {
    assertShown('string', [
      ['', ''],
      [-5, '-5'],
      [42, '42'],
      [Buffer.from([0xa9, 0x99, 0x3e]), '\xa9\x99>'],
      [new Uint8Array(40).fill(0x61), 'a'.repeat(32)],
    ])
  })
})

describe('keys of type binary', () => {
  /** The hexadecimal digits of the key, as HAProxy's `show table` has them. */
  function digits(sample: unknown, length: number): string | undefined {
    const key = shown('binary', sample, length)
    return key instanceof Uint8Array ? Buffer.from(key).toString('hex').toUpperCase() : undefined
  }

  test('are cut to the length or filled up with zeros, as HAProxy 2.6 showed them', () => {
    assert.equal(digits('ab', 4), '61620000')
    assert.equal(digits('abcdefgh', 4), '61626364')
    assert.equal(digits('', 4), '00000000')
    assert.equal(digits(-5, 12), 'FFFFFFFFFFFFFFFB00000000')
    assert.equal(digits(42, 8), '000000000000002A')
    assert.equal(digits(Buffer.from([0xff, 0, 1]), 2), 'FF00')
    assert.equal(digits(new Uint8Array([9, 8, 7, 6]).subarray(1, 3), 4), '08070000')
  })

  test('bytes with zeros at their end are the same key as without', () => {
    const key = tableKeys.binary(4)
    assert.equal(key.encode(Buffer.from([1, 0])), key.encode(Buffer.from([1])))
  })

  test('a text with characters that are no bytes is no key', () => {
    assert.equal(digits('Ł', 4), undefined)
    assert.equal(digits('ÿ', 4), 'FF000000')
  })
})

describe('the key that a table shows', () => {
  const bytes = fc.uint8Array({ maxLength: 40 })
  const scalar = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.double({ noNaN: true }), bytes)
  const name = fc.oneof(fc.string({ maxLength: 5 }), fc.constant('__proto__'))
  const samples: Readonly<Record<StickyKeyType, fc.Arbitrary<unknown>>> = {
    ip: fc.oneof(fc.ipV4(), fc.integer()),
    ipv6: fc.oneof(fc.ipV4(), fc.ipV6(), fc.integer()),
    integer: fc.oneof(fc.double({ noNaN: true }), fc.string(), fc.integer().map(String), fc.bigInt().map(String)),
    string: scalar,
    binary: scalar,
    composite: fc.oneof(scalar, fc.array(scalar), fc.dictionary(name, scalar)),
  }
  for (const [type, sample] of Object.entries(samples)) {
    test(`finds the same entry again: ${type}`, () => {
      let keys = 0
      fc.assert(
        fc.property(sample, (value) => {
          const key = tableKeys[type as StickyKeyType](7)
          const stored = key.encode(value)
          if (stored === undefined) return
          keys++
          assert.equal(key.encode(key.decode(stored)), stored)
        }),
        { seed: 7, numRuns: 500 },
      )
      assert.ok(keys > 250, `${keys} keys`)
    })
  }
})
