import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Backend } from '../../src/core/backend.js'
import type { BackendOptions } from '../../src/core/backend-options.js'
import { header } from '../../src/rules/samples.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { ByName } from '../support/asker.js'
import { FakeProxy } from '../support/fake-proxy.js'
import { FakeTransport, type FakeTry } from '../support/fake-sides.js'

const toA = { fields: ['Host', 'a.test', 'X-To', 'a'] }

/** Servers `a` and `b`, one exchange at a time each; `X-To` binds to one. */
function bound(options: Partial<BackendOptions> = {}, server: object = {}): FakeProxy {
  const servers = {
    a: { address: '127.0.0.1:1', maxConnections: 1, ...server },
    b: { address: '127.0.0.1:2', maxConnections: 1 },
  }
  return new FakeProxy({ backend: { balance: new ByName(), servers, timeout: { queue: 500 }, ...options } })
}

describe('an exchange that may not wait', () => {
  test('gets 503 at once where the queue of its server is full', () => {
    const proxy = bound({}, { maxQueue: 1 })
    proxy.begin(toA)
    proxy.begin(toA)
    const { client } = proxy.begin(toA)
    assert.equal(client.last, 'respond 503 whole')
    const { status, termination, failure, server, Tw, Tc } = proxy.record
    assert.deepEqual([status, termination, failure, server, Tw, Tc], [503, 'SQ--', 'queue-full', 'a', -1, -1])
    assert.equal(proxy.backend.server('a').counters.connectionErrors, 1)
    assert.equal(proxy.backend.counters.connectionErrors, 1)
  })

  test('gets 503 at once where the queue of its backend is full', () => {
    const proxy = bound({ maxQueue: 1 })
    for (let i = 0; i < 4; i++) proxy.begin()
    const { status, termination, server } = proxy.record
    assert.deepEqual([status, termination, server], [503, 'SQ--', null])
    assert.equal(proxy.backend.queue.length, 1)
  })
})

describe('an exchange that persistence led to a queue that is full', () => {
  const useServer = [{ server: 'a' }]
  const free = [{ server: 'a', when: header('x-free').exists() }]

  test('is balanced, which counts as a redispatch and no retry', () => {
    const proxy = bound({ useServer }, { maxQueue: 1 })
    for (let i = 0; i < 3; i++) proxy.begin()
    assert.equal(proxy.try.server, 'b')
    proxy.try.connect().respond(200, '')
    const { server, redispatched, retries, termination } = proxy.record
    assert.deepEqual([server, redispatched, retries, termination], ['b', true, 0, '----'])
    assert.equal(proxy.backend.server('a').counters.redispatches, 1)
  })

  test('is refused without redispatch, where its bond is forced, and where the backend’s queue is full too', () => {
    for (const options of [
      { useServer, redispatch: false },
      { useServer: free, forcePersist: header('x-free').exists() },
      { useServer, maxQueue: 1 },
    ]) {
      const proxy = bound(options, { maxQueue: 1 })
      for (let i = 0; i < 5; i++) proxy.begin({ fields: ['Host', 'a.test', 'X-Free', '1'] })
      const { status, termination, failure } = proxy.record
      assert.deepEqual([status, termination, failure], [503, 'SQ--', 'queue-full'])
    }
  })
})

describe('an exchange that waited in vain', () => {
  test('for its server is logged and counted with that, but is no response of it', () => {
    const proxy = bound()
    proxy.begin(toA)
    proxy.begin(toA)
    proxy.clock.advance(500)
    const { status, termination, server, Tw } = proxy.record
    assert.deepEqual([status, termination, server, Tw], [503, 'sQ--', 'a', 500])
    const { counters } = proxy.backend.server('a')
    assert.deepEqual([counters.connectionErrors, counters.responses.serverError], [1, 0])
    assert.deepEqual([proxy.backend.counters.connectionErrors, proxy.backend.counters.responses.serverError], [1, 1])
  })

  test('for any server is logged with none', () => {
    const proxy = bound()
    for (let i = 0; i < 3; i++) proxy.begin()
    proxy.clock.advance(500)
    assert.deepEqual([proxy.record.server, proxy.record.termination], [null, 'sQ--'])
    for (const { counters } of proxy.backend.servers) assert.equal(counters.connectionErrors, 0)
  })

  test('because its client left is logged with its server too', () => {
    const proxy = bound()
    proxy.begin(toA)
    proxy.begin(toA).exchange.clientAborted()
    assert.deepEqual([proxy.record.server, proxy.record.termination, proxy.record.status], ['a', 'CQ--', -1])
  })
})

describe('an exchange whose server goes while it waits', () => {
  test('goes to another one, which counts as a redispatch and no retry', () => {
    const proxy = bound()
    proxy.begin(toA)
    proxy.begin(toA)
    proxy.backend.server('a').maintenance()
    proxy.try.connect().respond(200, '')
    const { server, redispatched, retries, termination } = proxy.record
    assert.deepEqual([server, redispatched, retries, termination], ['b', true, 0, '----'])
    assert.deepEqual([proxy.backend.server('a').counters.redispatches, proxy.backend.counters.redispatches], [1, 1])
  })

  test('is logged without server when it waits for any in vain', () => {
    const proxy = bound()
    for (let i = 0; i < 2; i++) proxy.begin(toA)
    proxy.begin()
    proxy.backend.server('a').drain()
    proxy.clock.advance(500)
    const { server, redispatched, termination } = proxy.record
    assert.deepEqual([server, redispatched, termination], [null, true, 'sQ--'])
    assert.equal(proxy.backend.server('a').counters.connectionErrors, 0)
  })
})

test('the route that an exchange takes gives it its priority', () => {
  const clock = new VirtualClock()
  const tries: FakeTry[] = []
  const backend = new Backend('app', { clock, servers: { a: { address: '127.0.0.1:1', maxConnections: 1 } } })
  backend.server('a').transport = new FakeTransport('a', tries)
  const urgent = { backend, when: header('x-fast').exists(), priority: { class: -1 } }
  const proxy = new FakeProxy({ frontend: { routes: [urgent], defaultBackend: backend }, backend: { clock } })
  for (const extra of [[], ['X-Slow', '1'], ['X-Fast', '1']]) proxy.begin({ fields: ['Host', 'a.test', ...extra] })
  tries.at(-1)?.connect().respond(200, '')
  assert.ok(tries.at(-1)?.fields.includes('X-Fast'))
})

test('an exchange counts among its backend’s traffic until its slot is passed on', () => {
  const proxy = bound({ fullConnections: 2 }, { minConnections: 1, maxConnections: 2 })
  const first = proxy.begin(toA)
  proxy.begin(toA)
  assert.equal(proxy.backend.server('a').slots, 2)
  first.exchange.clientAborted()
  assert.deepEqual([proxy.backend.server('a').slots, proxy.backend.counters.sessions.current], [1, 1])
})
