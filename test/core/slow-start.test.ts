import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { AlgorithmName } from '../../src/balance/registry.js'
import type { BackendOptions } from '../../src/core/backend-options.js'
import type { Transport } from '../../src/core/carrier.js'
import type { Server, ServerOptions } from '../../src/core/server.js'
import { warmthAt } from '../../src/core/warmth.js'
import { check, makeBackend } from '../support/asker.js'

const address = '127.0.0.1:1'

/** What HAProxy's statistics show of a server's weight. */
function shown(server: Server): number {
  return Math.ceil(server.effectiveWeight)
}

/** A backend with server `a`, and a value of it at its return and after every second. */
function scene(options: Partial<ServerOptions>, backendOptions: BackendOptions = {}) {
  const made = makeBackend({
    servers: { a: { address, weight: 100, ...options }, b: { address } },
    balance: 'roundrobin',
    ...backendOptions,
  })
  const server = made.backend.server('a')
  const everySecond = <T>(seconds: number, read: () => T): T[] => {
    const values = [read()]
    for (let second = 0; second < seconds; second++) {
      made.clock.advance(1000)
      values.push(read())
    }
    return values
  }
  const comeBack = (): void => {
    server.maintenance()
    server.ready()
  }
  return { ...made, server, everySecond, comeBack }
}

describe('the weight of a server that returned', () => {
  test('is what HAProxy has, second by second', () => {
    // Measured with HAProxy 2.6.12.
    for (const [weight, slowStart, expected] of [
      [100, '5s', [7, 25, 44, 63, 82, 100, 100]],
      [33, '5s', [3, 9, 15, 21, 27, 33, 33]],
      [100, '10s', [7, 13, 25, 32, 44, 57, 63, 75, 82, 94, 100]],
      [100, '40s', [7, 7, 7, 13, 13, 19, 19, 19, 25, 25, 32]],
      [1, 3500, [1, 1, 1, 1, 1]],
    ] as const) {
      const { server, everySecond, comeBack } = scene({ weight, slowStart })
      comeBack()
      assert.deepEqual(
        everySecond(expected.length - 1, () => shown(server)),
        expected,
        `${weight} in ${slowStart}`,
      )
    }
  })

  test('grows in sixteenths, by the whole second, to all of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: 256 }), (seconds, weight) => {
        const { server, everySecond, comeBack } = scene({ weight, slowStart: `${seconds}s` })
        comeBack()
        const weights = everySecond(seconds, () => server.effectiveWeight)
        for (const [second, effective] of weights.entries()) {
          const sixteenths = second === seconds ? 16 : Math.floor((16 * second) / seconds + 1)
          assert.equal(effective, (weight * sixteenths) / 16)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('is for the balancer alone: what was set stays', () => {
    const { server, comeBack } = scene({ slowStart: '10s' })
    comeBack()
    assert.deepEqual(
      [server.weight, server.effectiveWeight, server.status, server.operational],
      [100, 6.25, 'no check', 'running'],
    )
  })

  test('follows a weight that is set meanwhile', () => {
    const { server, comeBack, clock } = scene({ slowStart: '5s' })
    comeBack()
    clock.advance(2000)
    assert.equal(shown(server), 44)
    server.weight = 50
    assert.equal(shown(server), 22)
    server.weight = 0
    assert.equal(shown(server), 0)
    server.weight = 100
    assert.equal(shown(server), 44)
  })

  test('tells in what balancers choose', () => {
    for (const [balance, share] of [
      ['roundrobin', 1],
      ['random', 1],
      ['static-rr', 16],
    ] as const) {
      const { comeBack, ask } = scene(
        { weight: 16, slowStart: '1h' },
        { balance, servers: { a: { address, weight: 16, slowStart: '1h' }, b: { address, weight: 16 } } },
      )
      comeBack()
      let chosen = 0
      for (let i = 0; i < 1700; i++) {
        const asker = ask()
        if (asker.server?.name === 'a') chosen++
        asker.leave()
      }
      const expected = (1700 * share) / (share + 16)
      assert.ok(Math.abs(chosen - expected) < (balance === 'random' ? 40 : 2), `${balance}: ${chosen} of ${expected}`)
    }
  })
})

describe('a slow start', () => {
  const isWarming = (server: Server): boolean => server.effectiveWeight < server.weight

  test('comes after checks brought a server up, and after maintenance, also into drain', () => {
    const checked = scene({ slowStart: '5s' }, { check: true })
    check(checked.server, false)
    check(checked.server, true)
    assert.ok(isWarming(checked.server))
    const ordered = scene({ slowStart: '5s' })
    ordered.server.maintenance()
    ordered.server.drain()
    assert.ok(isWarming(ordered.server))
  })

  test('comes neither at the start, nor after drain, nor with a weight', () => {
    const { server, backend } = scene({ slowStart: '5s' }, { check: true })
    check(server, true)
    assert.ok(!isWarming(server))
    server.drain()
    server.ready()
    server.weight = 0
    server.weight = 3
    assert.ok(!isWarming(server))
    assert.ok(!isWarming(backend.addServer({ name: 'c', address, slowStart: '5s' })))
  })

  test('comes to a server that joins a backend at work', () => {
    const { backend } = scene({})
    const transport = { close() {} } as unknown as Transport
    backend.on('server:added', ({ server }) => {
      server.transport = transport
    })
    assert.ok(isWarming(backend.addServer({ name: 'c', address, slowStart: '5s' })))
  })

  test('is the backend’s where the server says nothing; 0 is none', () => {
    const inherited = scene({}, { slowStart: '10s' })
    inherited.comeBack()
    assert.equal(shown(inherited.server), 7)
    const own = scene({ slowStart: 0 }, { slowStart: '10s' })
    own.comeBack()
    assert.equal(shown(own.server), 100)
  })

  test('begins anew with drain and with the return from it, as in HAProxy', () => {
    const { server, comeBack, clock, everySecond } = scene({ slowStart: '5s' })
    comeBack()
    clock.advance(3000)
    server.drain()
    assert.equal(shown(server), 7)
    clock.advance(2000)
    assert.equal(shown(server), 44)
    server.ready()
    assert.deepEqual(
      everySecond(5, () => shown(server)),
      [7, 25, 44, 63, 82, 100],
    )
  })

  test('is over with maintenance, and with going down', () => {
    const { server, comeBack, clock } = scene({ slowStart: '50s' }, { check: true })
    comeBack()
    server.maintenance()
    assert.deepEqual([server.effectiveWeight, clock.timers], [100, 0])
    server.ready()
    check(server, false)
    assert.deepEqual([server.effectiveWeight, clock.timers], [100, 0])
  })

  test('tells nobody of its steps and its end', () => {
    const { server, comeBack, clock, events } = scene({ slowStart: '5s' })
    comeBack()
    const { changedAt } = server
    const told = [...events]
    clock.advance(10_000)
    assert.deepEqual([events, server.changedAt], [told, changedAt])
  })

  test('takes one timer for all servers of a backend, until the last is warm', () => {
    const servers = Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => [`s${i}`, { address, slowStart: `${i + 1}s` }]),
    )
    const { backend, clock } = makeBackend({ servers })
    for (const server of backend.servers) {
      server.maintenance()
      server.ready()
      clock.advance(30)
    }
    assert.equal(clock.timers, 1)
    clock.advance(19_000)
    assert.equal(clock.timers, 1)
    clock.advance(2000)
    assert.equal(clock.timers, 0)
  })

  test('has its steps at most half a second early or late where others set the pace', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999 }), fc.integer({ min: 2, max: 30 }), (lag, seconds) => {
        const slowStart = seconds * 1000
        const { backend, clock } = makeBackend({
          servers: { pace: { address, slowStart: '1h' }, a: { address, weight: 256, slowStart } },
        })
        const [pace, server] = backend.servers as [Server, Server]
        pace.maintenance()
        pace.ready()
        clock.advance(lag)
        server.maintenance()
        server.ready()
        const at = (elapsed: number): number =>
          warmthAt(Math.floor(Math.max(0, elapsed) / 1000) * 1000, slowStart)?.sixteenths ?? 16
        for (let tick = 1; tick <= 10 * seconds; tick++) {
          clock.advance(100)
          const sixteenths = server.effectiveWeight / 16
          const elapsed = clock.now() - server.changedAt
          assert.ok(at(elapsed - 500) <= sixteenths && sixteenths <= at(elapsed + 500), `${elapsed}: ${sixteenths}`)
        }
      }),
      { numRuns: 30 },
    )
  })
})

