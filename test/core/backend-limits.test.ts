import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AlgorithmName } from '../../src/balance/registry.js'
import { Backend } from '../../src/core/backend.js'
import { Frontend } from '../../src/core/frontend.js'
import { createProxy } from '../../src/index.js'
import { makeBackend, two } from '../support/asker.js'

const algorithms: readonly AlgorithmName[] = ['roundrobin', 'static-rr', 'leastconn', 'first', 'random']
const address = '127.0.0.1:1'

describe('a limit that follows traffic', () => {
  for (const balance of algorithms) {
    test(`lets ${balance} serve as many at a time as HAProxy does`, () => {
      const { ask, backend } = makeBackend({
        balance,
        fullConnections: 20,
        servers: { a: { address, minConnections: 1, maxConnections: 8 } },
      })
      const server = backend.server('a')
      const arrivals: number[] = []
      const askers = Array.from({ length: 26 }, () => {
        const asker = ask()
        arrivals.push(server.served)
        return asker
      })
      assert.deepEqual(arrivals, [1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 8, 8, 8, 8, 8, 8, 8])
      const served = askers.map((asker) => {
        asker.leave()
        return server.served
      })
      // Measured with HAProxy 2.6.12.
      assert.deepEqual(served, [8, 8, 8, 8, 8, 8, 8, 7, 7, 6, 6, 6, 5, 5, 4, 4, 4, 3, 3, 2, 2, 2, 1, 1, 1, 0])
    })

    test(`lets ${balance} use a server again that it found full`, () => {
      const { ask, backend } = makeBackend({
        balance,
        fullConnections: 8,
        servers: Object.fromEntries(
          ['a', 'b', 'c'].map((name) => [name, { address, minConnections: 1, maxConnections: 4 }]),
        ),
      })
      for (let asked = 1; asked <= 12; asked++) {
        assert.equal(ask().answer, 'granted', `exchange ${asked}`)
        assert.ok(backend.servers.every(({ served, slots }) => served <= slots))
      }
      assert.equal(ask().answer, 'queued')
    })
  }

  test('lets who waits for that very server go on', () => {
    const { ask } = makeBackend({
      fullConnections: 4,
      servers: { a: { address, minConnections: 1, maxConnections: 2 }, b: { address } },
    })
    ask('a')
    const waiting = ask('a')
    assert.equal(waiting.answer, 'queued')
    ask('b')
    ask('b')
    assert.equal(waiting.answer, 'granted')
  })

  test('is full at a tenth of what the frontends let in, or else their proxy', () => {
    const load = (...limits: number[]) => {
      const backend = new Backend('app', { servers: { a: { address, minConnections: 1, maxConnections: 10 } } })
      for (const maxConnections of limits) new Frontend('web', { defaultBackend: backend, maxConnections })
      return backend.load.full
    }
    assert.deepEqual([load(), load(101), load(100, 50), load(100, 0)], [1, 11, 15, Infinity])
    const proxy = createProxy({
      maxConnections: 200,
      frontends: { one: { maxConnections: 50, defaultBackend: 'app' }, other: { defaultBackend: 'app' } },
      backends: { app: { servers: [address] } },
    })
    assert.equal(proxy.backend('app').load.full, 25)
  })

  test('counts a frontend once, however many of its routes lead to the backend', () => {
    const backend = new Backend('app', { servers: [address] })
    new Frontend('web', { maxConnections: 100, routes: [{ backend }, { backend }], defaultBackend: backend })
    assert.equal(backend.load.full, 10)
  })
})

