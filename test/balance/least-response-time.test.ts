import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LeastResponseTime } from '../../src/balance/least-response-time.js'
import type { ServerOptions } from '../../src/core/server.js'
import { Pool } from './pool.js'

function poolOf(servers: readonly (number | Partial<ServerOptions>)[], decayTime = '10s'): Pool {
  return new Pool(new LeastResponseTime({ decayTime }), servers)
}

/** Lets servers answer once. */
function answer(pool: Pool, milliseconds: Readonly<Record<string, number>>): void {
  for (const [name, time] of Object.entries(milliseconds)) {
    pool.occupy(pool.get(name))
    pool.finish(pool.get(name), time)
  }
}

describe('the least response time', () => {
  test('is that of the fastest server, while nobody has anything to do', () => {
    const pool = poolOf([1, 5, 1])
    answer(pool, { a: 20, b: 30, c: 10 })
    assert.equal(pool.serve(5), 'ccccc')
  })

  test('counts what is under way, each unit of weight bearing its part', () => {
    const pool = poolOf([1, 4])
    answer(pool, { a: 10, b: 15 })
    // Waits: a 10, 20, 30 ...; b 15, 18.75, 22.5, 26.25, 30 ...
    const taken = Array.from({ length: 7 }, () => pool.take()?.name).join('')
    assert.equal(taken, 'abbabba')
  })

  test('tries each server of which nothing is known once, before the others', () => {
    const pool = poolOf([1, 1, 1])
    answer(pool, { b: 5 })
    assert.equal(Array.from({ length: 4 }, () => pool.take()?.name).join(''), 'acbb')
  })

  test('spreads a first burst by weight', () => {
    const pool = poolOf([1, 3])
    const taken = Array.from({ length: 40 }, () => pool.take()?.name)
    assert.equal(taken.filter((name) => name === 'b').length, 30)
  })

  test('forgets that a server was slow when nothing is heard of it', () => {
    const pool = poolOf([1, 1], '1s')
    answer(pool, { a: 10, b: 100 })
    let elapsed = 0
    for (; pool.take()?.name === 'a'; elapsed += 50) {
      pool.finish(pool.get('a'), 10)
      pool.clock.advance(50)
    }
    // Until 100 ms have shrunk to 10: 2.3 times the decay time.
    assert.ok(elapsed >= 2300 && elapsed <= 2400, `${elapsed} ms`)
  })

  test('does not take a server that fails at once for a fast one', () => {
    const balancer = new LeastResponseTime()
    const pool = new Pool(balancer, [1, 1])
    answer(pool, { a: 40, b: 41 })
    balancer.onOutcome(pool.get('a'), 'failure', 0.1, pool.clock.now())
    assert.equal(pool.serve(3), 'bbb')
  })

  test('keeps what it knows of a server over its absence', () => {
    const pool = poolOf([1, 1])
    answer(pool, { a: 50, b: 10 })
    pool.get('b').maintenance()
    assert.equal(pool.serve(3), 'aaa')
    pool.get('b').ready()
    assert.equal(pool.serve(3), 'bbb')
  })

  test('is right about load that changed while a server was in maintenance', () => {
    const pool = poolOf([1, 1])
    answer(pool, { a: 10, b: 10 })
    for (let i = 0; i < 3; i++) pool.occupy(pool.get('b'))
    pool.get('b').drain()
    pool.get('b').weight = 0
    for (let i = 0; i < 3; i++) pool.get('b').release()
    pool.occupy(pool.get('a'))
    pool.get('b').weight = 1
    pool.get('b').ready()
    assert.equal(pool.serve(3), 'bbb')
  })

  test('passes over full servers and the one to avoid, which it takes where no other has room', () => {
    const pool = poolOf([1, { maxConnections: 1 }])
    answer(pool, { a: 50, b: 10 })
    assert.equal(pool.serve(2, pool.get('b')), 'aa')
    pool.occupy(pool.get('b'))
    assert.equal(pool.serve(2), 'aa')
    assert.equal(pool.serve(2, pool.get('a')), 'aa')
    pool.finish(pool.get('b'), 10)
    assert.equal(pool.serve(2), 'bb')
  })

  test('is told', () => {
    const pool = poolOf([1, 2])
    answer(pool, { a: 50, b: 10 })
    pool.occupy(pool.get('b'))
    pool.pick()
    assert.equal(pool.reason, 'the least wait: 10.0 ms to answer, load 1 for its weight 2')
  })
})
