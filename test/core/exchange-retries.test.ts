import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ExchangeRecord } from '../../src/core/exchange-record.js'
import { FakeProxy, withLength } from '../support/fake-proxy.js'

const alone = { servers: { a: '127.0.0.1:1' } }

/** The parts of a record that say how it ended. */
function outcome({ status, termination, failure }: ExchangeRecord) {
  return [status, termination, failure]
}

describe('a refused connection', () => {
  test('sends the request to another server at once', () => {
    const proxy = new FakeProxy()
    proxy.begin()
    const [first] = proxy.tries
    first?.fail('connect-refused')
    assert.equal(proxy.tries.length, 2)
    assert.notEqual(proxy.try.server, first?.server)
    proxy.try.connect().respond(200, '')
    const { status, retries, redispatched } = proxy.record
    assert.deepEqual({ status, retries, redispatched }, { status: 200, retries: 1, redispatched: true })
    assert.equal(proxy.backend.server(String(first?.server)).counters.redispatches, 1)
  })

  test('is repeated after a second where there is one server, or sooner with less time to connect', () => {
    for (const [connect, pause] of [
      [5000, 1000],
      [400, 400],
    ] as const) {
      const proxy = new FakeProxy({ backend: { ...alone, timeout: { connect } } })
      proxy.begin()
      for (let tries = 1; tries <= 3; tries++) {
        proxy.try.fail('connect-refused')
        proxy.clock.advance(pause - 1)
        assert.equal(proxy.tries.length, tries)
        proxy.clock.advance(1)
        assert.equal(proxy.tries.length, tries + 1)
      }
      proxy.try.fail('connect-refused')
      assert.deepEqual(outcome(proxy.record), [503, 'SC--', 'connect-refused'])
      const { retries, redispatched, Tc, Ta } = proxy.record
      assert.deepEqual({ retries, redispatched, Tc, Ta }, { retries: 3, redispatched: false, Tc: -1, Ta: 3 * pause })
      assert.equal(proxy.backend.server('a').counters.retries, 3)
    }
  })

  test('counts its pauses as Tc when a later try connects', () => {
    const proxy = new FakeProxy({ backend: { ...alone, timeout: { connect: 400 } } })
    proxy.begin()
    proxy.try.fail('connect-refused')
    proxy.clock.advance(400)
    proxy.clock.advance(10)
    proxy.try.connect().respond(200, '')
    assert.deepEqual([proxy.record.Tw, proxy.record.Tc], [0, 410])
  })

  test('stays with its server without redispatch, other servers or not', () => {
    const proxy = new FakeProxy({ backend: { redispatch: false, timeout: { connect: 100 } } })
    proxy.begin()
    for (let tries = 1; tries <= 3; tries++) {
      proxy.try.fail('connect-refused')
      proxy.clock.advance(100)
    }
    assert.equal(new Set(proxy.tries.map(({ server }) => server)).size, 1)
    assert.equal(proxy.tries.length, 4)
  })

  test('is final with retries 0', () => {
    const proxy = new FakeProxy({ backend: { retries: 0 } })
    const { client } = proxy.begin()
    proxy.try.fail('connect-refused', { cause: new Error('connect ECONNREFUSED') })
    assert.equal(client.last, 'respond 503 whole')
    assert.equal(proxy.record.error, 'connect ECONNREFUSED')
  })

  test('frees the slot before the other server is asked', () => {
    const proxy = new FakeProxy()
    proxy.begin()
    proxy.tries[0]?.fail('connect-refused')
    const { server } = proxy.try
    assert.deepEqual(
      proxy.backend.servers.map(({ name, served }) => [name, served]),
      ['a', 'b'].map((name) => [name, name === server ? 1 : 0]),
    )
  })

  test('of which the client hears nothing costs it the pause, if it stays', () => {
    const proxy = new FakeProxy({ backend: { ...alone, timeout: { connect: 400 } } })
    const { exchange } = proxy.begin()
    proxy.try.fail('connect-refused')
    exchange.clientAborted()
    proxy.clock.advance(400)
    assert.equal(proxy.tries.length, 1, 'nobody is there to try for')
    assert.equal(proxy.backend.server('a').served, 0)
    assert.deepEqual(outcome(proxy.record), [-1, 'CC--', 'client-aborted'])
  })
})

test('a connection that was not made in time is tried again without a pause', () => {
  const proxy = new FakeProxy({ backend: alone })
  proxy.begin()
  for (let retry = 1; retry <= 3; retry++) proxy.try.fail('connect-timeout')
  assert.equal(proxy.tries.length, 4)
  proxy.try.fail('connect-timeout')
  assert.deepEqual(outcome(proxy.record), [503, 'sC--', 'connect-timeout'])
})

