import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Balancer } from '../../src/balance/balancer.js'
import type { BackendOptions } from '../../src/core/backend-options.js'
import { FakeProxy, withLength } from '../support/fake-proxy.js'

/** What a balancer that takes servers in turn heard of the tries, one text each. */
function listen(options: Partial<BackendOptions> = {}) {
  const heard: string[] = []
  let turn = 0
  let candidates: Parameters<Balancer['rebuild']>[0] = []
  const balance: Balancer = {
    algorithm: 'own',
    rebuild(servers) {
      candidates = servers
    },
    pick: () => candidates[turn++ % candidates.length],
    onOutcome(server, outcome, milliseconds, now) {
      assert.equal(now, proxy.clock.now())
      heard.push(`${server.name} ${outcome} ${milliseconds}`)
    },
  }
  const proxy = new FakeProxy({ backend: { balance, ...options }, frontend: { mode: options.mode ?? 'http' } })
  return { proxy, heard }
}

describe('a balancer that times servers hears', () => {
  test('of a response the time from the request’s leaving to its head', () => {
    const { proxy, heard } = listen()
    proxy.begin()
    proxy.clock.advance(30)
    proxy.try.connect()
    proxy.clock.advance(40)
    proxy.try.respond(200)
    assert.deepEqual(heard, ['a response 40'])
    proxy.clock.advance(500)
    proxy.try.finish()
    assert.deepEqual(heard, ['a response 40'], 'the body makes no difference')
  })

  test('nothing of the time that a client takes to send a body', () => {
    const { proxy, heard } = listen()
    const { exchange } = proxy.begin({ method: 'POST', fields: withLength(3) })
    proxy.try.connect()
    proxy.clock.advance(5000)
    exchange.clientData('abc')
    exchange.clientEnd(undefined)
    proxy.clock.advance(25)
    proxy.try.respond(200, '')
    assert.deepEqual(heard, ['a response 25'])
  })

  test('nothing of a response that did not wait for the whole request', () => {
    const { proxy, heard } = listen()
    proxy.begin({ method: 'POST', fields: withLength(3) })
    proxy.try.connect()
    proxy.clock.advance(5000)
    proxy.try.respond(413, '')
    assert.deepEqual(heard, [])
  })

  test('of each failed try, and of the response after it on its own clock', () => {
    const { proxy, heard } = listen()
    proxy.begin()
    proxy.clock.advance(7)
    proxy.try.fail('connect-refused')
    assert.deepEqual(heard, ['a failure 7'])
    proxy.clock.advance(3)
    proxy.try.connect()
    proxy.clock.advance(20)
    proxy.try.respond(200, '')
    assert.deepEqual(heard, ['a failure 7', 'b response 20'])
  })

  test('of a server that is silent for too long, once', () => {
    const { proxy, heard } = listen({ retries: 0, timeout: { server: 900 } })
    proxy.begin()
    proxy.try.connect()
    proxy.clock.advance(900)
    assert.equal(proxy.record.failure, 'server-timeout')
    assert.deepEqual(heard, ['a failure 900'])
  })

  test('of a connection that breaks under a request; of a kept one only that it took so long', () => {
    const { proxy, heard } = listen({ retries: 0 })
    proxy.begin()
    proxy.try.connect()
    proxy.clock.advance(15)
    proxy.try.die()
    proxy.begin()
    proxy.try.connect(true)
    proxy.clock.advance(15)
    proxy.try.die(true)
    assert.deepEqual(heard, ['a failure 15', 'b none 15'])
  })

  test('of a client that leaves how long it waited', () => {
    const { proxy, heard } = listen()
    const { exchange } = proxy.begin()
    proxy.try.connect()
    proxy.clock.advance(120)
    exchange.clientAborted()
    assert.deepEqual(heard, ['a none 120'])
  })

  test('nothing of a client that leaves once the response has begun', () => {
    const { proxy, heard } = listen()
    const { exchange } = proxy.begin()
    proxy.try.connect().respond(200)
    proxy.clock.advance(120)
    exchange.clientAborted()
    assert.deepEqual(heard, ['a response 0'])
  })

  test('of a response that can’t be passed on that it is a failure', () => {
    const { proxy, heard } = listen({ retries: 0 })
    const { client } = proxy.begin()
    proxy.try.connect()
    proxy.clock.advance(10)
    client.refusal = new Error('no such head')
    proxy.try.respond(200, '')
    assert.deepEqual(heard, ['a failure 10'])
  })

  test('of a server error that it is a failure, but not of 501 and 505', () => {
    const { proxy, heard } = listen()
    for (const status of [500, 501, 503, 505, 404]) {
      proxy.begin()
      proxy.try.connect()
      proxy.clock.advance(5)
      proxy.try.respond(status, '')
    }
    assert.deepEqual(heard, ['a failure 5', 'b response 5', 'a failure 5', 'b response 5', 'a response 5'])
  })

  test('of a status that is to be tried again for that it is a failure', () => {
    const { proxy, heard } = listen({ retryOn: [404] })
    proxy.begin()
    proxy.try.connect()
    proxy.clock.advance(5)
    proxy.try.respond(404, '')
    proxy.clock.advance(3)
    proxy.try.connect()
    proxy.clock.advance(20)
    proxy.try.respond(200, '')
    assert.deepEqual(heard, ['a failure 5', 'b response 20'])
  })

  test('of a server that is silent for too long, and of the next one on its own clock', () => {
    const { proxy, heard } = listen({ retryOn: ['response-timeout'], timeout: { server: 900 } })
    proxy.begin()
    proxy.try.connect()
    proxy.clock.advance(900)
    proxy.try.connect()
    proxy.clock.advance(20)
    proxy.try.respond(200, '')
    assert.deepEqual(heard, ['a failure 900', 'b response 20'])
  })

  test('of an upgrade as of a response', () => {
    const { proxy, heard } = listen()
    proxy.begin()
    proxy.try.connect()
    proxy.clock.advance(12)
    proxy.try.tunnel(101).destroy()
    assert.deepEqual(heard, ['a response 12'])
  })

  test('in TCP mode how long connecting took, at each try', () => {
    const { proxy, heard } = listen({ mode: 'tcp' })
    proxy.beginTcp()
    proxy.clock.advance(30)
    proxy.try.fail('connect-timeout')
    proxy.clock.advance(8)
    proxy.try.connect().tunnel('tcp').destroy()
    assert.deepEqual(heard, ['a failure 30', 'b response 8'])
  })
})
