import assert from 'node:assert/strict'
import { test } from 'node:test'
import { xxhash64 } from '../../src/util/xxhash64.js'

/** From the reference implementation: every branch of the algorithm has a length of its own. */
const vectors: Readonly<Record<string, string>> = {
  '': 'ef46db3751d8e999',
  a: 'd24ec4f1a98c6e5b',
  abc: '44bc2cf5ad770999',
  'message digest': '066ed728fceeb3be',
  abcdefghijklmnopqrstuvwxyz: 'cfe1f278fa89835c',
  'Nobody inspects the spammish repetition': 'fbcea83c8a378bf1',
}

for (const [text, hash] of Object.entries(vectors)) {
  test(`the hash of '${text}'`, () => {
    assert.equal(xxhash64(Buffer.from(text)).toString(16).padStart(16, '0'), hash)
  })
}

test('a part of a larger buffer has the hash of its own bytes', () => {
  assert.equal(xxhash64(Buffer.from('xabcx').subarray(1, 4)), xxhash64(Buffer.from('abc')))
})
