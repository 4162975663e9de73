import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RawResponseHead } from '../../src/core/message/raw-head.js'
import { FakeProxy, withLength } from '../support/fake-proxy.js'

const alone = { servers: { a: '127.0.0.1:1' } }

describe('what an exchange counts', () => {
  test('are requests, those refused included', () => {
    const proxy = new FakeProxy()
    proxy.begin()
    proxy.exchange().exchange.refuse('bad-request')
    const { requests, requestErrors } = proxy.frontend.counters
    assert.deepEqual([requests, requestErrors], [2, 1])
  })

  test('are connections made and used again, on server and backend', () => {
    const proxy = new FakeProxy({ backend: alone })
    proxy.begin()
    proxy.try.connect(false).respond(200, '')
    proxy.begin()
    proxy.try.connect(true).respond(200, '')
    proxy.begin()
    proxy.try.connect(true).respond(200, '')
    for (const { counters } of [proxy.backend.server('a'), proxy.backend]) {
      assert.deepEqual([counters.connects, counters.reuses], [1, 2])
    }
  })

  test('are retries and redispatches, on server and backend', () => {
    const proxy = new FakeProxy({ backend: { ...alone, timeout: { connect: 10 } } })
    proxy.begin()
    proxy.try.fail('connect-refused')
    proxy.clock.advance(10)
    for (const { counters } of [proxy.backend.server('a'), proxy.backend]) assert.equal(counters.retries, 1)
    const free = new FakeProxy()
    free.begin()
    free.try.fail('connect-refused')
    assert.deepEqual([free.backend.counters.redispatches, free.backend.counters.retries], [1, 0])
  })

  test('are body bytes of each side, the first piece included', () => {
    const proxy = new FakeProxy()
    const { exchange } = proxy.begin({ method: 'POST', fields: withLength(5) })
    proxy.try.connect()
    exchange.clientData('hello')
    exchange.clientEnd(undefined)
    proxy.try.listener.serverHead(new RawResponseHead(200, '', ['Content-Length', '7'], 'POST'), 'abc', false)
    proxy.try.data('defg').finish()
    assert.deepEqual([proxy.record.bytesIn, proxy.record.bytesOut], [5, 7])
    for (const { counters } of [proxy.frontend, proxy.backend]) {
      assert.deepEqual([counters.bytesIn, counters.bytesOut], [5, 7])
    }
  })

  test('are no bytes of a response that could not go out', () => {
    const proxy = new FakeProxy()
    const { client } = proxy.begin()
    client.refusal = new TypeError('bad')
    proxy.try.connect().respond(200, 'hello')
    assert.equal(proxy.record.bytesOut, 0)
  })

  test('are trailer fields that the transport can’t carry', () => {
    for (const [requestTrailers, dropped] of [
      [true, 0],
      [false, 2],
    ] as const) {
      const proxy = new FakeProxy({ capabilities: { requestTrailers } })
      const { exchange } = proxy.begin({ method: 'POST', fields: ['Host', 'a.test', 'Transfer-Encoding', 'chunked'] })
      proxy.try.connect()
      exchange.clientEnd(['A', '1', 'B', '2'])
      assert.equal(proxy.frontend.counters.droppedTrailers, dropped)
    }
  })

  test('are failures, each on the side that it is of', () => {
    const proxy = new FakeProxy({ backend: { ...alone, retries: 0 } })
    const { counters } = proxy.backend.server('a')
    proxy.begin()
    proxy.try.fail('connect-refused')
    proxy.begin()
    proxy.try.connect().die()
    proxy.begin()
    proxy.try.connect().respond(200).die()
    const { exchange } = proxy.begin()
    proxy.try.connect()
    exchange.clientAborted()
    const { connectionErrors, responseErrors, serverAborts, clientAborts } = counters
    assert.deepEqual([connectionErrors, responseErrors, serverAborts, clientAborts], [1, 2, 1, 1])
    const { success, serverError, clientError } = proxy.backend.counters.responses
    assert.deepEqual([success, serverError, clientError], [1, 2, 0])
    // What the proxy answers itself is no response of the server.
    assert.deepEqual([counters.responses.success, counters.responses.serverError], [1, 0])
  })
})
