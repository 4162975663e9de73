import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { StaticRoundRobin } from '../../src/balance/static-round-robin.js'
import { Pool } from './pool.js'

const sequences: readonly (readonly [weights: readonly number[], sequence: string])[] = [
  [[1, 1, 1], 'abc'],
  [[3, 2, 1], 'aababc'],
  [[5, 1, 1], 'aaabaac'],
  [[100, 100, 200], 'acbc'],
]

describe('static round robin', () => {
  for (const [weights, sequence] of sequences) {
    test(`serves weights ${weights} as HAProxy does`, () => {
      const pool = new Pool(new StaticRoundRobin(), weights)
      assert.equal(pool.serve(3 * sequence.length), sequence.repeat(3))
    })
  }

  test('walks its new list on from the same place when a server leaves or returns', () => {
    const pool = new Pool(new StaticRoundRobin(), [1, 1, 1])
    assert.equal(pool.serve(2), 'ab')
    pool.get('c').maintenance()
    assert.equal(pool.serve(4), 'abab')
    pool.get('c').ready()
    assert.equal(pool.serve(4), 'cabc')
  })

  test('goes on from where it stood when nothing changed', () => {
    const pool = new Pool(new StaticRoundRobin(), [3, 2, 1])
    const served = Array.from({ length: 12 }, () => {
      pool.rebuild()
      return pool.serve(1)
    })
    assert.equal(served.join(''), 'aababcaababc')
  })

  test('lets a full server miss its slots until it has room again', () => {
    const pool = new Pool(new StaticRoundRobin(), [3, { weight: 2, maxConnections: 1 }, 1])
    pool.occupy(pool.get('b'))
    assert.equal(pool.serve(8), 'aaacaaac')
    pool.get('b').release()
    assert.equal(pool.serve(6), 'aababc')
  })

  test('has nobody to offer when all are full', () => {
    const pool = new Pool(new StaticRoundRobin(), [{ maxConnections: 1 }, { maxConnections: 1 }])
    assert.equal(pool.take()?.name, 'a')
    assert.equal(pool.take()?.name, 'b')
    assert.equal(pool.pick(), undefined)
    pool.get('b').release()
    assert.equal(pool.take()?.name, 'b')
  })

  test('leaves out the server to avoid, and takes it where no other has room', () => {
    const pool = new Pool(new StaticRoundRobin(), [2, { maxConnections: 1 }])
    assert.equal(pool.serve(3, pool.get('a')), 'bbb')
    pool.occupy(pool.get('b'))
    assert.equal(pool.serve(3, pool.get('a')), 'aaa')
  })

  test('says why', () => {
    const pool = new Pool(new StaticRoundRobin(), [3, 2, 1])
    pool.pick()
    pool.pick()
    assert.equal(pool.reason, 'its slot, 2 of 6')
    const alone = new Pool(new StaticRoundRobin(), [1])
    alone.pick(alone.get('a'))
    assert.equal(alone.reason, 'no other server has room')
  })
})
