import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LeastConnections } from '../../src/balance/least-connections.js'
import { Pool } from './pool.js'

/** The names of the next picks, each of which keeps its slot. */
function takeAll(pool: Pool, count: number): string {
  return Array.from({ length: count }, () => pool.take()?.name ?? '-').join('')
}

describe('least connections', () => {
  test('takes idle servers in turn, whatever their weight', () => {
    assert.equal(new Pool(new LeastConnections(), [3, 2, 1]).serve(6), 'abcabc')
  })

  test('takes the server with the lowest load for its weight once all are busy', () => {
    // Keys are (load + 1) / weight: a 2/3, b 2/2, c 2/1 after the first three; then a 3/3, behind b.
    assert.equal(takeAll(new Pool(new LeastConnections(), [3, 2, 1]), 6), 'abcaba')
  })

  test('ends with loads in proportion to the weights', () => {
    const pool = new Pool(new LeastConnections(), [10, 20, 30])
    takeAll(pool, 600)
    for (const server of pool.servers) assert.ok(Math.abs(server.served - 10 * server.weight) <= 1)
  })

  test('takes equals in the order in which they came to be so', () => {
    const pool = new Pool(new LeastConnections(), [1, 1, 1])
    assert.equal(takeAll(pool, 3), 'abc')
    for (const name of ['c', 'a', 'b']) pool.get(name).release()
    assert.equal(takeAll(pool, 3), 'cab')
  })

  test('counts exchanges that persistence sent', () => {
    const pool = new Pool(new LeastConnections(), [1, 1])
    pool.occupy(pool.get('a'))
    pool.occupy(pool.get('a'))
    assert.equal(takeAll(pool, 2), 'bb')
  })

  test('counts what a server had before it came back', () => {
    const pool = new Pool(new LeastConnections(), [1, 1])
    assert.equal(takeAll(pool, 4), 'abab')
    pool.get('b').maintenance()
    pool.get('a').release()
    pool.get('a').release()
    pool.get('b').ready()
    assert.equal(takeAll(pool, 2), 'aa')
  })

  test('passes over a full server until it gives a slot back', () => {
    const pool = new Pool(new LeastConnections(), [{ weight: 100, maxConnections: 1 }, 1])
    assert.equal(takeAll(pool, 4), 'abbb')
    pool.get('a').release()
    assert.equal(takeAll(pool, 1), 'a')
  })

  test('has nobody to offer when all are full', () => {
    const pool = new Pool(new LeastConnections(), [{ maxConnections: 1 }, { maxConnections: 2 }])
    assert.equal(takeAll(pool, 4), 'abb-')
  })

  test('follows a weight that changes', () => {
    const pool = new Pool(new LeastConnections(), [1, 1])
    assert.equal(takeAll(pool, 4), 'abab')
    pool.get('b').weight = 2
    assert.equal(takeAll(pool, 2), 'bb')
  })

  test('leaves out the server to avoid, and takes it where no other has room', () => {
    const pool = new Pool(new LeastConnections(), [1, { maxConnections: 1 }, { maxConnections: 1 }])
    const a = pool.get('a')
    assert.equal(pool.take(a)?.name, 'b')
    assert.equal(pool.take(a)?.name, 'c')
    assert.equal(pool.take(a)?.name, 'a')
  })

  test('keeps the order of the backups while the active servers serve', () => {
    const pool = new Pool(new LeastConnections(), [1, { backup: true }, { backup: true }])
    pool.get('a').maintenance()
    assert.equal(pool.serve(1), 'b')
    pool.get('a').ready()
    assert.equal(pool.serve(1), 'a')
    pool.get('a').maintenance()
    assert.equal(pool.serve(2), 'cb')
  })

  test('says why', () => {
    const pool = new Pool(new LeastConnections(), [2])
    takeAll(pool, 4)
    assert.equal(pool.reason, 'the lowest load, 3, for its weight 2')
  })
})
