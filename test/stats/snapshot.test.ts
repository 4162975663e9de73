import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Backend } from '../../src/core/backend.js'
import { Frontend } from '../../src/core/frontend.js'
import type { Server } from '../../src/core/server.js'
import type { Waiter } from '../../src/core/wait-queue.js'
import { metricNames, metrics } from '../../src/stats/metrics.js'
import { snapshot } from '../../src/stats/snapshot.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { find, objects, serverIn } from './objects.js'

/** The values of those fields. */
function some<T extends object, Name extends keyof T>(stats: T | undefined, ...names: Name[]): T[Name][] {
  assert.ok(stats !== undefined)
  return names.map((name) => stats[name])
}

const waiter = (): Waiter<Server> => ({
  place: -1,
  queue: undefined,
  turn: 0,
  slotGranted() {},
  queueMoved() {},
})

describe('a snapshot', () => {
  test('is the same after a way through JSON', () => {
    const { app1, take } = objects()
    find(app1, {})
    const taken = take()
    assert.deepEqual(JSON.parse(JSON.stringify(taken)), taken)
  })

  test('has exactly the fields of the table, in its order', () => {
    const taken = objects().take()
    const fieldsOf = (kind: 'frontend' | 'backend' | 'server') =>
      metricNames.filter((name) => metrics[name][kind] !== undefined)
    assert.deepEqual(Object.keys(taken.frontends.web ?? {}), fieldsOf('frontend'))
    assert.deepEqual(Object.keys(taken.backends.app ?? {}), [...fieldsOf('backend'), 'servers'])
    assert.deepEqual(Object.keys(serverIn(taken, 'app1')), fieldsOf('server'))
  })

  test('does not change with what it was taken of', () => {
    const { frontend, take } = objects()
    const before = take()
    frontend.counters.bytesIn = 99
    assert.equal(before.frontends.web?.bytesIn, 0)
  })

  test('tells the uptime in milliseconds, to the microsecond', () => {
    assert.equal(objects().take().uptime, 5000.123)
  })

  test('of nothing is empty', () => {
    assert.deepEqual(snapshot({ frontends: [], backends: [], uptime: 0 }), { uptime: 0, frontends: {}, backends: {} })
  })
})

describe('a frontend’s figures', () => {
  test('follow its sessions, their rate and their limit', () => {
    const { clock, frontend, take } = objects()
    const open = () => frontend.openSession({ address: '192.0.2.7', port: 1 }, 80, false)
    const figures = () =>
      some(take().frontends.web, 'status', 'sessions', 'sessionsMax', 'sessionsTotal', 'sessionRate', 'sessionRateMax')
    const first = open()
    assert.deepEqual(figures(), ['OPEN', 1, 1, 1, 1, 1])
    open()
    assert.deepEqual(figures(), ['FULL', 2, 2, 2, 2, 2])
    first.close()
    clock.advance(5000)
    assert.deepEqual(figures(), ['OPEN', 1, 2, 2, 0, 2])
    assert.equal(take().frontends.web?.sessionsLimit, 2)
  })

  test('have no limit where there is none', () => {
    const frontend = new Frontend('web', {})
    assert.equal(snapshot({ frontends: [frontend], backends: [], uptime: 0 }).frontends.web?.sessionsLimit, null)
  })

  test('follow its requests and their rate', () => {
    const { clock, frontend, take } = objects()
    const figures = () => some(take().frontends.web, 'requests', 'requestRate', 'requestRateMax')
    for (let count = 0; count < 3; count++) frontend.counters.requestBegan(clock.now())
    assert.deepEqual(figures(), [3, 3, 3])
    clock.advance(5000)
    assert.deepEqual(figures(), [3, 0, 3])
  })

  test('are its own counters', () => {
    const { frontend, take } = objects()
    Object.assign(frontend.counters, {
      bytesIn: 1,
      bytesOut: 2,
      requestErrors: 3,
      refusedConnections: 4,
      internalErrors: 5,
      droppedTrailers: 6,
      proxyHeaderErrors: 7,
      failedHandshakes: 8,
    })
    assert.deepEqual(
      some(
        take().frontends.web,
        'bytesIn',
        'bytesOut',
        'requestErrors',
        'refusedConnections',
        'internalErrors',
        'droppedTrailers',
        'proxyHeaderErrors',
        'failedHandshakes',
      ),
      [1, 2, 3, 4, 5, 6, 7, 8],
    )
  })
})

