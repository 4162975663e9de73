import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ExchangeRecord } from '../../src/core/exchange-record.js'
import { RawResponseHead } from '../../src/core/message/raw-head.js'
import type { Server } from '../../src/core/server.js'
import { FakeProxy, withLength } from '../support/fake-sides.js'

const alone = { servers: { a: '127.0.0.1:1' } }

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
