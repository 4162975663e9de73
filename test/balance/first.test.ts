import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { First } from '../../src/balance/first.js'
import { Pool } from './pool.js'

const two = { maxConnections: 2 }

describe('first', () => {
  test('fills servers in the order of their ids', () => {
    const pool = new Pool(new First(), [two, two, two])
    assert.deepEqual(
      Array.from({ length: 7 }, () => pool.take()?.name),
      ['a', 'a', 'b', 'b', 'c', 'c', undefined],
    )
  })

  test('goes back to the first one that has room again', () => {
    const pool = new Pool(new First(), [two, two, two])
    for (let i = 0; i < 5; i++) pool.take()
    pool.get('b').release()
    assert.equal(pool.take()?.name, 'b')
    pool.get('a').release()
    assert.equal(pool.take()?.name, 'a')
  })

  test('goes by the id, not by who came last', () => {
    const pool = new Pool(new First(), [two, two])
    pool.get('a').maintenance()
    assert.equal(pool.take()?.name, 'b')
    pool.get('a').ready()
    assert.equal(pool.take()?.name, 'a')
  })

  test('gives weights no meaning', () => {
    assert.equal(new Pool(new First(), [1, 200]).serve(3), 'aaa')
  })

  test('leaves out the server to avoid, and takes it where no other has room', () => {
    const pool = new Pool(new First(), [two, { maxConnections: 1 }])
    const a = pool.get('a')
    assert.equal(pool.take(a)?.name, 'b')
    assert.equal(pool.take(a)?.name, 'a')
    assert.equal(pool.reason, 'no other server has room')
  })

  test('finds a slot among ten thousand full servers', () => {
    const pool = new Pool(new First(), Array(10_000).fill({ maxConnections: 1 }))
    while (pool.take() !== undefined);
    for (const place of [9999, 5000, 64]) pool.servers[place]!.release()
    assert.deepEqual(
      Array.from({ length: 4 }, () => pool.take()?.id),
      [65, 5001, 10_000, undefined],
    )
  })

  test('says why', () => {
    const pool = new Pool(new First(), [1, 1])
    pool.pick()
    assert.equal(pool.reason, 'the lowest id with room, 1')
  })
})
