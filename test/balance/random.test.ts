import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RandomDraws, type RandomDrawsOptions } from '../../src/balance/random.js'
import { seededRandom } from '../../src/util/random.js'
import { Pool } from './pool.js'

/** How often each server was picked. */
function shares(pool: Pool, picks: number): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of pool.serve(picks)) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** Chance that gives these numbers. */
function drawn(...numbers: number[]) {
  return { next: () => numbers.shift() ?? assert.fail('drew more often than expected') }
}

describe('random draws', () => {
  test('give each server its weight’s share', () => {
    const pool = new Pool(new RandomDraws({ draws: 1 }), [1, 3, 4, 2], seededRandom(7))
    const counts = shares(pool, 10_000)
    for (const [name, share] of Object.entries({ a: 1000, b: 3000, c: 4000, d: 2000 })) {
      // Five standard deviations are 245 at most.
      assert.ok(Math.abs(counts[name]! - share) < 245, `${name} got ${counts[name]}`)
    }
  })

  test('choose the least loaded of those drawn for its weight, of equals the last', () => {
    const options = Array(4).fill({ weight: 1 })
    const draws = drawn(0.3, 0.6, 0.1, 0.4, 0.8, 0.1, 0.1, 0.6)
    const pool = new Pool(new RandomDraws(), options, draws)
    assert.equal(pool.take()?.name, 'c')
    assert.equal(pool.take()?.name, 'b')
    assert.equal(pool.take()?.name, 'a')
    pool.occupy(pool.get('c'))
    assert.equal(pool.take()?.name, 'a')
  })

  test('weigh the load by the weight', () => {
    const pool = new Pool(new RandomDraws(), [4, 4, 1], drawn(0, 0.99, 0.99, 0))
    for (const name of ['a', 'a', 'a', 'c']) pool.occupy(pool.get(name))
    assert.equal(pool.pick()?.name, 'a')
    assert.equal(pool.pick()?.name, 'a')
  })

  test('keep loads close together', () => {
    const loads = (draws: number) => {
      const pool = new Pool(new RandomDraws({ draws }), Array(100).fill(1), seededRandom(3))
      for (let i = 0; i < 5000; i++) pool.take()
      const served = pool.servers.map((server) => server.served)
      return Math.max(...served) - Math.min(...served)
    }
    assert.ok(loads(2) <= 10)
    assert.ok(loads(1) > 20)
  })

  test('pass over full servers until they give a slot back', () => {
    const pool = new Pool(new RandomDraws(), [{ weight: 256, maxConnections: 1 }, 1], seededRandom(2))
    pool.occupy(pool.get('a'))
    assert.equal(pool.serve(20), 'b'.repeat(20))
    pool.get('a').release()
    assert.match(pool.serve(20), /a/)
  })

  test('have nobody to offer when all are full', () => {
    const pool = new Pool(new RandomDraws(), Array(3).fill({ maxConnections: 1 }))
    const names = Array.from({ length: 4 }, () => pool.take()?.name ?? '-')
    assert.deepEqual(names.toSorted(), ['-', 'a', 'b', 'c'])
  })

  test('leave out the server to avoid without a change in the others’ odds, and take it where no other has room', () => {
    const pool = new Pool(new RandomDraws({ draws: 1 }), [1, 256, 3, { maxConnections: 1 }], seededRandom(5))
    const b = pool.get('b')
    const served = [...pool.serve(5000, b)]
    const count = (name: string) => served.filter((other) => other === name).length
    assert.equal(count('b'), 0)
    assert.ok(
      Math.abs(count('c') - 3000) < 175 && Math.abs(count('a') - 1000) < 145 && Math.abs(count('d') - 1000) < 145,
    )
    const lonely = new Pool(new RandomDraws(), [1])
    assert.equal(lonely.pick(lonely.get('a'))?.name, 'a')
  })

  test('say why', () => {
    const pool = new Pool(new RandomDraws({ draws: 3 }), [2])
    pool.take()
    pool.take()
    assert.equal(pool.reason, 'load 1 for its weight 2, least of 3 draws')
  })

  test('refuse a number of draws that makes no sense, and what they do not know', () => {
    const refuses = (options: object, path: string) =>
      assert.throws(() => new RandomDraws(options as RandomDrawsOptions), { code: 'ERR_EVENKEEL_OPTION', path })
    refuses({ draws: 0 }, 'balance.draws')
    refuses({ draws: 1.5 }, 'balance.draws')
    refuses({ draw: 2 }, 'balance.draw')
  })
})
