import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ExchangeRecord } from '../../src/core/exchange-record.js'
import { RawResponseHead } from '../../src/core/message/raw-head.js'
import type { Server } from '../../src/core/server.js'
import { FakeProxy, withLength } from '../support/fake-proxy.js'

/** One server that takes one exchange at a time. */
const narrow = { servers: { a: { address: '127.0.0.1:1', maxConnections: 1 } } }

/** The parts of a record that say how it ended. */
function outcome({ status, termination, failure }: ExchangeRecord) {
  return [status, termination, failure]
}

describe('an exchange that nothing befalls', () => {
  test('passes request and response on, in one piece where they came in one', () => {
    const proxy = new FakeProxy()
    const { client } = proxy.begin()
    assert.deepEqual([proxy.try.hasEnded, proxy.try.body], [true, ''])
    proxy.try.connect().respond(200, 'hello')
    assert.deepEqual(client.orders, ['respond 200 whole'])
    assert.equal(client.body, 'hello')
    assert.deepEqual(outcome(proxy.record), [200, '----', null])
  })

  test('streams a body each way', () => {
    const proxy = new FakeProxy()
    const { client, exchange } = proxy.begin({ method: 'POST', fields: withLength(6) })
    assert.deepEqual([client.flow, proxy.try.hasEnded], [[], false], 'the body waits for a connection')
    proxy.try.connect()
    assert.deepEqual(client.flow, ['resume'])
    exchange.clientData('abc')
    exchange.clientData('def')
    exchange.clientEnd(undefined)
    assert.deepEqual([proxy.try.body, proxy.try.hasEnded], ['abcdef', true])
    proxy.try.respond(201).data('x').data('y').finish()
    assert.deepEqual(client.orders.slice(1), ['respond 201', 'write', 'write', 'end'])
    assert.deepEqual([proxy.record.bytesIn, proxy.record.bytesOut], [6, 2])
  })

  test('tells its times: TR, Tw, Tc, Tr, Ta', () => {
    const proxy = new FakeProxy()
    proxy.begin({ age: 30 })
    proxy.clock.advance(5)
    proxy.try.connect()
    proxy.clock.advance(40)
    proxy.try.respond(200)
    proxy.clock.advance(100)
    proxy.try.finish()
    const { TR, Tw, Tc, Tr, Ta } = proxy.record
    assert.deepEqual({ TR, Tw, Tc, Tr, Ta }, { TR: 30, Tw: 0, Tc: 5, Tr: 40, Ta: 175 })
  })

  test('counts its wait in a queue as Tw', () => {
    const proxy = new FakeProxy({ backend: narrow })
    proxy.begin()
    proxy.begin()
    proxy.clock.advance(70)
    proxy.try.connect().respond(200, '')
    assert.equal(proxy.tries.length, 2)
    proxy.clock.advance(3)
    proxy.try.connect().respond(200, '')
    const { Tw, Tc, Ta } = proxy.record
    assert.deepEqual({ Tw, Tc, Ta }, { Tw: 70, Tc: 3, Ta: 73 })
  })

  test('leaves no timer behind once its connection is closed', () => {
    const proxy = new FakeProxy()
    const { client } = proxy.begin()
    proxy.try.connect().respond(200, 'x')
    client.deadline.cancel()
    assert.equal(proxy.clock.timers, 0)
  })
})

describe('back-pressure', () => {
  test('stops the server while the client takes no more, and lets it go on after', () => {
    const proxy = new FakeProxy()
    const { client, exchange } = proxy.begin()
    proxy.try.connect().respond(200)
    client.takesMore = false
    proxy.try.data('x')
    exchange.clientDrained()
    exchange.clientDrained()
    assert.deepEqual(proxy.try.orders, ['send', 'pause', 'resume'])
  })

  test('stops the client while the server takes no more, and lets it go on after', () => {
    const proxy = new FakeProxy()
    const { client, exchange } = proxy.begin({ method: 'POST', fields: withLength(10) })
    proxy.try.connect()
    proxy.try.takesMore = false
    exchange.clientData('12345')
    proxy.try.listener.serverDrained()
    proxy.try.listener.serverDrained()
    assert.deepEqual(client.flow, ['resume', 'pause', 'resume'])
  })
})

