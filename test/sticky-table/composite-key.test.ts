import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { compositeKey, readCompositeKey } from '../../src/sticky-table/composite-key.js'
import { tableKeys } from '../../src/sticky-table/table-key.js'

describe('compositeKey', () => {
  test('is the same whatever the order of names', () => {
    const named = fc.uniqueArray(fc.tuple(fc.string({ maxLength: 3 }), fc.string()), {
      selector: ([name]) => name,
      minLength: 1,
    })
    const shuffled = named.chain((entries) =>
      fc.tuple(fc.constant(entries), fc.shuffledSubarray(entries, { minLength: entries.length })),
    )
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        const keys = [one, other].map((entries) => compositeKey(Object.fromEntries(entries), 32))
        assert.equal(keys[0], keys[1])
        assert.equal(typeof keys[0], 'string')
      }),
      { seed: 5, numRuns: 300 },
    )
  })

  test('differs where the samples differ, in kind and in place too', () => {
    const samples = [
      ['a', 'b'],
      ['b', 'a'],
      ['ab'],
      ['a', 'b', ''],
      ['a","b'],
      [1],
      ['1'],
      [Buffer.from('1')],
      ['{"bytes":"31"}'],
      { a: 'b' },
      { a: 'b', b: '' },
      { 0: 'a', 1: 'b' },
    ]
    assert.equal(new Set(samples.map((sample) => compositeKey(sample, 32))).size, samples.length)
  })

  test('is none when a sample is missing, or has a name that objects take for something else', () => {
    const holed = ['a', 'b', 'c']
    delete holed[1]
    const named = Object.fromEntries([['__proto__', Buffer.from('a')]])
    for (const samples of [[], {}, named, ['a', undefined], holed, { a: 'a', b: undefined }, ['a', Number.NaN]]) {
      assert.equal(compositeKey(samples, 32), undefined)
    }
  })

  test('each sample is cut to the length, so that nobody fills memory with long ones', () => {
    assert.equal(compositeKey(['abcdef', Buffer.from('abcdef')], 4), compositeKey(['abcd', Buffer.from('abcd')], 9))
    assert.deepEqual(readCompositeKey(compositeKey({ x: 'abcdef' }, 4) ?? ''), { x: 'abcd' })
  })

  test('one sample alone is the same as a list of it', () => {
    const { encode } = tableKeys.composite(32)
    for (const sample of ['a', 1, Buffer.from('a')]) assert.equal(encode(sample), encode([sample]))
  })
})
