import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { avalanche, hashFunctions, xxh32Of16 } from '../../src/util/hash.js'

const { sdbm, djb2, wt6, crc32 } = hashFunctions

describe('a hash function', () => {
  /** What HAProxy's converters `sdbm(0)`, `djb2(0)`, `wt6(0)`, `crc32(0)` give, and after `avalanche` those with 1. */
  const known = [
    [sdbm, 684_824_882, 2_061_535_398],
    [djb2, 261_238_937, 1_119_739_105],
    [wt6, 3_538_347_703, 140_457_739],
    [crc32, 907_060_870, 3_902_247_103],
  ] as const
  for (const [hash, plain, mixed] of known) {
    test(`${hash.name} gives what HAProxy's does`, () => {
      assert.equal(hash('hello'), plain)
      assert.equal(avalanche(hash('hello')), mixed)
    })
  }

  test('gives of nothing what HAProxy does', () => {
    assert.deepEqual([sdbm(''), djb2(''), wt6(''), crc32('')], [0, 5381, 4_187_620_192, 0])
  })

  test('takes characters for bytes, all 256 of them', () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1')
    assert.equal(crc32(all), 0x29058c73)
  })

  test('gives 32 bits without sign', () => {
    const text = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) })
    fc.assert(
      fc.property(text, (text) => {
        for (const hash of [sdbm, djb2, wt6, crc32]) {
          for (const value of [hash(text), avalanche(hash(text))]) assert.equal(value, value >>> 0)
        }
      }),
      { seed: 1 },
    )
  })
})

test('no two numbers become the same by an avalanche', () => {
  const seen = new Set(Array.from({ length: 100_000 }, (_, number) => avalanche(number * 4096)))
  assert.equal(seen.size, 100_000)
})

test('XXH32 of an IPv6 address is what HAProxy gives', () => {
  const address = Buffer.from('20010db8000000000000000000000001', 'hex')
  assert.equal(xxh32Of16(address, 0), 172_839_367)
  assert.equal(xxh32Of16(address, 12_345), 3_981_517_420)
  // Within a larger buffer, too.
  assert.equal(xxh32Of16(Buffer.concat([Buffer.from('ab'), address]).subarray(2), 0), 172_839_367)
})
