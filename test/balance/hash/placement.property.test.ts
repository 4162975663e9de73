import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { LoadBound } from '../../../src/balance/hash/load-bound.js'
import { MapPlacement } from '../../../src/balance/hash/map-placement.js'
import type { Placement } from '../../../src/balance/hash/placement.js'
import { RingPlacement } from '../../../src/balance/hash/ring-placement.js'
import { Server } from '../../../src/core/server.js'
import { avalanche } from '../../../src/util/hash.js'

const seed = 20_241_121

/** Hashes all over the circle. */
const hashes = Array.from({ length: 4000 }, (_, number) => avalanche(number))

function makeServers(weights: readonly number[]): Server[] {
  return weights.map((weight, index) => {
    const server = new Server(`s${index}`, { address: `10.0.0.${index + 1}:80`, weight })
    server.join({ serverChanged() {}, slotFreed() {} }, index + 1, undefined, 0)
    return server
  })
}

function usable(servers: readonly Server[]): Server[] {
  return servers.filter((server) => server.isUsable)
}

function places(placement: Placement): (Server | undefined)[] {
  return hashes.map((hash) => placement.at(hash, undefined))
}

const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 12 })

/** What may happen to one of the servers. */
const change = fc.record({
  on: fc.nat(),
  what: fc.constantFrom('maintenance', 'ready', 'weigh'),
  weight: fc.integer({ min: 1, max: 256 }),
})

function apply(
  servers: readonly Server[],
  { on, what, weight }: typeof change extends fc.Arbitrary<infer T> ? T : never,
) {
  const server = servers[on % servers.length]!
  if (what === 'weigh') server.weight = weight
  else server[what as 'maintenance' | 'ready']()
  return server
}

describe('on a consistent ring', () => {
  test('a change of one server moves hashes from or to that server alone', () => {
    fc.assert(
      fc.property(weights, fc.array(change, { maxLength: 12 }), (weights, changes) => {
        const servers = makeServers(weights)
        const ring = new RingPlacement('id', undefined)
        ring.update(usable(servers))
        for (const change of changes) {
          const before = places(ring)
          const changed = apply(servers, change)
          ring.update(usable(servers))
          const after = places(ring)
          const strays = hashes.filter(
            (_, index) => before[index] !== after[index] && before[index] !== changed && after[index] !== changed,
          )
          assert.deepEqual(usable(servers).length > 0 ? strays : [], [])
        }
      }),
      { seed, numRuns: 60 },
    )
  })

  test('what was patched is what would be made anew', () => {
    fc.assert(
      fc.property(weights, fc.array(change, { maxLength: 20 }), (weights, changes) => {
        const servers = makeServers(weights)
        const patched = new RingPlacement('id', undefined)
        for (const change of changes) {
          patched.update(usable(servers))
          patched.at(0, undefined)
          apply(servers, change)
        }
        const fresh = new RingPlacement('id', undefined)
        for (const ring of [patched, fresh]) ring.update(usable(servers))
        assert.deepEqual(places(patched), places(fresh))
      }),
      { seed, numRuns: 60 },
    )
  })

  test('a server that leaves gives about its share away, and gets it back', () => {
    const servers = makeServers(Array.from({ length: 20 }, () => 10))
    const ring = new RingPlacement('id', undefined)
    ring.update(servers)
    const before = places(ring)
    servers[7]!.maintenance()
    ring.update(usable(servers))
    const moved = places(ring).filter((server, index) => server !== before[index]).length
    assert.ok(moved > 0.5 * (hashes.length / 20) && moved < 1.5 * (hashes.length / 20), `${moved} moved`)
    servers[7]!.ready()
    ring.update(usable(servers))
    assert.deepEqual(places(ring), before)
  })

  test('the server to avoid is left out, and only its own hashes go elsewhere', () => {
    fc.assert(
      fc.property(weights, fc.nat(), (weights, on) => {
        const servers = makeServers(weights)
        const avoid = servers[on % servers.length]
        const ring = new RingPlacement('id', undefined)
        ring.update(servers)
        for (const hash of hashes.slice(0, 500)) {
          const usual = ring.at(hash, undefined)
          const other = ring.at(hash, avoid)
          assert.notEqual(other, avoid)
          if (usual !== avoid) assert.equal(other, usual)
        }
      }),
      { seed, numRuns: 30 },
    )
  })

  test('nobody has more than its share of the load, where that is bounded', () => {
    const load = fc.array(fc.tuple(fc.nat(30), fc.boolean()), { maxLength: 300 })
    fc.assert(
      fc.property(weights, fc.constantFrom(101, 125, 200), load, (weights, percent, load) => {
        const servers = makeServers(weights)
        const total = weights.reduce((sum, weight) => sum + weight, 0)
        const ring = new RingPlacement('id', new LoadBound(percent))
        ring.update(servers)
        const taken: Server[] = []
        for (const [key, isRelease] of load) {
          if (isRelease) {
            const server = taken.shift()
            server?.release()
            if (server !== undefined) ring.onRelease(server)
            continue
          }
          const slots = Math.ceil(((taken.length + 1) * percent) / 100)
          const server = ring.at(avalanche(key), undefined)!
          assert.ok(server.served < Math.max(1, Math.ceil((slots * server.weight) / total)), server.name)
          server.take(0)
          ring.onTake?.()
          taken.push(server)
        }
      }),
      { seed, numRuns: 100 },
    )
  })

  test('servers have about as many hashes as they have weight', () => {
    const servers = makeServers([10, 20, 30, 40])
    const ring = new RingPlacement('id', undefined)
    ring.update(servers)
    const all = places(ring)
    for (const server of servers) {
      const share = all.filter((other) => other === server).length / hashes.length
      assert.ok(Math.abs(share * 100 - server.weight) < 0.3 * server.weight, `${server.name}: ${share}`)
    }
  })

  test('an address or a port says where a server stands, whatever its place', () => {
    for (const hashKey of ['address', 'address-port'] as const) {
      const [one, other] = [makeServers([1, 2, 3, 4]), makeServers([1, 2, 3, 4]).reverse()].map((servers, order) => {
        const ring = new RingPlacement(hashKey, undefined)
        ring.update(order === 0 ? servers : servers.map((server, index) => renumbered(server, index)))
        return places(ring).map((server) => server?.name)
      })
      assert.deepEqual(one, other)
    }
  })
})

