import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { algorithmNames, createBalancer } from '../../src/balance/registry.js'
import type { ExchangeView } from '../../src/core/exchange-view.js'
import { RequestView } from '../../src/core/exchange-view.js'
import { RawRequestHead } from '../../src/core/message/raw-head.js'
import { path } from '../../src/rules/samples.js'
import { seededRandom } from '../../src/util/random.js'
import { Pool } from './pool.js'

/** Algorithms as the registry knows them, one that counts shares by a hash with each of its ways to find a server. */
const choices: Readonly<Record<string, { readonly algorithm: string } & Readonly<Record<string, unknown>>>> = {
  ...Object.fromEntries(algorithmNames.map((algorithm) => [algorithm, { algorithm }])),
  urlParam: { algorithm: 'urlParam', name: 'user' },
  header: { algorithm: 'header', name: 'x-user' },
  hash: { algorithm: 'hash', key: path },
  'header on a Maglev table': { algorithm: 'header', name: 'host', hashType: 'maglev' },
  'uri on a ring': { algorithm: 'uri', hashType: 'consistent' },
  'source on a ring with bounded loads': { algorithm: 'source', hashType: 'consistent', hashBalanceFactor: 110 },
}

/**
 * By how much a share may differ from what the weight says, as a part of it: nothing where turns are counted out, what
 * the number of exchanges under way allows where load is balanced, what chance allows where servers are drawn or hashed.
 */
const tolerances: Readonly<Record<string, number>> = {
  roundrobin: 0.001,
  'static-rr': 0.001,
  leastconn: 0.03,
  leastResponseTime: 0.05,
  random: 0.05,
  peakEwma: 0.1,
  source: 0.1,
  uri: 0.1,
  urlParam: 0.1,
  header: 0.1,
  hash: 0.1,
  maglev: 0.1,
  'header on a Maglev table': 0.1,
  // None of these exchanges has one: they go in turn.
  rdpCookie: 0.001,
  // Sixteen points for each unit of weight, at places of chance.
  'uri on a ring': 0.25,
  'source on a ring with bounded loads': 0.25,
}

const exchanges = 40_000
/** Clients that each begin an exchange when their last one is over. */
const clients = 100

const weightSets: readonly (readonly number[])[] = [
  [10, 10, 10],
  [30, 10],
  [1, 1, 1],
  [3, 1],
  [1, 2, 3],
  [10, 1, 2, 3, 4, 5],
]

/** Exchanges of as many clients with as many pages as there are exchanges. */
function exchange(index: number): ExchangeView {
  const fields = ['Host', `${index}.example.org`, 'X-User', `user ${index}`]
  const head = new RawRequestHead('GET', `/pages/${index}?user=${index}`, 1, fields)
  return new RequestView(head, { address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, port: 1 }, false)
}

/** How many exchanges each server gets while all take about ten milliseconds. */
function countsOf(name: string, weights: readonly number[]): number[] {
  const pool = new Pool(createBalancer(choices[name], 'balance'), weights)
  const counts = new Map(pool.servers.map((server) => [server, 0]))
  const random = seededRandom(7)
  let begun = 0
  const begin = (): void => {
    if (begun === exchanges) return
    const server = pool.pick(undefined, exchange(begun++))
    assert.ok(server !== undefined)
    counts.set(server, counts.get(server)! + 1)
    pool.occupy(server)
    const took = 8 + 4 * random.next()
    pool.clock.setTimer(() => {
      pool.finish(server, took)
      begin()
    }, took)
  }
  for (let client = 0; client < clients; client++) begin()
  while (begun < exchanges) pool.clock.advance(100)
  return [...counts.values()]
}

describe('servers that are as fast as each other get what their weights say', () => {
  for (const name of Object.keys(choices).filter((name) => name !== 'first')) {
    test(`from ${name}`, () => {
      const tolerance = tolerances[name]!
      // On a ring shares are what they should be only where servers have points enough.
      const sets = name.includes('ring') ? weightSets.filter((weights) => Math.min(...weights) >= 10) : weightSets
      for (const weights of sets) {
        const counts = countsOf(name, weights)
        const total = weights.reduce((sum, weight) => sum + weight, 0)
        for (const [index, weight] of weights.entries()) {
          const due = (exchanges * weight) / total
          const difference = Math.abs(counts[index]! / due - 1)
          assert.ok(difference <= tolerance, `weights ${weights}: ${counts}, off by ${difference.toFixed(4)}`)
        }
      }
    })
  }

  test('and from first, which fills one after the other, the first gets everything', () => {
    assert.deepEqual(countsOf('first', [1, 5]), [exchanges, 0])
  })
})
