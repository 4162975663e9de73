import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RawResponseHead } from '../../src/core/message/raw-head.js'
import { FakeProxy, withLength } from '../support/fake-proxy.js'

const alone = { servers: { a: '127.0.0.1:1' } }
const narrow = { servers: { a: { address: '127.0.0.1:1', maxConnections: 1 } } }

/** The value of a field in a flat list. */
function field(fields: readonly string[], name: string): string | undefined {
  const at = fields.findIndex((text, index) => index % 2 === 0 && text === name)
  return at < 0 ? undefined : fields[at + 1]
}

describe('what passes through an exchange', () => {
  test('are informational responses', () => {
    const proxy = new FakeProxy()
    const { client } = proxy.begin()
    proxy.try.connect().listener.serverInformational(new RawResponseHead(103, 'Early Hints', [], 'GET'))
    proxy.try.respond(200, '')
    assert.deepEqual(client.orders, ['informational 103', 'respond 200 whole'])
  })

  test('is Via on both ways, where it is asked for', () => {
    const proxy = new FakeProxy({ frontend: { via: 'edge' } })
    const { client } = proxy.begin()
    proxy.try.connect().respond(200, '')
    assert.equal(field(proxy.try.fields, 'Via'), '1.1 edge')
    assert.equal(field(client.fields, 'Via'), '1.1 edge')
    const plain = new FakeProxy()
    const without = plain.begin()
    plain.try.connect().respond(200, '')
    assert.equal(field(plain.try.fields, 'Via'), undefined)
    assert.equal(field(without.client.fields, 'Via'), undefined)
  })

  test('is the client’s address, once, however many tries there are', () => {
    const proxy = new FakeProxy({ frontend: { forwardFor: true } })
    proxy.begin()
    proxy.try.fail('connect-refused')
    for (const { fields } of proxy.tries) assert.deepEqual(fields.slice(-2), ['X-Forwarded-For', '192.0.2.7'])
  })

  test('is no Expect where the transport can’t carry it', () => {
    for (const [expectContinue, expected] of [
      [true, '100-continue'],
      [false, undefined],
    ] as const) {
      const proxy = new FakeProxy({ capabilities: { expectContinue } })
      proxy.begin({ method: 'POST', fields: [...withLength(5), 'Expect', '100-continue'] })
      assert.equal(field(proxy.try.fields, 'Expect'), expected)
    }
  })

  test('is an error’s body, but not in the answer to HEAD', () => {
    for (const [method, body] of [
      ['GET', /No server is available/],
      ['HEAD', /^$/],
    ] as const) {
      const proxy = new FakeProxy({ backend: { servers: {} } })
      const { client } = proxy.begin({ method })
      assert.match(client.body, body)
      assert.notEqual(field(client.fields, 'Content-Length'), undefined)
    }
  })
})

describe('a connection that served before', () => {
  /** Whether the newest try may ride on one. */
  const mayReuse = (proxy: FakeProxy): boolean => proxy.try.request.mayReuse

  test('may carry a client’s first request only if it could be sent again', () => {
    for (const [method, expected] of [
      ['GET', true],
      ['POST', false],
    ] as const) {
      const proxy = new FakeProxy()
      proxy.begin({ method })
      assert.equal(mayReuse(proxy), expected, method)
    }
  })

  test('may carry any later request of that client', () => {
    const proxy = new FakeProxy()
    const session = proxy.session()
    for (const [index, expected] of [false, true].entries()) {
      proxy.begin({ method: 'POST', session })
      assert.equal(mayReuse(proxy), expected, `request ${index + 1}`)
      proxy.try.connect().respond(200, '')
    }
  })
})

describe('a request without a route', () => {
  test('is passed on where somebody else may take it, and leaves no trace', () => {
    const proxy = new FakeProxy({ frontend: { defaultBackend: undefined as never } })
    const { client, exchange } = proxy.exchange()
    let passed = 0
    exchange.start(() => passed++)
    exchange.clientAborted()
    assert.deepEqual([passed, client.orders, proxy.records], [1, [], []])
    assert.equal(proxy.frontend.counters.requests, 0)
  })
})