test('each try sees edits of its own server and none of the one before', () => {
  const proxy = new FakeProxy({ backend: { host: 'server', sendServerName: 'X-Server' } })
  proxy.begin({ fields: ['Host', 'a.test', 'X-Server', 'forged'] })
  proxy.try.fail('connect-refused')
  const [first, second] = proxy.tries
  const expected = (server: string | undefined) => {
    return ['Host', server === 'a' ? '127.0.0.1:1' : '127.0.0.1:2', 'X-Server', server]
  }
  assert.deepEqual(first?.fields, expected(first?.server))
  assert.deepEqual(second?.fields, expected(second?.server))
})

describe('callbacks that throw', () => {
  test('a condition: 500, and a fault', () => {
    const boom = (): boolean => {
      throw new Error('boom')
    }
    const proxy: FakeProxy = new FakeProxy()
    const routed = new FakeProxy({
      frontend: { routes: [{ backend: proxy.backend, when: boom }], defaultBackend: proxy.backend, clock: proxy.clock },
    })
    const { client } = routed.begin()
    assert.equal(client.last, 'respond 500 whole')
    assert.deepEqual(outcome(routed.record), [500, 'IR--', 'callback-failed'])
    assert.equal(routed.faults.length, 1)
    assert.equal(routed.frontend.counters.internalErrors, 1)
  })

  for (const method of ['pick', 'onTake', 'onRelease'] as const) {
    test(`a balancer’s ${method}: a fault, and nothing else is harmed`, () => {
      let isBroken = true
      const fail = (): void => {
        if (isBroken) throw new Error('boom')
      }
      const balance = {
        algorithm: 'own',
        servers: [] as readonly Server[],
        rebuild(servers: readonly Server[]) {
          this.servers = servers
        },
        pick() {
          if (method === 'pick') fail()
          return this.servers[0]
        },
        onTake: () => method === 'onTake' && fail(),
        onRelease: () => method === 'onRelease' && fail(),
      }
      const proxy = new FakeProxy({ backend: { balance } })
      const { client } = proxy.begin()
      if (method === 'pick') assert.deepEqual(outcome(proxy.record), [500, 'IQ--', 'callback-failed'])
      else proxy.try.connect().respond(200, '')
      assert.equal(client.last, method === 'pick' ? 'respond 500 whole' : 'respond 200 whole')
      assert.deepEqual(proxy.faults, ['balancer of backends.app'])
      assert.equal(proxy.backend.server('a').served, 0)
      isBroken = false
      const next = proxy.begin()
      proxy.try.connect().respond(200, '')
      assert.equal(next.client.last, 'respond 200 whole')
    })
  }
})

test('a late event after the end does nothing', () => {
  const stream = { destroyed: false }
  const ends: readonly ((proxy: FakeProxy, exchange: ReturnType<FakeProxy['begin']>['exchange']) => void)[] = [
    (proxy) => proxy.try.connect().respond(200, 'x'),
    (proxy) => proxy.try.connect().respond(200).finish(),
    (proxy) => proxy.try.connect().fail('bad-response', { sent: true }),
    (_proxy, exchange) => exchange.clientAborted(),
    (proxy) => {
      proxy.try.connect()
      proxy.clock.advance(60_000)
    },
  ]
  for (const end of ends) {
    const proxy = new FakeProxy()
    const { client, exchange } = proxy.begin({ method: 'POST', fields: withLength(50) })
    const attempt = proxy.try
    end(proxy, exchange)
    assert.equal(proxy.records.length, 1)
    const before = JSON.stringify([client.orders, client.body, proxy.frontend.counters, proxy.backend.counters])
    attempt.connect()
    exchange.clientData('late')
    exchange.clientEnd(undefined)
    exchange.clientDrained()
    attempt.listener.serverDrained()
    attempt.listener.serverInformational(new RawResponseHead(103, 'Early Hints', [], 'GET'))
    attempt.respond(500, 'late')
    attempt.respond(500).data('late')
    attempt.finish()
    attempt.die(true)
    attempt.fail('connect-refused')
    stream.destroyed = attempt.tunnel().destroyed
    exchange.clientFailed()
    exchange.clientAborted()
    exchange.shutDown()
    proxy.clock.advance(120_000)
    assert.equal(JSON.stringify([client.orders, client.body, proxy.frontend.counters, proxy.backend.counters]), before)
    assert.deepEqual([proxy.records.length, proxy.tries.length, stream.destroyed], [1, 1, true])
    assert.deepEqual(
      proxy.backend.servers.map(({ served }) => served),
      [0, 0],
    )
  }
})
