import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RawResponseHead } from '../../src/core/message/raw-head.js'
import { FakeProxy, withLength } from '../support/fake-proxy.js'

const expecting = { method: 'POST', fields: [...withLength(5), 'Expect', '100-continue'] }
const times = { frontend: { timeout: { client: 300 } }, backend: { retries: 0, timeout: { server: 500 } } }
const continues = new RawResponseHead(100, 'Continue', [], 'POST')

describe('a client that expects 100 Continue', () => {
  test('gets the server’s, and may send its body before', () => {
    const proxy = new FakeProxy()
    const { client, exchange } = proxy.begin(expecting)
    proxy.try.connect()
    assert.deepEqual(client.orders, ['resume'])
    exchange.clientData('he')
    proxy.try.listener.serverInformational(continues)
    exchange.clientData('llo')
    exchange.clientEnd(undefined)
    assert.deepEqual(client.orders, ['resume', 'informational 100'])
    assert.equal(proxy.try.body, 'hello')
  })

  test('gets one from here, where the transport can’t ask the server', () => {
    const proxy = new FakeProxy({ capabilities: { expectContinue: false } })
    const { client } = proxy.begin(expecting)
    assert.deepEqual(client.orders, [], 'nothing before there is a connection')
    proxy.try.connect()
    assert.deepEqual(client.orders, ['informational 100', 'resume'])
    assert.ok(!proxy.try.fields.includes('Expect'))
  })

  test('is not told of it again from here when it has no body to send', () => {
    const proxy = new FakeProxy({ capabilities: { expectContinue: false } })
    const { client } = proxy.begin({ method: 'GET', fields: ['Host', 'a.test', 'Expect', '100-continue'] })
    proxy.try.connect()
    assert.deepEqual(client.orders, [])
    assert.ok(!proxy.try.fields.includes('Expect'))
  })

  test('has any other expectation kept from a transport that has no word for it', () => {
    const proxy = new FakeProxy({ capabilities: { expectContinue: false } })
    const { client } = proxy.begin({ method: 'POST', fields: [...withLength(5), 'Expect', 'tea'] })
    proxy.try.connect()
    assert.deepEqual([client.orders, proxy.try.fields.includes('Expect')], [['resume'], false])
  })
})

describe('while a client waits for 100 Continue', () => {
  test('it is the server’s turn', () => {
    const proxy = new FakeProxy(times)
    proxy.begin(expecting)
    proxy.try.connect()
    proxy.clock.advance(499)
    assert.equal(proxy.records.length, 0)
    proxy.clock.advance(1)
    assert.deepEqual([proxy.record.status, proxy.record.termination], [504, 'sH--'])
  })

  test('it is the client’s turn once the 100 has come', () => {
    const proxy = new FakeProxy(times)
    proxy.begin(expecting)
    proxy.try.connect()
    proxy.clock.advance(400)
    proxy.try.listener.serverInformational(continues)
    proxy.clock.advance(299)
    assert.equal(proxy.records.length, 0)
    proxy.clock.advance(1)
    assert.deepEqual([proxy.record.status, proxy.record.termination], [408, 'cH--'])
  })

  test('it is the client’s turn once it has begun its body', () => {
    const proxy = new FakeProxy(times)
    const { exchange } = proxy.begin(expecting)
    proxy.try.connect()
    exchange.clientData('he')
    proxy.clock.advance(300)
    assert.deepEqual([proxy.record.status, proxy.record.termination], [408, 'cH--'])
  })
})