describe('a queue that is full', () => {
  test('refuses who is bound to its server', () => {
    const { ask, backend } = makeBackend({ servers: { a: { ...two.a, maxQueue: 1 }, b: two.b } })
    ask('a')
    const [second, third] = [ask('a'), ask('a')]
    assert.deepEqual([second.answer, third.answer], ['queued', 'queue-full'])
    assert.deepEqual([third.awaited?.name, third.queue, backend.server('a').counters.queueMax], ['a', undefined, 1])
    second.leave()
    assert.equal(ask('a').answer, 'queued')
  })

  test('of a whole backend refuses everybody', () => {
    const { ask, backend } = makeBackend({ maxQueue: 2 })
    const answers = Array.from({ length: 5 }, () => ask().answer)
    assert.deepEqual(answers, ['granted', 'granted', 'queued', 'queued', 'queue-full'])
    assert.equal(backend.counters.queueMax, 2)
  })

  test('does not refuse where only the backend’s has a limit', () => {
    const { ask } = makeBackend({ maxQueue: 1 })
    ask('a')
    assert.deepEqual([ask('a').answer, ask('a').answer], ['queued', 'queued'])
  })

  test('is where leastconn stops to fill a server, as in HAProxy', () => {
    const { ask } = makeBackend({
      balance: 'leastconn',
      servers: { a: { ...two.a, maxQueue: 2 }, b: { ...two.b, maxQueue: 2 } },
    })
    const askers = Array.from({ length: 8 }, () => ask())
    const places = askers.map(({ server, awaited, answer }) => `${answer} ${server?.name ?? awaited?.name ?? 'any'}`)
    assert.deepEqual(places, [
      ...['granted a', 'granted b', 'queued a', 'queued a', 'queued b', 'queued b', 'queued any', 'queued any'],
    ])
    // Those for any server gave up before leastconn was asked again: somebody leaves a's queue, and it is tried.
    askers[6]?.leave()
    askers[7]?.leave()
    askers[2]?.leave()
    assert.equal(ask().awaited?.name, 'a')
  })
})

describe('a limit that is changed', () => {
  test('lets as many go on as there is room for now', () => {
    const { ask, backend } = makeBackend({ servers: { a: two.a } })
    ask()
    const waiting = [ask(), ask('a'), ask(), ask()]
    backend.server('a').maxConnections = 3
    assert.deepEqual(
      waiting.map(({ answer }) => answer),
      ['granted', 'granted', 'queued', 'queued'],
    )
    backend.server('a').maxConnections = 0
    assert.deepEqual([backend.server('a').served, backend.queue.length], [5, 0])
  })

  test('lets who waits for a server that drains go on', () => {
    const { ask, backend } = makeBackend({ redispatch: false })
    ask('a')
    const waiting = ask('a')
    backend.server('a').drain()
    backend.server('a').maxConnections = 2
    assert.equal(waiting.server?.name, 'a')
  })

  test('leaves what is under way, and lets nobody in until it is below', () => {
    const { ask, backend } = makeBackend({ servers: { a: { address, maxConnections: 3 } } })
    const holders = [ask(), ask(), ask()]
    backend.server('a').maxConnections = 1
    const waiting = ask()
    holders[0]?.leave()
    holders[1]?.leave()
    assert.deepEqual([waiting.answer, backend.server('a').served], ['queued', 1])
    holders[2]?.leave()
    assert.equal(waiting.answer, 'granted')
  })

  test('is seen by every balancer, also where it had found the server full', () => {
    for (const balance of algorithms) {
      const { ask, backend } = makeBackend({ balance, servers: { a: two.a } })
      ask()
      ask().leave()
      backend.server('a').maxConnections = 2
      assert.equal(ask().answer, 'granted', balance)
    }
  })

  test('takes the place of the highest of a limit that follows traffic', () => {
    const { backend, ask } = makeBackend({
      fullConnections: 1,
      servers: { a: { address, minConnections: 2, maxConnections: 4 } },
    })
    const server = backend.server('a')
    ask()
    assert.equal(server.slots, 4)
    server.maxConnections = 6
    assert.deepEqual([server.slots, server.hasDynamicLimit], [6, true])
    server.maxConnections = 1
    assert.deepEqual([server.slots, server.hasDynamicLimit], [1, false])
  })

  test('must be a whole number', () => {
    const { backend } = makeBackend()
    const server = backend.server('a')
    for (const limit of [-1, 1.5, '3', undefined]) {
      const path = 'backends.app.servers.a.maxConnections'
      assert.throws(() => Object.assign(server, { maxConnections: limit }), { code: 'ERR_EVENKEEL_OPTION', path })
    }
    assert.equal(server.maxConnections, 1)
  })
})

test('a server’s least limit is no higher than its highest', () => {
  for (const limits of [{ minConnections: 5 }, { minConnections: 5, maxConnections: 4 }]) {
    const path = 'backends.app.servers.a.minConnections'
    assert.throws(() => makeBackend({ servers: { a: { address, ...limits } } }), { code: 'ERR_EVENKEEL_OPTION', path })
  }
})

test('those who wait for a server stay when its weight becomes 0, as in HAProxy', () => {
  const { ask, backend } = makeBackend()
  const holder = ask('a')
  const waiting = ask('a')
  backend.server('a').weight = 0
  assert.equal(waiting.answer, 'queued')
  holder.leave()
  assert.equal(waiting.server?.name, 'a')
})
