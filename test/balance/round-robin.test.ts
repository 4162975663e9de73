import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RoundRobin } from '../../src/balance/round-robin.js'
import { Pool } from './pool.js'

/** What HAProxy serves with these weights, and repeats. */
const sequences: readonly (readonly [weights: readonly number[], sequence: string])[] = [
  [[1, 1, 1], 'abc'],
  [[2, 1], 'aab'],
  [[3, 1], 'aaab'],
  [[10, 1], 'aaaaaaaaaab'],
  [[1, 2, 3], 'cbcacb'],
  [[3, 2, 1], 'abacab'],
  [[5, 1, 1], 'aaabaac'],
  [[4, 3, 2, 1], 'abacbadabc'],
  [[7, 3], 'aaabaabaab'],
  [[2, 2, 1], 'ababc'],
  [[100, 50, 25], 'aabacab'],
]

describe('round robin', () => {
  for (const [weights, sequence] of sequences) {
    test(`serves weights ${weights} as HAProxy does`, () => {
      const pool = new Pool(new RoundRobin(), weights)
      assert.equal(pool.serve(4 * sequence.length), sequence.repeat(4))
    })
  }

  test('goes on from where it stood when nothing changed', () => {
    const pool = new Pool(new RoundRobin(), [3, 2, 1])
    const served = Array.from({ length: 12 }, () => {
      pool.rebuild()
      return pool.serve(1)
    })
    assert.equal(served.join(''), 'abacababacab')
  })

  test('leaves out a server in maintenance, and takes it back into the turn', () => {
    const pool = new Pool(new RoundRobin(), [1, 1, 1])
    assert.equal(pool.serve(4), 'abca')
    pool.get('b').maintenance()
    assert.equal(pool.serve(4), 'caca')
    pool.get('b').ready()
    assert.equal(pool.serve(9), 'cabcabcab')
  })

  test('gives a server that comes and goes no more than its share', () => {
    const pool = new Pool(new RoundRobin(), [1, 1, 1, 1])
    const served = Array.from({ length: 400 }, () => {
      pool.get('b').maintenance()
      pool.get('b').ready()
      return pool.serve(1)
    })
    assert.ok(served.filter((name) => name === 'b').length <= 100)
  })

  test('follows a weight that changes', () => {
    const pool = new Pool(new RoundRobin(), [1, 1])
    assert.equal(pool.serve(4), 'abab')
    pool.get('a').weight = 3
    const served = pool.serve(80)
    assert.equal(served.slice(-40).replaceAll('b', '').length, 30)
  })

  test('lets a full server miss its turns, and gives it none of them back', () => {
    const pool = new Pool(new RoundRobin(), [1, { maxConnections: 1 }, 1])
    pool.occupy(pool.get('b'))
    assert.equal(pool.serve(6), 'acacac')
    pool.get('b').release()
    assert.equal([...pool.serve(9)].filter((name) => name === 'b').length, 3)
  })

  test('finds the only server with room among many full ones, and them again as they free their slots', () => {
    const size = 500
    const pool = new Pool(new RoundRobin(), Array(size).fill({ maxConnections: 1 }))
    const taken = new Set(Array.from({ length: size }, () => pool.take()))
    assert.equal(taken.size, size)
    assert.equal(pool.pick(), undefined)
    const freed = [77, 400, 3].map((place) => pool.servers[place]!)
    for (const server of freed) server.release()
    assert.deepEqual(new Set(freed.map(() => pool.take())), new Set(freed))
    assert.equal(pool.pick(), undefined)
  })

  test('shares out evenly what many full servers free', () => {
    const size = 100
    const pool = new Pool(new RoundRobin(), Array(size).fill({ maxConnections: 1 }))
    const counts = new Map(pool.servers.map((server) => [server, 0]))
    const running = Array.from({ length: size - 10 }, () => pool.take()!)
    // A step of 37 reaches every place once in each round of 90.
    for (let i = 0, place = 0; i < 90_000; i++, place = (place + 37) % running.length) {
      running[place]!.release()
      const server = pool.take()!
      running[place] = server
      counts.set(server, counts.get(server)! + 1)
    }
    for (const [server, count] of counts) assert.ok(count > 850 && count < 950, `${server.name} got ${count}`)
  })

  test('gives many servers that were full their share again, no less and no more', () => {
    const full = Array(11).fill({ maxConnections: 1 })
    for (const before of [0, 7, 100, 180]) {
      for (const meanwhile of [1, 20, 100, 400]) {
        const pool = new Pool(new RoundRobin(), [1, ...full])
        const [free, ...others] = pool.servers
        pool.serve(before)
        for (const server of others) pool.occupy(server)
        assert.equal(pool.serve(meanwhile), 'a'.repeat(meanwhile))
        for (const server of others) server.release()
        const served = pool.serve(36)
        for (const { name } of [free!, ...others]) {
          const count = [...served].filter((other) => other === name).length
          assert.ok(count >= 2 && count <= 4, `${before}, ${meanwhile}: ${name} got ${count} of ${served}`)
        }
      }
    }
  })

  test('knows of backups that had been full what they freed while the active servers served', () => {
    const size = 20
    const pool = new Pool(new RoundRobin(), [1, ...Array(size).fill({ backup: true, maxConnections: 1 })])
    const [active, ...backups] = pool.servers
    active!.maintenance()
    while (pool.take() !== undefined);
    active!.ready()
    for (const server of backups) server.release()
    active!.maintenance()
    assert.equal(new Set(Array.from({ length: size }, () => pool.take())).size, size)
  })

  test('leaves out the server to avoid, and takes it where no other has room', () => {
    const pool = new Pool(new RoundRobin(), [1, { maxConnections: 1 }])
    assert.equal(pool.serve(3, pool.get('a')), 'bbb')
    pool.occupy(pool.get('b'))
    assert.equal(pool.serve(3, pool.get('a')), 'aaa')
  })

  test('keeps the turn of the backups while the active servers serve', () => {
    const pool = new Pool(new RoundRobin(), [1, { backup: true }, { backup: true }, { backup: true }])
    const [active] = pool.servers
    active!.maintenance()
    assert.equal(pool.serve(2), 'bc')
    active!.ready()
    assert.equal(pool.serve(2), 'aa')
    active!.maintenance()
    assert.equal(pool.serve(4), 'dbcd')
  })

  test('has nobody to offer without servers, and begins when the first one is there', () => {
    const pool = new Pool(new RoundRobin(), [0, 0])
    assert.equal(pool.pick(), undefined)
    pool.get('b').weight = 1
    assert.equal(pool.serve(2), 'bb')
  })

  test('says why', () => {
    const pool = new Pool(new RoundRobin(), [3, 2])
    pool.pick()
    assert.equal(pool.reason, 'its turn, by weight 3 of 5')
    const alone = new Pool(new RoundRobin(), [1])
    alone.pick(alone.get('a'))
    assert.equal(alone.reason, 'no other server has room')
  })
})
