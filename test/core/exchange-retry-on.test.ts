import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { BackendOptions } from '../../src/core/backend-options.js'
import type { ExchangeRecord } from '../../src/core/exchange-record.js'
import type { RetryOn } from '../../src/core/retry-options.js'
import { header, method } from '../../src/rules/samples.js'
import { FakeProxy, withLength } from '../support/fake-proxy.js'

const alone = { servers: { a: '127.0.0.1:1' } }

/** The parts of a record that say how it ended. */
function outcome({ status, termination, failure, retries, redispatched }: ExchangeRecord) {
  return [status, termination, failure, retries, redispatched]
}

describe('a status that retryOn names', () => {
  test('is dropped, and the request goes to another server', () => {
    const proxy = new FakeProxy({ backend: { retryOn: 503 } })
    const { client } = proxy.begin()
    const [first] = proxy.tries
    first?.connect().respond(503, 'sorry')
    assert.equal(proxy.tries.length, 2)
    assert.notEqual(proxy.try.server, first?.server)
    proxy.try.connect().respond(200, 'fine')
    assert.deepEqual([client.orders, client.body], [['respond 200 whole'], 'fine'])
    assert.deepEqual(outcome(proxy.record), [200, '----', null, 1, true])
    assert.equal(proxy.record.bytesOut, 4)
  })

  test('leaves the connection in use when it came whole, and breaks it off when it did not', () => {
    for (const [body, isAborted] of [
      ['sorry', false],
      [undefined, true],
    ] as const) {
      const proxy = new FakeProxy({ backend: { retryOn: 503 } })
      proxy.begin()
      proxy.try.connect().respond(503, body)
      assert.equal(proxy.tries[0]?.isAborted, isAborted)
      assert.equal(proxy.tries.length, 2)
    }
  })

  test('reaches the client when the retries are used up', () => {
    const proxy = new FakeProxy({ backend: { ...alone, retryOn: 503, retries: 2 } })
    const { client } = proxy.begin()
    for (const body of ['1', '2', '3']) proxy.try.connect().respond(503, body)
    assert.equal(proxy.tries.length, 3)
    assert.deepEqual([client.orders, client.body], [['respond 503 whole'], '3'])
    assert.deepEqual(outcome(proxy.record), [503, '----', null, 2, false])
  })

  test('is tried again at once on the same server, without the pause of a refused connection', () => {
    const proxy = new FakeProxy({ backend: { redispatch: false, retryOn: 503 } })
    proxy.begin()
    proxy.try.connect().respond(503, '')
    assert.deepEqual(
      proxy.tries.map(({ server }) => server),
      ['a', 'a'],
    )
  })

  test('is no other status', () => {
    for (const status of [200, 404, 500, 502, 504]) {
      const proxy = new FakeProxy({ backend: { retryOn: ['conn-failure', 503] } })
      proxy.begin()
      proxy.try.connect().respond(status, '')
      assert.equal(proxy.tries.length, 1)
      assert.equal(proxy.record.status, status)
    }
  })

  test('counts as a response once it is the client’s, and as a retry or a redispatch before', () => {
    const proxy = new FakeProxy({ backend: { retryOn: 503 } })
    proxy.begin()
    proxy.try.connect().respond(503, '')
    proxy.try.connect().respond(503, '')
    proxy.try.connect().respond(200, '')
    const { counters } = proxy.backend
    assert.deepEqual([counters.redispatches, counters.retries, counters.responseErrors], [2, 0, 0])
    assert.deepEqual([counters.responses.serverError, counters.responses.success], [0, 1])

    const other = new FakeProxy({ backend: { ...alone, retryOn: 503 } })
    other.begin()
    other.try.connect().respond(503, '')
    other.try.connect().respond(200, '')
    assert.deepEqual([other.backend.counters.redispatches, other.backend.counters.retries], [0, 1])
  })

  test('waits in the log for nothing but its last server', () => {
    const proxy = new FakeProxy({ backend: { retryOn: 503 } })
    proxy.begin()
    proxy.try.connect()
    proxy.clock.advance(30)
    proxy.try.respond(503, '')
    proxy.clock.advance(4)
    proxy.try.connect()
    proxy.clock.advance(5)
    proxy.try.respond(200, '')
    // As HAProxy's: the way to a redispatched request's server begins anew.
    const { Tw, Tc, Tr, Ta } = proxy.record
    assert.deepEqual({ Tw, Tc, Tr, Ta }, { Tw: 30, Tc: 4, Tr: 5, Ta: 39 })
  })
})

