import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PeakEwma } from '../../src/balance/peak-ewma.js'
import type { Server, ServerOptions } from '../../src/core/server.js'
import { Pool } from './pool.js'

function poolOf(servers: readonly (number | Partial<ServerOptions>)[], decayTime = '10s'): Pool {
  return new Pool(new PeakEwma({ decayTime }), servers)
}

/** Lets every server answer once. */
function answer(pool: Pool, milliseconds: Readonly<Record<string, number>>): void {
  for (const server of pool.servers) {
    pool.occupy(server)
    pool.finish(server, milliseconds[server.name] ?? 10)
  }
}

/** How many of so many picks, of which none lasts, a server gets. */
function picksOf(pool: Pool, name: string, count = 1000): number {
  return [...pool.serve(count)].filter((served) => served === name).length
}

describe('Peak EWMA', () => {
  test('prefers of two servers the faster one', () => {
    const pool = poolOf([1, 1])
    answer(pool, { a: 50, b: 10 })
    assert.equal(pool.serve(20), 'b'.repeat(20))
  })

  test('among many leaves the slowest one out, as it loses every draw', () => {
    const pool = poolOf([1, 1, 1, 1])
    answer(pool, { c: 50 })
    assert.equal(picksOf(pool, 'c'), 0)
  })

  test('draws by weight where servers are as fast as each other', () => {
    const pool = poolOf([3, 1])
    answer(pool, { a: 10, b: 9.5 })
    const picks = picksOf(pool, 'a', 4000)
    assert.ok(picks > 2850 && picks < 3150, `${picks} of 4000`)
  })

  test('counts what is under way, each unit of weight bearing its part', () => {
    const pool = poolOf([1, { weight: 4 }])
    answer(pool, { a: 10, b: 20 })
    pool.occupy(pool.get('a'))
    pool.occupy(pool.get('b'))
    // a: 10 * (1 + 1/1), b: 20 * (1 + 1/4)
    assert.equal(pool.serve(20), 'a'.repeat(20))
    pool.occupy(pool.get('a'))
    assert.equal(pool.serve(20), 'b'.repeat(20))
  })

  test('tries a server of which nothing is known once, then waits for its answer', () => {
    const pool = poolOf([1, 1])
    pool.occupy(pool.get('a'))
    pool.finish(pool.get('a'), 10)
    assert.equal(pool.take()?.name, 'b')
    assert.equal(pool.serve(20), 'a'.repeat(20))
    pool.finish(pool.get('b'), 1)
    assert.equal(pool.serve(20), 'b'.repeat(20))
  })

  test('leaves a server at once that begins to be slow, and tries it again when that is forgotten', () => {
    const pool = poolOf([1, 1], '1s')
    answer(pool, { a: 10, b: 10 })
    answer(pool, { a: 10, b: 300 })
    // b's peak has to shrink to less than a's 10 ms, which are heard of again and again.
    const lasts = (): boolean => {
      const server = pool.take()!
      pool.finish(server, 10)
      return server.name === 'a'
    }
    let elapsed = 0
    for (; lasts(); elapsed += 100) pool.clock.advance(100)
    assert.ok(elapsed > 3000 && elapsed < 4000, `${elapsed} ms`)
  })

  test('does not take a server that fails at once for a fast one', () => {
    const balancer = new PeakEwma()
    const pool = new Pool(balancer, [1, 1])
    answer(pool, { a: 40, b: 40 })
    balancer.onOutcome(pool.get('b'), 'failure', 0.1, pool.clock.now())
    assert.equal(pool.serve(20), 'a'.repeat(20))
  })

  test('keeps what it knows of a server over its absence', () => {
    const pool = poolOf([1, 1])
    answer(pool, { a: 50, b: 10 })
    pool.get('b').maintenance()
    assert.equal(pool.serve(3), 'aaa')
    pool.get('b').ready()
    assert.equal(pool.serve(3), 'bbb')
  })

  test('passes over full servers and the one to avoid, which it takes where no other has room', () => {
    const pool = poolOf([1, { maxConnections: 1 }, { maxConnections: 1 }])
    answer(pool, { a: 50 })
    assert.equal(pool.serve(10, pool.get('b')), 'c'.repeat(10))
    for (const name of ['b', 'c']) pool.occupy(pool.get(name))
    assert.equal(pool.serve(3), 'aaa')
    assert.equal(pool.serve(3, pool.get('a')), 'aaa')
    assert.equal(pool.reason, 'no other server has room')
    pool.finish(pool.get('c'), 10)
    assert.equal(pool.take()?.name, 'c')
  })

  test('says why', () => {
    const pool = poolOf([1, 1])
    answer(pool, { a: 50, b: 10 })
    pool.occupy(pool.get('b'))
    pool.pick()
    assert.equal(pool.reason, 'cost 20.0, less of two draws')
  })

  test('uses no more chance than its seed says', () => {
    const picks = (): string => poolOf([1, 2, 3]).serve(50)
    assert.equal(picks(), picks())
  })
})

test('Peak EWMA shares out by speed what two servers of equal weight get under load', () => {
  const pool = poolOf([1, 1])
  const times: Readonly<Record<string, number>> = { a: 10, b: 30 }
  const counts = { a: 0, b: 0 }
  const begin = (): void => {
    const server = pool.take() as Server & { readonly name: 'a' | 'b' }
    counts[server.name]++
    const took = times[server.name]!
    pool.clock.setTimer(() => {
      pool.finish(server, took)
      begin()
    }, took)
  }
  for (let i = 0; i < 40; i++) begin()
  pool.clock.advance(10_000)
  // Where both take as long from the client's side, three quarters of those under way are with the faster one.
  const ratio = counts.a / counts.b
  assert.ok(ratio > 7.5 && ratio < 10.5, `${ratio}`)
})