describe('figures of backends and servers', () => {
  const counted = [
    'bytesIn',
    'bytesOut',
    'queueMax',
    'connectionErrors',
    'responseErrors',
    'retries',
    'redispatches',
    'clientAborts',
    'serverAborts',
    'chosen',
    'connects',
    'reuses',
  ] as const

  test('are each their own counters', () => {
    const { backend, app1, take } = objects()
    for (const [index, name] of counted.entries()) {
      backend.counters[name] = 100 + index
      app1.counters[name] = 200 + index
    }
    const taken = take()
    const first = (base: number) => counted.map((_, index) => base + index)
    assert.deepEqual(some(taken.backends.app, ...counted), first(100))
    assert.deepEqual(some(serverIn(taken, 'app1'), ...counted), first(200))
    assert.deepEqual(some(serverIn(taken, 'app2'), ...counted), first(0).fill(0))
  })

  test('follow the slots of a server', () => {
    const { clock, app1, take } = objects()
    const names = ['sessions', 'sessionsMax', 'sessionsTotal', 'requests', 'sinceLastSession'] as const
    assert.deepEqual(some(serverIn(take(), 'app1'), ...names), [0, 0, 0, 0, null])
    app1.take(clock.now())
    app1.take(clock.now())
    app1.release()
    clock.advance(70)
    assert.deepEqual(some(serverIn(take(), 'app1'), ...names), [1, 2, 2, 2, 70])
    assert.deepEqual([serverIn(take(), 'app1').sessionsLimit, serverIn(take(), 'app2').sessionsLimit], [100, null])
  })

  test('follow both queues', () => {
    const { backend, app1, take } = objects()
    backend.queue.push(waiter(), 0)
    app1.queue.push(waiter(), 0)
    app1.queue.push(waiter(), 0)
    const taken = take()
    assert.deepEqual(
      [taken.backends.app?.queue, serverIn(taken, 'app1').queue, serverIn(taken, 'app2').queue],
      [1, 2, 0],
    )
  })

  test('tell of limits, those of queues too', () => {
    const clock = new VirtualClock()
    const address = '127.0.0.1:1'
    const a = { address, minConnections: 2, maxConnections: 8, maxQueue: 5 }
    const backend = new Backend('app', { clock, maxQueue: 9, fullConnections: 4, servers: { a, b: address } })
    const { app } = snapshot({ frontends: [], backends: [backend], uptime: 0 }).backends
    const names = ['sessionsLimit', 'queueLimit', 'slots'] as const
    assert.deepEqual([app?.sessionsLimit, app?.queueLimit], [4, 9])
    assert.deepEqual(some(app?.servers.a, ...names), [8, 5, 2])
    assert.deepEqual(some(app?.servers.b, ...names), [null, null, null])
    const unlimited = new Backend('app', { clock, servers: { a } })
    new Frontend('web', { defaultBackend: unlimited })
    const other = snapshot({ frontends: [], backends: [unlimited], uptime: 0 }).backends.app
    assert.deepEqual([other?.sessionsLimit, other?.queueLimit], [null, null])
  })

  test('tell of a slow start what HAProxy does', () => {
    // Measured with HAProxy 2.6.12: weight, uweight and throttle, second by second.
    for (const [balance, weight, slowStart, weights, throttles] of [
      ['roundrobin', 100, '5s', [7, 25, 44, 63, 82, 100], [6, 25, 43, 62, 81, null]],
      ['roundrobin', 1, '4s', [1, 1, 1, 1, 1], [7, 32, 57, 82, null]],
      ['static-rr', 100, '2s', [100, 100, 100], [100, 100, null]],
    ] as const) {
      const clock = new VirtualClock()
      const servers = { a: { address: '127.0.0.1:1', weight, slowStart } }
      const backend = new Backend('app', { clock, balance, servers })
      const figures = () => {
        const { app } = snapshot({ frontends: [], backends: [backend], uptime: 0 }).backends
        assert.deepEqual(some(app, 'weight', 'effectiveWeight'), some(app?.servers.a, 'weight', 'effectiveWeight'))
        return some(app?.servers.a, 'effectiveWeight', 'weight', 'throttle')
      }
      backend.server('a').maintenance()
      backend.server('a').ready()
      for (const [second, expected] of weights.entries()) {
        assert.deepEqual(figures(), [expected, weight, throttles[second]], `${balance} ${weight} after ${second} s`)
        clock.advance(1000)
      }
    }
  })

  test('tell of no slow start where no traffic is to come', () => {
    const { backend, app2, take } = objects()
    const late = backend.addServer({ name: 'late', address: '127.0.0.1:1', weight: 10, slowStart: '10s' })
    late.maintenance()
    late.ready()
    const throttle = () => serverIn(take(), 'late').throttle
    assert.equal(throttle(), 6)
    late.weight = 0
    assert.equal(throttle(), null)
    late.weight = 10
    late.drain()
    assert.equal(throttle(), null)
    app2.maintenance()
    app2.ready()
    assert.equal(serverIn(take(), 'app2').throttle, null)
  })

  test('sort responses by class', () => {
    const { frontend, backend, app1, take } = objects()
    const objectsOfOne = [frontend, backend, app1]
    for (const { counters } of objectsOfOne) {
      for (const [status, times] of [
        [101, 1],
        [204, 2],
        [304, 3],
        [404, 4],
        [503, 5],
        [999, 6],
      ] as const) {
        for (let time = 0; time < times; time++) counters.responses.count(status)
      }
    }
    const taken = take()
    for (const stats of [taken.frontends.web, taken.backends.app, serverIn(taken, 'app1')]) {
      const figures = some(
        stats,
        'responses1xx',
        'responses2xx',
        'responses3xx',
        'responses4xx',
        'responses5xx',
        'responsesOther',
      )
      assert.deepEqual(figures, [1, 2, 3, 4, 5, 6])
    }
  })

  test('tell average and longest times', () => {
    const { app1, take } = objects()
    app1.counters.times.count(1, 2, 3, 10)
    app1.counters.times.count(3, -1, 5, 20)
    const stats = serverIn(take(), 'app1')
    assert.deepEqual(some(stats, 'queueTime', 'connectTime', 'responseTime', 'totalTime'), [2, 2, 4, 15])
    const longest = some(stats, 'queueTimeMax', 'connectTimeMax', 'responseTimeMax', 'totalTimeMax')
    assert.deepEqual(longest, [3, 2, 5, 20])
  })

  test('tell what a check found', () => {
    const { app1, take } = objects()
    const names = ['status', 'checkStatus', 'checkCode', 'checkReason', 'checkDuration'] as const
    assert.deepEqual(some(serverIn(take(), 'app1'), ...names), ['UP 1/3', 'INI', null, null, null])
    find(app1, { code: 500 })
    assert.deepEqual(some(serverIn(take(), 'app1'), ...names), ['DOWN', 'L7STS', 500, 'HTTP status 500', 12.346])
    assert.deepEqual(some(serverIn(take(), 'app1'), 'checkHealth', 'checkRise', 'checkFall'), [0, 2, 3])
    assert.deepEqual(some(serverIn(take(), 'app1'), 'failedChecks', 'timesDown'), [1, 1])
    assert.deepEqual(some(serverIn(take(), 'app1'), 'operational', 'administrative'), ['stopped', 'ready'])
  })

  test('say nothing of checks where there are none', () => {
    const stats = serverIn(objects().take(), 'app2')
    assert.equal(stats.status, 'no check')
    const names = [
      'checkStatus',
      'checkCode',
      'checkReason',
      'checkDuration',
      'checkHealth',
      'checkRise',
      'checkFall',
    ] as const
    assert.deepEqual(
      some(stats, ...names),
      names.map(() => null),
    )
  })

  test('tell since when a state lasts, and for how long a server was down', () => {
    const { clock, app1, take } = objects()
    const figures = () => some(serverIn(take(), 'app1'), 'sinceLastChange', 'downtime')
    clock.advance(4000)
    assert.deepEqual(figures(), [4000, 0])
    find(app1, {})
    clock.advance(1500)
    assert.deepEqual(figures(), [1500, 1500])
    for (let count = 0; count < 2; count++) find(app1, { passed: true, status: 'L7OK' })
    clock.advance(300)
    assert.deepEqual(figures(), [300, 1500])
  })

  test('tell a backend’s usable servers and their weight', () => {
    const { backend, app1, app2, take } = objects()
    const figures = () => some(take().backends.app, 'status', 'weight', 'activeServers', 'backupServers')
    assert.deepEqual(figures(), ['UP', 2, 1, 1])
    app1.weight = 7
    assert.deepEqual(figures(), ['UP', 7, 1, 1])
    app1.drain()
    assert.deepEqual(figures(), ['UP', 1, 0, 1])
    app2.maintenance()
    assert.deepEqual(figures(), ['DOWN', 0, 0, 0])
    assert.equal(take().backends.app?.algorithm, backend.balancer.algorithm)
  })

  test('say who a server is', () => {
    const taken = objects().take()
    assert.deepEqual(some(serverIn(taken, 'app1'), 'id', 'address', 'backup', 'mode'), [
      1,
      '127.0.0.1:5001',
      false,
      'http',
    ])
    assert.deepEqual(some(serverIn(taken, 'app2'), 'id', 'address', 'backup', 'mode'), [2, '[::1]:5002', true, 'http'])
  })
})