describe('a response that does not come', () => {
  const backend = { retryOn: 'response-timeout', timeout: { server: 200 } } as const

  test('is tried again for when its time is over', () => {
    const proxy = new FakeProxy({ backend })
    const { client } = proxy.begin()
    const first = proxy.try.connect()
    proxy.clock.advance(199)
    assert.equal(proxy.tries.length, 1)
    proxy.clock.advance(1)
    assert.deepEqual([proxy.tries.length, first.isAborted], [2, true])
    proxy.try.connect().respond(200, '')
    assert.equal(client.last, 'respond 200 whole')
    assert.deepEqual(outcome(proxy.record), [200, '----', null, 1, true])
  })

  test('is 504 after the last retry', () => {
    const proxy = new FakeProxy({ backend: { ...backend, retries: 1 } })
    proxy.begin()
    proxy.try.connect()
    proxy.clock.advance(200)
    proxy.try.connect()
    proxy.clock.advance(200)
    assert.equal(proxy.tries.length, 2)
    assert.deepEqual(outcome(proxy.record), [504, 'sH--', 'server-timeout', 1, true])
  })

  test('is not tried again for when its head had come', () => {
    const proxy = new FakeProxy({ backend })
    const { client } = proxy.begin()
    proxy.try.connect().respond(200)
    proxy.clock.advance(200)
    assert.deepEqual([proxy.tries.length, client.last], [1, 'abort'])
  })

  test('is not tried again for when the client was to send', () => {
    const proxy = new FakeProxy({ backend, frontend: { timeout: { client: 100 } } })
    const { client } = proxy.begin({ method: 'PUT', fields: withLength(2) })
    proxy.try.connect()
    proxy.clock.advance(100)
    assert.deepEqual([proxy.tries.length, client.last], [1, 'respond 408 whole'])
  })
})

describe('a server that closes without an answer, or sends junk', () => {
  for (const [retryOn, kind, status, termination] of [
    ['empty-response', 'server-closed', 502, 'SH--'],
    ['junk-response', 'bad-response', 502, 'PH--'],
  ] as const) {
    test(`is tried again with retryOn ${retryOn}, and ends as it did without when that was in vain`, () => {
      const proxy = new FakeProxy({ backend: { retryOn, retries: 1 } })
      proxy.begin()
      proxy.try.connect().fail(kind, { sent: true })
      proxy.try.connect().respond(200, '')
      assert.deepEqual(outcome(proxy.record), [200, '----', null, 1, true])
      proxy.begin()
      proxy.try.connect().fail(kind, { sent: true })
      proxy.try.connect().fail(kind, { sent: true })
      assert.deepEqual(outcome(proxy.record), [status, termination, kind, 1, true])
      assert.equal(proxy.tries.length, 4)
    })
  }
})

describe('with retryOn none', () => {
  test('a refused connection is final', () => {
    const proxy = new FakeProxy({ backend: { retryOn: 'none' } })
    proxy.begin()
    proxy.try.fail('connect-refused')
    assert.deepEqual([proxy.tries.length, proxy.record.status], [1, 503])
  })

  test('a session’s first request does not ride on a connection that might be dead', () => {
    for (const [options, mayReuse] of [
      [{ retryOn: 'none' }, false],
      [{ retryOn: 503 }, false],
      [{ retries: 0 }, false],
      [{ retryMethods: ['POST'] }, false],
      [{ retryUnless: () => true }, false],
      [{ retryOn: 'conn-failure' }, true],
      [{ retryOn: ['empty-response', 503] }, true],
    ] satisfies [Partial<BackendOptions>, boolean][]) {
      const proxy = new FakeProxy({ backend: options })
      const session = proxy.session()
      proxy.begin({ session })
      assert.equal(proxy.try.request.mayReuse, mayReuse, JSON.stringify(options))
      proxy.begin({ session })
      assert.equal(proxy.try.request.mayReuse, true, 'of a later one the client knows that')
    }
  })
})

