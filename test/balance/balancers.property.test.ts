import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { selectCandidates } from '../../src/balance/candidates.js'
import { First } from '../../src/balance/first.js'
import { LeastConnections } from '../../src/balance/least-connections.js'
import { LeastResponseTime } from '../../src/balance/least-response-time.js'
import { PeakEwma } from '../../src/balance/peak-ewma.js'
import { RandomDraws } from '../../src/balance/random.js'
import { RoundRobin } from '../../src/balance/round-robin.js'
import { StaticRoundRobin } from '../../src/balance/static-round-robin.js'
import type { Server } from '../../src/core/server.js'
import { Pool } from './pool.js'

const seed = 20_240_501
const balancers = [RoundRobin, StaticRoundRobin, LeastConnections, First, RandomDraws, PeakEwma, LeastResponseTime]

/** What may happen to a pool; numbers choose among its servers, or among the slots that are taken. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constant('take'), on: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('take, avoiding'), on: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('occupy'), on: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('release'), on: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constantFrom('drain', 'maintenance', 'ready'), on: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('weigh'), on: fc.nat(), weight: fc.nat(6) }) },
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const server = fc.record({
  weight: fc.integer({ min: 0, max: 6 }),
  maxConnections: fc.integer({ min: 0, max: 3 }),
  backup: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
})

/** Runs steps over a pool, and hands every pick to `onPick`. */
function run(
  pool: Pool,
  steps: readonly Step[],
  onPick: (picked: Server | undefined, avoid: Server | undefined) => void,
): void {
  const taken: Server[] = []
  const take = (avoid: Server | undefined) => {
    const picked = pool.pick(avoid)
    onPick(picked, avoid)
    if (picked === undefined) return
    pool.occupy(picked)
    taken.push(picked)
  }
  const finish = (number: number) => {
    const [server] = taken.splice(number % (taken.length || 1), 1)
    pool.clock.advance(1 + (number % 7))
    if (server !== undefined) pool.finish(server, 1 + (number % 50))
  }
  for (const step of steps) {
    const server = pool.servers[step.on % pool.servers.length]!
    if (step.what === 'take') take(undefined)
    else if (step.what === 'take, avoiding') take(server)
    else if (step.what === 'release') finish(step.on)
    else if ('weight' in step) server.weight = step.weight
    else if (step.what !== 'occupy') server[step.what as 'drain' | 'maintenance' | 'ready']()
    else if (server.hasSlot) {
      pool.occupy(server)
      taken.push(server)
    }
  }
}

/** Most of them are full soon. */
const crowd = fc.array(
  server.map((options) => ({ ...options, weight: 1, maxConnections: 1 })),
  {
    minLength: 12,
    maxLength: 30,
  },
)
const servers = fc.oneof(fc.array(server, { minLength: 1, maxLength: 12 }), crowd)
const steps = fc.array(step, { maxLength: 200, size: 'max' })

for (const Balancer of balancers) {
  describe(new Balancer().algorithm, () => {
    test('picks usable servers with room, the one to avoid only alone, and somebody as long as there is one', () => {
      fc.assert(
        fc.property(servers, steps, (servers, steps) => {
          const pool = new Pool(new Balancer(), servers)
          run(pool, steps, (picked, avoid) => {
            const fit = selectCandidates(pool.servers, true).filter(({ hasRoom }) => hasRoom)
            const better = fit.filter((server) => server !== avoid)
            const allowed = better.length > 0 ? better : fit
            if (picked === undefined) assert.deepEqual(allowed, [])
            else assert.ok(allowed.includes(picked), `${picked.name} was picked`)
          })
        }),
        { seed, numRuns: 400 },
      )
    })

    test('keeps its turn over a rebuild that changes nothing', () => {
      // A draw that meets a full server is followed by another, so that a rebuild may change how much chance is used.
      const draws = Balancer === RandomDraws || Balancer === PeakEwma
      const limited = draws ? server.map((options) => ({ ...options, maxConnections: 0 })) : server
      fc.assert(
        fc.property(fc.array(limited, { minLength: 1, maxLength: 8 }), steps, (servers, steps) => {
          const picks = (isRebuilt: boolean) => {
            const pool = new Pool(new Balancer(), servers)
            const names: (string | undefined)[] = []
            run(pool, steps, (picked) => {
              names.push(picked?.name)
              if (isRebuilt) pool.rebuild()
            })
            return names
          }
          assert.deepEqual(picks(true), picks(false))
        }),
        { seed, numRuns: 200 },
      )
    })

    test('explains every pick', () => {
      const pool = new Pool(new Balancer(), [1, { maxConnections: 1 }])
      for (const avoid of [undefined, pool.servers[0], pool.servers[1], undefined]) {
        pool.reason = ''
        assert.notEqual(pool.take(avoid), undefined)
        assert.notEqual(pool.reason, '')
      }
    })
  })
}

describe('the picks of one round, as many as the weights add up to,', () => {
  const anyWeights = fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 8 })

  /** By how much the most wronged server misses its share in any of some rounds. */
  function error(pool: Pool, weights: readonly number[], rounds: number): number {
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    let worst = 0
    for (let round = 0; round < rounds; round++) {
      const counts = new Map<Server | undefined, number>()
      for (let i = 0; i < total; i++) {
        const server = pool.pick()
        counts.set(server, (counts.get(server) ?? 0) + 1)
      }
      for (const server of pool.servers) {
        worst = Math.max(worst, Math.abs((counts.get(server) ?? 0) - server.weight))
      }
    }
    return worst
  }

  test('are shared out by weight exactly by static-rr', () => {
    fc.assert(
      fc.property(anyWeights, (weights) => error(new Pool(new StaticRoundRobin(), weights), weights, 3) === 0),
      { seed, numRuns: 100 },
    )
  })

  test('are shared out by weight to within one by roundrobin', () => {
    fc.assert(
      fc.property(anyWeights, (weights) => error(new Pool(new RoundRobin(), weights), weights, 20) <= 1),
      { seed, numRuns: 100 },
    )
  })

  test('are shared out exactly by roundrobin for the small weights of everyday use', () => {
    for (const weights of [
      [1],
      [1, 1],
      [1, 1, 1, 1, 1],
      [3, 2, 1],
      [1, 2, 3],
      [5, 1, 1],
      [4, 3, 2, 1],
      [7, 3],
      [8, 4, 2, 2],
    ]) {
      assert.equal(error(new Pool(new RoundRobin(), weights), weights, 100), 0, `${weights}`)
    }
  })
})
