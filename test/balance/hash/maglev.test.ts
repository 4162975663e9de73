import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MaglevTable } from '../../../src/balance/hash/maglev-table.js'
import { createBalancer } from '../../../src/balance/registry.js'
import { RequestView } from '../../../src/core/exchange-view.js'
import { Server, type ServerOptions } from '../../../src/core/server.js'
import { header, source } from '../../../src/rules/samples.js'
import { view } from '../../rules/views.js'
import { Pool } from '../pool.js'

function poolOf(servers: readonly (number | Partial<ServerOptions>)[], options: object = {}): Pool {
  return new Pool(createBalancer({ algorithm: 'maglev', ...options }, 'balance'), servers)
}

function from(address: string): RequestView {
  return new RequestView(undefined, { address, port: 4000 }, false)
}

const clients = Array.from({ length: 200 }, (_, index) => from(`10.0.${index >> 5}.${index}`))

function placesOf(pool: Pool, exchanges = clients): string {
  return exchanges.map((exchange) => pool.pick(undefined, exchange)?.name ?? '-').join('')
}

describe('maglev', () => {
  test('sends the same client to the same server, and uses all servers', () => {
    const pool = poolOf([1, 1, 1])
    const places = placesOf(pool)
    assert.equal(placesOf(pool), places)
    assert.deepEqual([...new Set(places)].sort(), ['a', 'b', 'c'])
  })

  test('goes by any sample, by a function, and by several values at once', () => {
    const exchange = (user: string, agent: string) => view({ fields: ['X-User', user, 'User-Agent', agent] })
    const byUser = poolOf([1, 1, 1], { key: header('x-user') })
    const both = (seen: RequestView) => [seen.header('x-user'), seen.header('user-agent')]
    const byBoth = poolOf([1, 1, 1], { key: both })
    const agents = Array.from({ length: 50 }, (_, index) => exchange('ann', `agent ${index}`))
    assert.equal(new Set(placesOf(byUser, agents)).size, 1)
    assert.equal(new Set(placesOf(byBoth, agents)).size, 3)
  })

  test('is a hash type of every algorithm that hashes', () => {
    const pages = (query: string) => view({ target: `/a/b/c${query}` })
    const balance = createBalancer({ algorithm: 'uri', depth: 2, hashType: 'maglev', tableSize: 97 }, 'balance')
    const pool = new Pool(balance, [1, 1, 1])
    assert.equal(pool.pick(undefined, pages('')), pool.pick(undefined, pages('/d?e=f')))
    assert.match(pool.reason, /^uri "\/a\/b", hash \d+, place \d+ of 97$/)
  })

  test('sends in turn what has no key, and says so', () => {
    const pool = poolOf([2, 1], { key: header('x-user') })
    const anonymous = view({})
    assert.equal(placesOf(pool, Array(6).fill(anonymous)), 'aabaab')
    assert.equal(pool.reason, 'in turn, as there is no sample to hash')
    const unix = poolOf([1, 1])
    assert.equal(placesOf(unix, Array(4).fill(from(''))), 'abab')
  })

  test('sends in turn to servers with room, as soon as they have some', () => {
    const pool = poolOf([{ maxConnections: 1 }, 1], { key: header('x-user') })
    const anonymous = view({})
    pool.occupy(pool.get('a'))
    assert.equal(placesOf(pool, Array(3).fill(anonymous)), 'bbb')
    pool.get('a').release()
    assert.ok(placesOf(pool, Array(3).fill(anonymous)).includes('a'))
  })

  test('sends a client to its server even if that is full, and not to the one to avoid', () => {
    const pool = poolOf([{ maxConnections: 1 }, 1, 1])
    const client = clients.find((exchange) => pool.pick(undefined, exchange)?.name === 'a')!
    const server = pool.get('a')
    pool.occupy(server)
    assert.equal(pool.pick(undefined, client), server)
    const other = pool.pick(server, client)
    assert.notEqual(other, server)
    assert.equal(pool.pick(server, client), other, 'the other one is always the same')
    for (const name of ['b', 'c']) pool.get(name).drain()
    assert.equal(pool.pick(server, client), server)
    server.drain()
    assert.equal(pool.pick(undefined, client), undefined)
  })

  test('gives a client its server back when that returns', () => {
    const pool = poolOf([1, 2, 3])
    const places = placesOf(pool)
    pool.get('b').maintenance()
    assert.ok(!placesOf(pool).includes('b'))
    pool.get('b').ready()
    assert.equal(placesOf(pool), places)
  })

  test('says why', () => {
    const pool = poolOf([1, 1], { key: source, tableSize: 7 })
    pool.pick(undefined, clients[0])
    assert.match(pool.reason, /^sample .*, hash \d+, place [0-6] of 7$/)
  })
})