describe('an exchange in a queue that is dissolved', () => {
  test('asks again, and has its whole time to wait before it', () => {
    const proxy = new FakeProxy({ backend: { ...narrow, timeout: { queue: 500 } } })
    proxy.begin()
    const { client, exchange } = proxy.begin()
    proxy.clock.advance(400)
    proxy.backend.leaveQueue(exchange)
    exchange.queueMoved(proxy.backend.server('a'))
    assert.equal(proxy.backend.queue.length, 1)
    proxy.clock.advance(499)
    assert.deepEqual(client.orders, [])
    proxy.clock.advance(1)
    assert.equal(client.last, 'respond 503 whole')
    assert.equal(proxy.record.Tw, 900)
  })
})

describe('a turn', () => {
  test('is the server’s as soon as the upload is complete', () => {
    const proxy = new FakeProxy({ frontend: { timeout: { client: 200 } }, backend: { timeout: { server: 900 } } })
    const { client, exchange } = proxy.begin({ method: 'POST', fields: withLength(5) })
    proxy.try.connect()
    exchange.clientData('hello')
    exchange.clientEnd(undefined)
    proxy.clock.advance(899)
    assert.equal(client.last, 'resume')
    proxy.clock.advance(1)
    assert.equal(client.last, 'respond 504 whole')
  })

  test('is the client’s again as soon as the server takes more of its upload', () => {
    const proxy = new FakeProxy({ frontend: { timeout: { client: 200 } }, backend: { timeout: { server: 900 } } })
    const { client, exchange } = proxy.begin({ method: 'POST', fields: withLength(50) })
    proxy.try.connect()
    proxy.try.takesMore = false
    exchange.clientData('hello')
    proxy.clock.advance(800)
    proxy.try.listener.serverDrained()
    proxy.clock.advance(199)
    assert.equal(client.last, 'resume')
    proxy.clock.advance(1)
    assert.equal(client.last, 'respond 408 whole')
  })

  test('is the client’s where both have the same time', () => {
    const proxy = new FakeProxy({ frontend: { timeout: { client: 300 } }, backend: { timeout: { server: 300 } } })
    const { client } = proxy.begin({ method: 'POST', fields: withLength(50) })
    proxy.try.connect()
    proxy.clock.advance(300)
    assert.equal(client.last, 'respond 408 whole')
  })
})

describe('a redispatch', () => {
  test('leaves the server out that has just failed', () => {
    const servers = { a: '127.0.0.1:1', b: '127.0.0.1:2', c: '127.0.0.1:3' }
    const proxy = new FakeProxy({ backend: { servers, balance: 'first' } })
    proxy.begin()
    for (let retry = 1; retry <= 3; retry++) {
      const before = proxy.try.server
      proxy.try.fail('connect-refused')
      assert.notEqual(proxy.try.server, before)
    }
  })

  test('leads from a server that drains to the only other one, on the last retry', () => {
    const proxy = new FakeProxy({ backend: { retries: 1 } })
    proxy.begin()
    const { server } = proxy.try
    proxy.backend.server(server).drain()
    proxy.try.fail('connect-refused')
    assert.equal(proxy.tries.length, 2)
    assert.notEqual(proxy.try.server, server)
  })

  test('that finds nobody waits in the queue, and counts as such', () => {
    const servers = {
      a: { address: '127.0.0.1:1', maxConnections: 1 },
      b: { address: '127.0.0.1:2', maxConnections: 1 },
    }
    const proxy = new FakeProxy({ backend: { servers } })
    proxy.begin()
    proxy.begin()
    const { client } = proxy.begin()
    const [first, second] = proxy.tries
    first?.fail('connect-refused')
    // Its slot went to the one that waited; it waits now itself.
    assert.deepEqual([proxy.tries.length, proxy.backend.queue.length], [3, 1])
    second?.connect().respond(200, '')
    assert.equal(proxy.tries.length, 4)
    assert.deepEqual(client.orders, [])
  })

  test('after a pause does not pause twice', () => {
    const proxy = new FakeProxy({ backend: { ...alone, timeout: { connect: 100, server: 300 } } })
    const { client } = proxy.begin()
    proxy.try.fail('connect-refused')
    proxy.clock.advance(100)
    proxy.try.connect()
    proxy.clock.advance(300)
    assert.equal(client.last, 'respond 504 whole', 'the time of the server is what passed')
    assert.equal(proxy.tries.length, 2)
  })
})