describe('a request that might have an effect', () => {
  test('is not sent twice, unless its method is named', () => {
    for (const [retryMethods, tries] of [
      [undefined, 1],
      ['idempotent', 1],
      [['POST'], 2],
      ['any', 2],
    ] as const) {
      const proxy = new FakeProxy({
        backend: { retryOn: 'all-retryable-errors', ...(retryMethods && { retryMethods }) },
      })
      const { client, exchange } = proxy.begin({ method: 'POST', fields: withLength(5) })
      proxy.try.connect()
      exchange.clientData('hello')
      exchange.clientEnd(undefined)
      proxy.try.respond(503, 'sorry')
      assert.equal(proxy.tries.length, tries)
      if (tries === 1) assert.deepEqual([client.last, client.body], ['respond 503 whole', 'sorry'])
      else assert.deepEqual([proxy.try.body, proxy.try.hasEnded], ['hello', true])
    }
  })

  test('goes to another server all the same when the connection failed', () => {
    const proxy = new FakeProxy()
    proxy.begin({ method: 'POST', fields: withLength(5) })
    proxy.try.fail('connect-refused')
    assert.equal(proxy.tries.length, 2)
  })

  test('may be known by more than its method', () => {
    const retryUnless = header('x-once').exists()
    const proxy = new FakeProxy({ backend: { retryOn: 503, retryMethods: 'any', retryUnless } })
    proxy.begin({ fields: ['Host', 'a.test', 'X-Once', '1'] })
    proxy.try.connect().respond(503, '')
    assert.deepEqual([proxy.tries.length, proxy.record.status], [1, 503])
    proxy.begin({ method: 'POST' })
    proxy.try.connect().respond(503, '')
    assert.equal(proxy.tries.length, 3)
  })

  test('is one of which a condition that throws can’t tell: it is sent once, and the fault is reported', () => {
    const retryUnless = (): boolean => {
      throw new Error('boom')
    }
    const proxy = new FakeProxy({ backend: { retryOn: 503, retryUnless } })
    const { client } = proxy.begin()
    proxy.try.connect().respond(503, '')
    assert.deepEqual([proxy.tries.length, client.last], [1, 'respond 503 whole'])
    assert.deepEqual(new Set(proxy.faults), new Set(['retryUnless of backends.app']))
  })
})

describe('a body', () => {
  test('is sent again as far as it came, and the rest follows', () => {
    const proxy = new FakeProxy({ backend: { retryOn: 503 } })
    const { client, exchange } = proxy.begin({ method: 'PUT', fields: withLength(10) })
    proxy.try.connect()
    exchange.clientData('12345')
    proxy.try.respond(503, 'too early')
    assert.deepEqual([proxy.try.body, proxy.try.hasEnded, client.last], ['12345', false, 'pause'])
    proxy.try.connect()
    assert.equal(client.last, 'resume')
    exchange.clientData('67890')
    exchange.clientEnd(undefined)
    assert.deepEqual([proxy.try.body, proxy.try.hasEnded], ['1234567890', true])
    proxy.try.respond(200, '')
    assert.deepEqual([proxy.record.status, proxy.record.bytesIn], [200, 10])
  })

  test('that is larger than replayBuffer is sent once', () => {
    for (const [length, tries] of [
      [1024, 2],
      [1025, 1],
    ] as const) {
      const proxy = new FakeProxy({ backend: { retryOn: 503, replayBuffer: '1k' } })
      const { exchange } = proxy.begin({ method: 'PUT', fields: withLength(length) })
      proxy.try.connect()
      exchange.clientData('x'.repeat(length))
      exchange.clientEnd(undefined)
      proxy.try.respond(503, '')
      assert.equal(proxy.tries.length, tries)
    }
  })

  test('with trailer fields is sent once: they are not kept', () => {
    const proxy = new FakeProxy({ backend: { retryOn: 503 } })
    const { exchange } = proxy.begin({ method: 'PUT', fields: ['Host', 'a.test', 'Transfer-Encoding', 'chunked'] })
    proxy.try.connect()
    exchange.clientData('x')
    exchange.clientEnd(['X-Sum', '1'])
    proxy.try.respond(503, '')
    assert.equal(proxy.tries.length, 1)
  })
})