describe('a reused connection that dies before an answer', () => {
  for (const method of ['GET', 'PUT', 'DELETE']) {
    test(`is replaced for ${method}, body and all`, () => {
      const proxy = new FakeProxy()
      const { client, exchange } = proxy.begin({ method, fields: withLength(10) })
      proxy.try.connect(true)
      exchange.clientData('12345')
      exchange.clientData(Buffer.from('67890'))
      exchange.clientEnd(undefined)
      proxy.try.die(true)
      assert.equal(proxy.tries.length, 2)
      assert.deepEqual([proxy.try.body, proxy.try.hasEnded], ['1234567890', true])
      assert.notEqual(proxy.try.server, proxy.tries[0]?.server)
      proxy.try.connect().respond(200, '')
      assert.equal(client.last, 'respond 200 whole')
      assert.equal(proxy.record.retries, 1)
    })
  }

  test('is replaced by one to the same server where there is no other', () => {
    const proxy = new FakeProxy({ backend: alone })
    proxy.begin()
    proxy.try.connect(true).die(true)
    assert.deepEqual([proxy.tries.length, proxy.try.server], [2, 'a'])
  })

  test('takes the rest of an upload along to the next try', () => {
    const proxy = new FakeProxy()
    const { client, exchange } = proxy.begin({ method: 'PUT', fields: withLength(10) })
    proxy.try.connect(true)
    exchange.clientData('12345')
    proxy.try.die(true)
    assert.deepEqual([proxy.try.body, proxy.try.hasEnded, client.last], ['12345', false, 'pause'])
    proxy.try.connect()
    assert.equal(client.last, 'resume')
    exchange.clientData('67890')
    exchange.clientEnd(undefined)
    assert.deepEqual([proxy.try.body, proxy.try.hasEnded], ['1234567890', true])
  })

  test('leaves nothing of its fullness to the next try', () => {
    const proxy = new FakeProxy({ frontend: { timeout: { client: 200 } } })
    const { client, exchange } = proxy.begin({ method: 'PUT', fields: withLength(10) })
    proxy.try.connect(true)
    proxy.try.takesMore = false
    exchange.clientData('12345')
    proxy.try.die(true)
    proxy.try.connect()
    proxy.clock.advance(200)
    assert.equal(client.last, 'respond 408 whole', 'it was the client’s turn')
  })

  test('is the end of a POST: 502, and no second server sees it', () => {
    const proxy = new FakeProxy()
    const { client, exchange } = proxy.begin({ method: 'POST', fields: withLength(2) })
    proxy.try.connect(true)
    exchange.clientData('ab')
    exchange.clientEnd(undefined)
    proxy.try.die(true)
    assert.equal(proxy.tries.length, 1)
    assert.equal(client.last, 'respond 502 whole')
    assert.deepEqual(outcome(proxy.record), [502, 'SH--', 'server-closed'])
  })

  test('is the end of a PUT whose body was more than 16 KiB', () => {
    for (const [length, tries] of [
      [16 * 1024, 2],
      [16 * 1024 + 1, 1],
    ] as const) {
      const proxy = new FakeProxy()
      const { exchange } = proxy.begin({ method: 'PUT', fields: withLength(length) })
      proxy.try.connect(true)
      exchange.clientData('x'.repeat(16 * 1024))
      if (length > 16 * 1024) exchange.clientData('y')
      proxy.try.die(true)
      assert.equal(proxy.tries.length, tries)
    }
  })

  test('is the end of it when a response had begun', () => {
    const proxy = new FakeProxy()
    const { client } = proxy.begin()
    proxy.try.connect(true).respond(200).data('x').die(true)
    assert.equal(proxy.tries.length, 1)
    assert.equal(client.last, 'abort')
    assert.deepEqual(outcome(proxy.record), [200, 'SD--', 'server-lost'])
  })

  test('has no Tc in the log when no later try connects', () => {
    const proxy = new FakeProxy({ backend: { ...alone, retries: 1 } })
    proxy.begin()
    proxy.clock.advance(3)
    proxy.try.connect(true).die(true)
    proxy.try.fail('connect-refused')
    assert.deepEqual([proxy.record.Tc, proxy.record.termination], [-1, 'SC--'])
  })
})

test('a fresh connection that dies before an answer is not repeated', () => {
  const proxy = new FakeProxy()
  const { client } = proxy.begin()
  proxy.try.connect(false).die(false)
  assert.equal(proxy.tries.length, 1)
  assert.equal(client.last, 'respond 502 whole')
})