describe('the limit of a server that returned', () => {
  const algorithms: readonly AlgorithmName[] = ['roundrobin', 'static-rr', 'leastconn', 'first', 'random']

  for (const balance of algorithms) {
    test(`grows with ${balance} too, by the hundredth, from one`, () => {
      const { server, comeBack, everySecond } = scene({ slowStart: '3s', maxConnections: 50 }, { balance })
      comeBack()
      assert.deepEqual(
        everySecond(4, () => server.slots),
        [1, 16, 33, 50, 50],
      )
    })

    test(`lets who waits go on as it grows with ${balance}`, () => {
      const { clock, ask, server, comeBack } = scene(
        {},
        { balance, servers: { a: { address, slowStart: '4s', maxConnections: 4 } } },
      )
      comeBack()
      for (let i = 0; i < 6; i++) ask()
      const served = Array.from({ length: 5 }, () => {
        const { served } = server
        clock.advance(1000)
        return served
      })
      assert.deepEqual(served, [1, 1, 2, 3, 4])
    })
  }

  test('may be below the least that follows traffic', () => {
    const { server, comeBack, everySecond } = scene(
      { slowStart: '4s', minConnections: 10, maxConnections: 20 },
      { fullConnections: 100 },
    )
    comeBack()
    assert.deepEqual(
      everySecond(4, () => server.slots),
      [1, 2, 5, 7, 10],
    )
  })

  test('is none where there is none', () => {
    const { server, comeBack } = scene({ slowStart: '4s' })
    comeBack()
    assert.deepEqual([server.slots, server.hasRoom], [Infinity, true])
  })
})