describe('a retry budget', () => {
  test('lets what it has no retry for end as it did, and counts that', () => {
    const proxy = new FakeProxy({ backend: { retryOn: 503, retryBudget: { ratio: 0.5, minimumPerSecond: 0 } } })
    const fail = (): void => {
      proxy.begin()
      const before = proxy.tries.length
      proxy.try.connect().respond(503, '')
      if (proxy.tries.length > before) proxy.try.connect().respond(200, '')
    }
    for (let request = 1; request <= 6; request++) fail()
    assert.deepEqual(
      proxy.records.map(({ status, retries }) => [status, retries]),
      [
        [503, 0],
        [200, 1],
        [503, 0],
        [200, 1],
        [503, 0],
        [200, 1],
      ],
    )
    const denied = proxy.backend.servers.map(({ counters }) => counters.deniedRetries)
    assert.deepEqual([proxy.backend.counters.deniedRetries, denied.reduce((sum, count) => sum + count)], [3, 3])
  })

  test('holds for failed connections too, and gives again with time', () => {
    const proxy = new FakeProxy({ backend: { retryBudget: { ratio: 0, minimumPerSecond: 0.1 } } })
    const statuses = [0, 0, 9000, 1000].map((pause) => {
      proxy.clock.advance(pause)
      proxy.begin()
      const tries = proxy.tries.length
      proxy.try.fail('connect-refused')
      if (proxy.tries.length > tries) proxy.try.connect().respond(200, '')
      return proxy.record.status
    })
    // The clock starts at the first second: nine later the retry of then still counts.
    assert.deepEqual(statuses, [200, 503, 503, 200])
  })

  test('is not asked where no retry would follow', () => {
    const proxy = new FakeProxy({ backend: { retries: 0, retryBudget: { ratio: 0, minimumPerSecond: 0 } } })
    proxy.begin()
    proxy.try.fail('connect-refused')
    assert.equal(proxy.backend.counters.deniedRetries, 0)
  })
})

describe('whatever servers do', () => {
  const misfortune = fc.constantFrom('refuse', 'die', 'die-reused', 'junk', 'silence', 503, 404)
  const scene = fc.record({
    method: fc.constantFrom('GET', 'PUT', 'POST'),
    bodyLength: fc.constantFrom(0, 10, 2000),
    isOnce: fc.boolean(),
    misfortunes: fc.array(misfortune, { maxLength: 12 }),
    options: fc.record({
      retries: fc.integer({ min: 0, max: 4 }),
      redispatch: fc.boolean(),
      retryOn: fc.uniqueArray(
        fc.constantFrom<RetryOn>('conn-failure', 'empty-response', 'junk-response', 'response-timeout', 503),
        { minLength: 1 },
      ),
      retryMethods: fc.constantFrom<'idempotent' | 'any' | string[]>('idempotent', 'any', ['POST']),
    }),
  })

  test('a request is sent twice only where the rules allow it, and always whole', () => {
    fc.assert(
      fc.property(scene, ({ method: name, bodyLength, isOnce, misfortunes, options }) => {
        const proxy = new FakeProxy({
          backend: {
            ...options,
            replayBuffer: '1k',
            retryUnless: header('x-once').exists(),
            timeout: { connect: 100, server: 100 },
          },
          frontend: { timeout: { client: 0 } },
        })
        const fields = [...withLength(bodyLength), ...(isOnce ? ['X-Once', '1'] : [])]
        const { client, exchange } = proxy.begin({ method: name, fields })
        const body = 'x'.repeat(bodyLength)
        let isBodySent = bodyLength === 0
        let sent = 0
        for (const what of [...misfortunes, 200]) {
          if (proxy.records.length > 0) break
          const attempt = proxy.try
          if (what === 'refuse') {
            attempt.fail('connect-refused')
            proxy.clock.advance(100)
            continue
          }
          attempt.connect(what === 'die-reused')
          if (!isBodySent) {
            exchange.clientData(body)
            exchange.clientEnd(undefined)
            isBodySent = true
          }
          sent++
          assert.deepEqual([attempt.body, attempt.hasEnded], [body, true])
          if (what === 'die') attempt.die()
          else if (what === 'die-reused') attempt.die(true)
          else if (what === 'junk') attempt.fail('bad-response', { sent: true })
          else if (what === 'silence') proxy.clock.advance(100)
          else attempt.respond(Number(what), '')
        }
        const { retryMethods } = options
        const isNamed = retryMethods === 'any' || retryMethods.includes(name)
        const isAllowed = (isNamed || (retryMethods === 'idempotent' && name !== 'POST')) && !isOnce
        if (!isAllowed || bodyLength > 1024) assert.ok(sent <= 1, 'it was sent twice')
        assert.ok(proxy.tries.length <= options.retries + 1)
        assert.equal(proxy.records.length, 1)
        assert.equal(client.orders.filter((order) => order.startsWith('respond')).length, 1)
        assert.deepEqual(
          proxy.backend.servers.map(({ served }) => served),
          [0, 0],
        )
      }),
      { numRuns: 500 },
    )
  })

  test('what retryUnless names is sent once, whatever else is allowed', () => {
    const proxy = new FakeProxy({
      backend: { retryOn: 'all-retryable-errors', retryMethods: 'any', retryUnless: method.is('GET') },
    })
    proxy.begin()
    proxy.try.connect(true).die(true)
    assert.deepEqual([proxy.tries.length, proxy.record.status], [1, 502])
  })
})
