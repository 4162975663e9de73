import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ExchangeRecord } from '../../src/core/exchange-record.js'
import { FakeProxy, withLength } from '../support/fake-proxy.js'

/** One server that takes one exchange at a time. */
const narrow = { servers: { a: { address: '127.0.0.1:1', maxConnections: 1 } } }

/** The parts of a record that say how it ended. */
function outcome({ status, termination, failure }: ExchangeRecord) {
  return [status, termination, failure]
}

describe('the status and the termination state', () => {
  const cases: readonly [string, (proxy: FakeProxy) => void, readonly unknown[]][] = [
    ['no route', (proxy) => proxy.begin(), [503, 'SC--', 'no-route']],
    [
      'a body without a server that could take it',
      (proxy) => {
        for (const server of proxy.backend.servers) server.maintenance()
        proxy.begin({ method: 'POST', fields: withLength(2) })
      },
      [503, 'SC--', 'no-server'],
    ],
    ['an empty response', (proxy) => begun(proxy).connect().die(), [502, 'SH--', 'server-closed']],
    [
      'a response that is no HTTP',
      (proxy) => begun(proxy).connect().fail('bad-response', { sent: true }),
      [502, 'PH--', 'bad-response'],
    ],
    [
      'a request that no transport can carry',
      (proxy) => begun(proxy).fail('unsupported'),
      [501, 'PR--', 'unsupported'],
    ],
    ['an internal error', (proxy) => begun(proxy).fail('internal'), [500, 'IC--', 'internal']],
    ['a malformed request', (proxy) => proxy.exchange().exchange.refuse('bad-request'), [400, 'PR--', 'bad-request']],
    [
      'a head that is too large',
      (proxy) => proxy.exchange().exchange.refuse('head-too-large'),
      [431, 'PR--', 'head-too-large'],
    ],
    ['two Host fields', (proxy) => proxy.begin({ fields: ['Host', 'a', 'Host', 'b'] }), [400, 'PR--', 'bad-request']],
    [
      'a malformed body',
      (proxy) => {
        const { exchange } = proxy.begin({ method: 'POST', fields: withLength(5) })
        proxy.try.connect()
        exchange.clientFailed()
      },
      [400, 'PR--', 'bad-request'],
    ],
    [
      'a client that left while connecting',
      (proxy) => proxy.begin().exchange.clientAborted(),
      [-1, 'CC--', 'client-aborted'],
    ],
    [
      'a client that left before the response',
      (proxy) => {
        const { exchange } = proxy.begin()
        proxy.try.connect()
        exchange.clientAborted()
      },
      [-1, 'CH--', 'client-aborted'],
    ],
    [
      'a client that left within the response',
      (proxy) => {
        const { exchange } = proxy.begin()
        proxy.try.connect().respond(200)
        exchange.clientAborted()
      },
      [200, 'CD--', 'client-aborted'],
    ],
    [
      'a shutdown before the response',
      (proxy) => {
        const { exchange } = proxy.begin()
        proxy.try.connect()
        exchange.shutDown()
      },
      [503, 'KH--', 'shutdown'],
    ],
    [
      'a shutdown within the response',
      (proxy) => {
        const { exchange } = proxy.begin()
        proxy.try.connect().respond(200)
        exchange.shutDown()
      },
      [200, 'KD--', 'shutdown'],
    ],
  ]

  for (const [what, act, expected] of cases) {
    test(`of ${what}: ${expected[0]}, ${expected[1]}`, () => {
      const hasNoRoute = expected[2] === 'no-route'
      const proxy = new FakeProxy(hasNoRoute ? { frontend: { routes: [], defaultBackend: undefined as never } } : {})
      act(proxy)
      assert.equal(proxy.records.length, 1)
      assert.deepEqual(outcome(proxy.record), expected)
      assert.deepEqual(
        proxy.backend.servers.map(({ served }) => served),
        [0, 0],
      )
      assert.equal(proxy.backend.counters.sessions.current, 0)
    })
  }

  test('of a client that left its queue: CQ, and its place is free', () => {
    const proxy = new FakeProxy({ backend: narrow })
    proxy.begin()
    const { client, exchange } = proxy.begin()
    exchange.clientAborted()
    assert.deepEqual(outcome(proxy.record), [-1, 'CQ--', 'client-aborted'])
    assert.equal(proxy.backend.queue.length, 0)
    proxy.try.connect().respond(200, '')
    assert.deepEqual([proxy.tries.length, client.orders], [1, []])
  })

  test('of a response that the client’s carrier can’t send: 502, PH', () => {
    const proxy = new FakeProxy()
    const { client } = proxy.begin()
    client.refusal = new TypeError('Invalid character in header content')
    proxy.try.connect().respond(200, 'x')
    assert.deepEqual(client.orders, ['respond 502 whole'])
    assert.deepEqual(outcome(proxy.record), [502, 'PH--', 'bad-response'])
    assert.equal(proxy.record.error, 'Invalid character in header content')
    assert.deepEqual(proxy.frontend.counters.responses, proxy.backend.counters.responses)
  })
})

/** A request on its way; its try. */
function begun(proxy: FakeProxy) {
  proxy.begin()
  return proxy.try
}