function serversOf(weights: readonly number[]): Server[] {
  return weights.map((weight, index) => new Server(`s${index}`, { address: '127.0.0.1:1', weight }))
}

const tableSize = 65_537

/** The server of each place. */
function tableOf(servers: readonly Server[], size = tableSize): (Server | undefined)[] {
  const table = new MaglevTable(size)
  table.build(servers)
  return Array.from({ length: size }, (_, hash) => table.at(hash))
}

describe('a Maglev table', () => {
  test('places by names: the order of declaration makes no difference', () => {
    const servers = ['x', 'y', 'z'].map((name) => new Server(name, { address: '127.0.0.1:1' }))
    assert.deepEqual(tableOf(servers), tableOf(servers.toReversed()))
  })

  test('gives every server something as long as there are places', () => {
    const servers = serversOf(Array.from({ length: 97 }, (_, index) => (index === 0 ? 256 : 1)))
    assert.equal(new Set(tableOf(servers, 97)).size, 97)
    assert.equal(new Set(tableOf(servers, 7)).size, 7)
    assert.equal(new Set(tableOf(servers, 2)).size, 2)
  })

  test('gives a server that warms up a part of its share', () => {
    const servers = serversOf([10, 10])
    servers[0]!.warm({ sixteenths: 1, percent: 1 })
    const share = tableOf(servers).filter((server) => server === servers[0]).length / tableSize
    assert.ok(Math.abs(share - 1 / 17) < 0.001, `${share}`)
  })
})

describe('of a Maglev table of the usual size, with up to a hundred servers,', () => {
  const weights = fc.oneof(
    fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 2, maxLength: 100, size: 'max' }),
    fc.array(fc.constant<number>(1), { minLength: 2, maxLength: 100, size: 'max' }),
  )
  const parameters = { seed: 20_240_501, numRuns: 25 }

  test('each server has its share by weight, to within two percent of it', () => {
    fc.assert(
      fc.property(weights, (weights) => {
        const servers = serversOf(weights)
        const counts = new Map<Server | undefined, number>()
        for (const server of tableOf(servers)) counts.set(server, (counts.get(server) ?? 0) + 1)
        const total = weights.reduce((sum, weight) => sum + weight, 0)
        for (const server of servers) {
          const share = (counts.get(server)! / tableSize) * (total / server.weight)
          assert.ok(share > 0.98 && share < 1.02, `${server.name} of ${weights} has ${share} of its share`)
        }
      }),
      parameters,
    )
  })

  test('no more than one percent changes hands beside what a server had that leaves or comes', () => {
    fc.assert(
      fc.property(weights, fc.nat(), (weights, which) => {
        const servers = serversOf(weights)
        const leaving = servers[which % servers.length]
        const all = tableOf(servers)
        const rest = tableOf(servers.filter((server) => server !== leaving))
        const moved = all.filter((server, place) => server !== leaving && server !== rest[place]).length
        assert.ok(moved <= 0.01 * tableSize, `${((100 * moved) / tableSize).toFixed(2)} % of ${weights}`)
      }),
      parameters,
    )
  })

  test('no more than one percent changes hands beside what a new weight asks for', () => {
    fc.assert(
      fc.property(weights, fc.nat(), fc.integer({ min: 1, max: 10 }), (weights, which, weight) => {
        const changed = weights.with(which % weights.length, weight)
        const total = (list: readonly number[]): number => list.reduce((sum, each) => sum + each, 0)
        const asked = weights.map((each, index) => Math.abs(changed[index]! / total(changed) - each / total(weights)))
        const names = (list: readonly number[]) => tableOf(serversOf(list)).map((server) => server?.name)
        const after = names(changed)
        const moved = names(weights).filter((name, place) => name !== after[place]).length / tableSize
        assert.ok(moved <= total(asked) / 2 + 0.01, `${moved} of ${weights}, weight ${weight} for ${which}`)
      }),
      parameters,
    )
  })
})