/** The same server at another place. */
function renumbered({ name, weight, target }: Server, index: number): Server {
  const server = new Server(name, { address: target, weight })
  server.join({ serverChanged() {}, slotFreed() {} }, 100 + index, undefined, 0)
  return server
}

describe('on a static map', () => {
  test('a server that leaves and returns leaves everything as it was', () => {
    fc.assert(
      fc.property(weights, fc.nat(), (weights, on) => {
        const servers = makeServers(weights)
        const map = new MapPlacement()
        map.update(servers, servers)
        const before = places(map)
        servers[on % servers.length]!.maintenance()
        map.update(usable(servers), servers)
        assert.ok(places(map).every((server) => server?.isUsable))
        servers[on % servers.length]!.ready()
        map.update(servers, servers)
        assert.deepEqual(places(map), before)
      }),
      { seed, numRuns: 60 },
    )
  })

  test('a change of weight moves nothing, but that a server of weight 0 is none', () => {
    fc.assert(
      fc.property(weights, fc.array(change, { maxLength: 8 }), (weights, changes) => {
        const servers = makeServers(weights)
        const map = new MapPlacement()
        map.update(servers, servers)
        const before = places(map)
        for (const { on, weight } of changes) servers[on % servers.length]!.weight = weight
        map.update(servers, servers)
        assert.deepEqual(places(map), before)
      }),
      { seed, numRuns: 40 },
    )
  })

  test('servers have exactly as many slots as they have weight', () => {
    fc.assert(
      fc.property(weights, (weights) => {
        const servers = makeServers(weights)
        const map = new MapPlacement()
        map.update(servers, servers)
        const total = weights.reduce((sum, weight) => sum + weight, 0)
        const slots = Array.from({ length: total }, (_, hash) => map.at(hash))
        for (const server of servers) assert.equal(slots.filter((other) => other === server).length, server.weight)
      }),
      { seed, numRuns: 60 },
    )
  })
})
