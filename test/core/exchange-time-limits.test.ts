import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ExchangeRecord } from '../../src/core/exchange-record.js'
import { FakeProxy, withLength } from '../support/fake-proxy.js'

const alone = { servers: { a: '127.0.0.1:1' } }

/** One server that takes one exchange at a time. */
const narrow = { servers: { a: { address: '127.0.0.1:1', maxConnections: 1 } } }

/** The parts of a record that say how it ended. */
function outcome({ status, termination, failure }: ExchangeRecord) {
  return [status, termination, failure]
}

describe('the time in a queue', () => {
  test('ends at its limit, to the millisecond, with 503 and sQ', () => {
    const proxy = new FakeProxy({ backend: { ...narrow, timeout: { queue: 500 } } })
    proxy.begin()
    const { client } = proxy.begin()
    proxy.clock.advance(499)
    assert.deepEqual(client.orders, [])
    proxy.clock.advance(1)
    assert.deepEqual(client.orders, ['respond 503 whole'])
    assert.deepEqual(outcome(proxy.record), [503, 'sQ--', 'queue-timeout'])
    assert.deepEqual([proxy.record.server, proxy.record.Tw, proxy.record.Ta], [null, 500, 500])
    assert.equal(proxy.backend.queue.length, 0)
  })

  test('is that of a connection attempt where nothing else is said', () => {
    const proxy = new FakeProxy({ backend: { ...narrow, timeout: { connect: 250 } } })
    proxy.begin()
    const { client } = proxy.begin()
    proxy.clock.advance(249)
    assert.deepEqual(client.orders, [])
    proxy.clock.advance(1)
    assert.equal(client.last, 'respond 503 whole')
  })

  test('does not count against the server once a slot is granted', () => {
    const proxy = new FakeProxy({ backend: { ...narrow, timeout: { queue: 500, server: 300 } } })
    proxy.begin()
    const { client } = proxy.begin()
    proxy.clock.advance(499)
    proxy.tries[0]?.connect().respond(200, '')
    proxy.try.connect()
    proxy.clock.advance(299)
    assert.deepEqual(client.orders, [])
    proxy.clock.advance(1)
    assert.equal(client.last, 'respond 504 whole')
  })
})

describe('a server’s silence', () => {
  test('before the response ends at the limit with 504 and sH', () => {
    const proxy = new FakeProxy({ backend: { timeout: { server: 300 } } })
    const { client } = proxy.begin()
    proxy.try.connect()
    proxy.clock.advance(299)
    assert.deepEqual(client.orders, [])
    proxy.clock.advance(1)
    assert.deepEqual(client.orders, ['respond 504 whole'])
    assert.equal(proxy.try.isAborted, true)
    assert.deepEqual(outcome(proxy.record), [504, 'sH--', 'server-timeout'])
    assert.deepEqual([proxy.record.Tc, proxy.record.Tr, proxy.record.Ta], [0, -1, 300])
  })

  test('within the response breaks the client’s connection with sD', () => {
    const proxy = new FakeProxy({ backend: { timeout: { server: 300 } } })
    const { client } = proxy.begin()
    proxy.try.connect().respond(200)
    proxy.clock.advance(200)
    proxy.try.data('x')
    proxy.clock.advance(299)
    assert.equal(client.last, 'write')
    proxy.clock.advance(1)
    assert.equal(client.last, 'abort')
    assert.deepEqual(outcome(proxy.record), [200, 'sD--', 'server-timeout'])
  })

  test('does not count while the client is to take what came', () => {
    const proxy = new FakeProxy({ backend: { timeout: { server: 300 } }, frontend: { timeout: { client: 1000 } } })
    const { client, exchange } = proxy.begin()
    client.takesMore = false
    proxy.try.connect().respond(200).data('x')
    proxy.clock.advance(999)
    assert.equal(client.last, 'write')
    exchange.clientDrained()
    proxy.clock.advance(299)
    assert.equal(client.last, 'write')
    proxy.clock.advance(1)
    assert.equal(client.last, 'abort')
  })

  test('does not count while a connection is made, even for another try', () => {
    const proxy = new FakeProxy({ backend: { ...alone, timeout: { server: 300, connect: 5000 } } })
    const { client } = proxy.begin()
    proxy.try.connect(true).die(true)
    proxy.clock.advance(4000)
    assert.deepEqual(client.orders, [])
    proxy.try.connect()
    proxy.clock.advance(299)
    assert.deepEqual(client.orders, [])
    proxy.clock.advance(1)
    assert.equal(client.last, 'respond 504 whole')
  })

  test('has no limit with timeout 0', () => {
    const proxy = new FakeProxy({ backend: { timeout: { server: 0 } } })
    const { client } = proxy.begin()
    proxy.try.connect()
    proxy.clock.advance(1e9)
    assert.deepEqual(client.orders, [])
  })
})

describe('a client’s silence', () => {
  test('in its upload ends with 408 and cH', () => {
    const proxy = new FakeProxy({ frontend: { timeout: { client: 200 } } })
    const { client, exchange } = proxy.begin({ method: 'POST', fields: withLength(10) })
    proxy.try.connect()
    proxy.clock.advance(150)
    exchange.clientData('12345')
    proxy.clock.advance(199)
    assert.deepEqual(client.orders, ['resume'])
    proxy.clock.advance(1)
    assert.equal(client.last, 'respond 408 whole')
    assert.deepEqual(outcome(proxy.record), [408, 'cH--', 'client-timeout'])
  })

  test('in its upload is the server’s silence where the server has less time', () => {
    const proxy = new FakeProxy({ frontend: { timeout: { client: 900 } }, backend: { timeout: { server: 300 } } })
    const { client } = proxy.begin({ method: 'POST', fields: withLength(10) })
    proxy.try.connect()
    proxy.clock.advance(300)
    assert.equal(client.last, 'respond 504 whole')
    assert.equal(proxy.record.termination, 'sH--')
  })

  test('does not count while the server takes no more of the upload', () => {
    const proxy = new FakeProxy({ frontend: { timeout: { client: 200 } }, backend: { timeout: { server: 900 } } })
    const { client, exchange } = proxy.begin({ method: 'POST', fields: withLength(10) })
    proxy.try.connect()
    proxy.try.takesMore = false
    exchange.clientData('12345')
    proxy.clock.advance(899)
    assert.equal(client.last, 'pause')
    proxy.clock.advance(1)
    assert.equal(client.last, 'respond 504 whole')
  })

  test('when it takes nothing of the response breaks its connection with cD', () => {
    const proxy = new FakeProxy({ frontend: { timeout: { client: 200 } } })
    const { client } = proxy.begin()
    client.takesMore = false
    proxy.try.connect().respond(200)
    assert.deepEqual(proxy.try.orders, ['send', 'pause'])
    proxy.clock.advance(199)
    assert.equal(client.last, 'respond 200')
    proxy.clock.advance(1)
    assert.equal(client.last, 'abort')
    assert.deepEqual(outcome(proxy.record), [200, 'cD--', 'client-timeout'])
    assert.equal(proxy.try.isAborted, true)
  })
})
