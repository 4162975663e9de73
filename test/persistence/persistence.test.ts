import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BackendOptions } from '../../src/core/backend-options.js'
import { Frontend } from '../../src/core/frontend.js'
import { cookie, header, path, source } from '../../src/rules/samples.js'
import { StickyTable } from '../../src/sticky-table/sticky-table.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { FakeProxy } from '../support/fake-proxy.js'
import { respond, Scene } from './scene.js'

const insert = { name: 'SRV', mode: 'insert' } as const

/** Servers `a` and `b` with cookies, one exchange at a time each. */
const narrow = {
  a: { address: 'a:1', cookie: 'ca', maxConnections: 1 },
  b: { address: 'b:1', cookie: 'cb', maxConnections: 1 },
}

const led = (cookie: string) => ({ fields: ['Host', 'a.test', 'Cookie', cookie] })

describe('the order of precedence', () => {
  function all(): Scene {
    const clock = new VirtualClock({ start: 1000 })
    const table = new StickyTable({ type: 'ip', size: 10, clock })
    table.store('192.0.2.7', 'd')
    const servers = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, address: `${name}:1`, cookie: `c${name}` }))
    const options: BackendOptions = {
      servers,
      useServer: [{ server: 'a', when: path.is('/a') }],
      cookie: insert,
      appSession: { name: 'JS', length: 8, timeout: '1h', requestLearn: true },
      stick: [{ on: source, table, match: true }],
    }
    return new Scene(options, clock)
  }

  test('is use-server, the cookie, the application’s session, stick rules', () => {
    const proxy = all()
    // The session begins on c: only there can its id be learned from.
    proxy.visit({ cookie: 'SRV=cc; JS=one' })
    const cookie = 'SRV=cb; JS=one'
    assert.equal(proxy.visit({ target: '/a', cookie }).server, 'a')
    assert.equal(proxy.visit({ cookie }).server, 'b')
    assert.equal(proxy.visit({ cookie: 'JS=one' }).server, 'c')
    assert.equal(proxy.visit().server, 'd')
  })

  test('goes on past servers that are down, to the balancer in the end', () => {
    const proxy = all()
    proxy.visit({ cookie: 'SRV=cc; JS=one' })
    const visit = { target: '/a', cookie: 'SRV=cb; JS=one' }
    const seen = ['a', 'b', 'c', 'd'].map((server) => {
      const outcome = proxy.visit(visit)
      proxy.backend.server(server).maintenance()
      return outcome.server
    })
    assert.deepEqual(seen, ['a', 'b', 'c', 'd'])
    assert.equal(proxy.visit(visit).server, 'e')
  })

  test('has a cookie that stick rules made needless not set', () => {
    assert.deepEqual(all().visit().set, [])
  })
})

describe('whoever is bound to a server', () => {
  test('waits for that one while another is free, and goes before those who wait for any', () => {
    const proxy = new FakeProxy({ backend: { servers: narrow, cookie: insert } })
    proxy.begin(led('SRV=ca'))
    const [first] = proxy.tries
    const bound = proxy.begin(led('SRV=ca'))
    assert.equal(proxy.tries.length, 1)
    assert.deepEqual([proxy.backend.server('a').queued, proxy.backend.queue.length], [1, 0])
    proxy.begin()
    assert.equal(proxy.try.server, 'b')
    respond(first!.connect())
    assert.equal(proxy.try.server, 'a')
    respond(proxy.try.connect())
    assert.equal(bound.client.last, 'respond 200 whole')
    assert.equal(proxy.record.termination, '--VN')
  })

  test('takes a free slot of it past those who wait for any server', () => {
    const proxy = new FakeProxy({ backend: { servers: narrow, cookie: insert } })
    for (let i = 0; i < 3; i++) proxy.begin()
    assert.deepEqual([proxy.tries.length, proxy.backend.queue.length], [2, 1])
    proxy.backend.addServer({ name: 'c', address: 'c:1', cookie: 'cc', weight: 0 })
    proxy.backend.server('c').transport = proxy.backend.server('a').transport
    proxy.begin(led('SRV=cc'))
    assert.deepEqual([proxy.tries.length, proxy.backend.server('c').served], [3, 1])
  })

  test('is served by it as soon as a slot is free, though it drains', () => {
    const proxy = new FakeProxy({ backend: { servers: narrow, cookie: insert, redispatch: false } })
    proxy.begin(led('SRV=ca'))
    const [first] = proxy.tries
    proxy.begin(led('SRV=ca'))
    proxy.backend.server('a').drain()
    respond(first!.connect())
    assert.deepEqual([proxy.tries.length, proxy.try.server], [2, 'a'])
  })

  test('is not counted as chosen by the balancer', () => {
    const proxy = new Scene({ cookie: insert })
    proxy.visit()
    proxy.visit({ cookie: 'SRV=ca' })
    const { backend } = proxy
    assert.deepEqual([backend.counters.chosen, backend.server('a').counters.chosen], [1, 1])
    assert.equal(backend.server('a').counters.sessions.total, 2)
  })

  test('goes elsewhere, with a new cookie, when its server goes down while he waits', () => {
    const proxy = new FakeProxy({ backend: { servers: narrow, cookie: insert } })
    proxy.begin(led('SRV=ca'))
    const waiting = proxy.begin(led('SRV=ca'))
    proxy.backend.server('a').maintenance()
    assert.equal(proxy.try.server, 'b')
    respond(proxy.try.connect())
    assert.deepEqual(waiting.client.fields.slice(-2), ['Set-Cookie', 'SRV=cb; path=/'])
    assert.equal(proxy.record.termination, '--DI')
  })

  test('goes on waiting where servers that are down are kept, and where he is forced', () => {
    for (const options of [{ persist: true }, { forcePersist: header('cookie').exists() }]) {
      const proxy = new FakeProxy({ backend: { servers: narrow, cookie: insert, ...options } })
      proxy.begin(led('SRV=ca'))
      const [first] = proxy.tries
      for (let i = 0; i < 2; i++) proxy.begin(led('SRV=ca'))
      proxy.backend.server('a').maintenance()
      assert.deepEqual([proxy.tries.length, proxy.backend.server('a').queued], [1, 2])
      respond(first!.connect())
      assert.deepEqual([proxy.tries.length, proxy.try.server], [2, 'a'])
    }
  })

  test('goes elsewhere, with a new cookie, where too many wait for his server; is refused where he must not move', () => {
    const servers = { a: { ...narrow.a, maxQueue: 1 }, b: narrow.b }
    const begin = (options: BackendOptions) => {
      const proxy = new FakeProxy({ backend: { servers, cookie: insert, ...options } })
      for (let i = 0; i < 2; i++) proxy.begin(led('SRV=ca'))
      return { proxy, third: proxy.begin(led('SRV=ca')) }
    }
    const { proxy, third } = begin({})
    assert.equal(proxy.try.server, 'b')
    respond(proxy.try.connect())
    assert.deepEqual(third.client.fields.slice(-2), ['Set-Cookie', 'SRV=cb; path=/'])
    assert.deepEqual([proxy.record.termination, proxy.record.redispatched, proxy.record.retries], ['--DI', true, 0])
    assert.equal(proxy.backend.server('a').counters.redispatches, 1)
    for (const options of [{ redispatch: false }, { forcePersist: cookie('SRV').exists() }]) {
      const { proxy, third } = begin(options)
      assert.equal(third.client.last, 'respond 503 whole')
      assert.deepEqual([proxy.record.termination, proxy.tries.length], ['SQVN', 1])
    }
  })

  test('leaves his place at once when he goes away', () => {
    const proxy = new FakeProxy({ backend: { servers: narrow, cookie: insert } })
    proxy.begin(led('SRV=ca'))
    const waiting = proxy.begin(led('SRV=ca'))
    waiting.exchange.clientAborted()
    assert.equal(proxy.backend.server('a').queued, 0)
    assert.equal(proxy.record.termination, 'CQVN')
  })

  test('may be served by a backup that nobody else needs', () => {
    const servers = { a: { address: 'a:1', cookie: 'ca' }, b: { address: 'b:1', cookie: 'cb', backup: true } }
    const proxy = new Scene({ cookie: insert, servers })
    assert.equal(proxy.visit({ cookie: 'SRV=cb' }).server, 'b')
    assert.equal(proxy.visit().server, 'a')
  })
})

describe('a server that refuses the connection of whoever is bound to it', () => {
  const servers = { a: { address: 'a:1', cookie: 'ca' }, b: { address: 'b:1', cookie: 'cb' } }
  const options = { servers, cookie: { ...insert, indirect: true }, retries: 2, timeout: { connect: 100 } }

  test('is asked again until the last retry, which goes elsewhere with a new cookie', () => {
    const proxy = new FakeProxy({ backend: options })
    const { client } = proxy.begin(led('x=1; SRV=ca'))
    for (let tries = 1; tries <= 2; tries++) {
      assert.deepEqual([proxy.tries.length, proxy.try.server], [tries, 'a'])
      proxy.try.fail('connect-refused')
      if (tries === 1) proxy.clock.advance(100)
    }
    assert.deepEqual([proxy.tries.length, proxy.try.server], [3, 'b'])
    assert.deepEqual(proxy.try.fields.slice(-2), ['Cookie', 'x=1'])
    respond(proxy.try.connect())
    assert.deepEqual(client.fields.slice(-2), ['Set-Cookie', 'SRV=cb; path=/'])
    const { termination, retries, redispatched } = proxy.record
    assert.deepEqual({ termination, retries, redispatched }, { termination: '--DI', retries: 2, redispatched: true })
  })

  test('is left at once when it is down by then', () => {
    const proxy = new FakeProxy({ backend: options })
    proxy.begin(led('SRV=ca'))
    proxy.backend.server('a').maintenance()
    proxy.try.fail('connect-refused')
    assert.equal(proxy.try.server, 'b')
  })

  test('is all that is asked where he is forced, even when it is down', () => {
    const proxy = new FakeProxy({ backend: { ...options, forcePersist: cookie('SRV').exists() } })
    const { client } = proxy.begin(led('SRV=ca'))
    for (let tries = 1; tries <= 3; tries++) {
      proxy.backend.server('a').maintenance()
      assert.equal(proxy.try.server, 'a')
      proxy.try.fail('connect-refused')
      proxy.clock.advance(100)
    }
    assert.equal(client.last, 'respond 503 whole')
    assert.equal(proxy.record.termination, 'SCVN')
  })

  test('is asked while it is down where such are kept, and then left', () => {
    const proxy = new FakeProxy({ backend: { ...options, persist: true } })
    proxy.backend.server('a').maintenance()
    proxy.begin(led('SRV=ca'))
    assert.equal(proxy.try.server, 'a')
    proxy.try.fail('connect-refused')
    assert.equal(proxy.try.server, 'b')
    respond(proxy.try.connect())
    assert.equal(proxy.record.termination, '--DI')
  })
})

describe('a decision without a socket', () => {
  const clock = new VirtualClock({ start: 1000 })
  const table = new StickyTable({ type: 'string', size: 10, expire: '1h', clock })
  const { backend } = new Scene(
    {
      useServer: [{ server: 'a', when: path.is('/a') }],
      cookie: { ...insert, maxLife: '1h' },
      appSession: { name: 'JS', length: 8, timeout: '1h' },
      stick: [{ on: header('x-key'), table }],
    },
    clock,
  )
  const frontend = new Frontend('web', { defaultBackend: backend })
  const steps = (url: string, headers: Record<string, string>) =>
    frontend
      .route({ url, headers })
      .trace.filter((step) => step.step === 'persistence')
      .map((step) => ('kind' in step ? [step.kind, step.key, step.server, step.result] : [step.result]))

  test('tells what was looked at and what came of it', () => {
    table.store('known', 'b')
    table.store('gone', 'z')
    assert.deepEqual(steps('/', {}), [['none']])
    assert.deepEqual(steps('/a', { cookie: 'SRV=cb', 'x-key': 'known' }), [
      ['use-server', undefined, 'a', 'matched'],
      ['cookie', 'cb', undefined, 'ignored'],
      ['stick', 'known', 'b', 'ignored'],
    ])
    assert.deepEqual(steps('/;JS=one', { cookie: 'SRV=zz; SRV=ca|AAAAB|AAAAB', 'x-key': 'gone' }), [
      ['cookie', 'zz', undefined, 'unknown'],
      ['cookie', 'ca|AAAAB|AAAAB', undefined, 'expired'],
      ['app-session', 'one', undefined, 'unknown'],
      ['stick', 'gone', 'z', 'unknown'],
    ])
    backend.server('a').maintenance()
    assert.deepEqual(steps('/a', { cookie: 'SRV=ca', 'x-key': 'known' }), [
      ['use-server', undefined, 'a', 'down'],
      ['cookie', 'ca', 'a', 'down'],
      ['stick', 'known', 'b', 'matched'],
    ])
    backend.server('a').ready()
  })

  test('goes where the exchange would, and asks the balancer only where that is needed', () => {
    const bound = frontend.route({ headers: { cookie: 'SRV=cb' } })
    assert.equal(bound.server?.name, 'b')
    assert.ok(!bound.trace.some(({ step }) => step === 'balance'))
    assert.ok(frontend.route().trace.some(({ step }) => step === 'balance'))
  })

  test('changes no entry of a table', () => {
    const before = [...table.entries()]
    clock.advance(1_800_000)
    frontend.route({ headers: { 'x-key': 'known' } })
    frontend.route({ headers: { 'x-key': 'new' } })
    const after = [...table.entries()]
    assert.deepEqual(
      after.map(({ key, server, expiresIn }) => [key, server, expiresIn! + 1_800_000]),
      before.map(({ key, server, expiresIn }) => [key, server, expiresIn]),
    )
  })

  test('is to wait where the server is full to which the request is bound', () => {
    const full = new Scene({ cookie: insert, servers: narrow })
    full.ask({ cookie: 'SRV=ca' })
    const decision = full.frontend.route({ headers: { cookie: 'SRV=ca' } })
    assert.deepEqual([decision.server, decision.queued, decision.status], [undefined, true, undefined])
    assert.equal(full.frontend.route().server?.name, 'b')
  })

  test('throws what a rule’s function throws', () => {
    const broken = () => {
      throw new Error('broken')
    }
    const proxy = new Scene({ useServer: [{ server: 'a', when: broken }] })
    assert.throws(() => proxy.frontend.route(), /broken/)
  })
})

describe('a server that leaves its backend', () => {
  test('gets nobody from the moment on at which it is to leave, and nobody is led to it later', async () => {
    const clock = new VirtualClock({ start: 1000 })
    const table = new StickyTable({ type: 'ip', size: 10, clock })
    const proxy = new Scene({ stick: [{ on: source, table }], persist: true }, clock)
    const attempt = proxy.ask()
    const removal = proxy.backend.removeServer('a')
    assert.equal(proxy.visit().server, 'b')
    table.store('192.0.2.7', 'a')
    assert.equal(proxy.visit().server, 'b')
    respond(attempt)
    await removal
    table.store('192.0.2.7', 'a')
    assert.equal(proxy.visit().server, 'b')
  })

  test('is one of them again when it could not leave in time', async () => {
    const proxy = new Scene({ cookie: insert })
    proxy.ask()
    const removal = proxy.backend.removeServer('a', { timeout: 50 })
    proxy.clock.advance(50)
    await assert.rejects(removal, { code: 'ERR_EVENKEEL_TIMEOUT' })
    proxy.backend.server('a').ready()
    assert.equal(proxy.visit({ cookie: 'SRV=ca' }).letters, 'VN')
  })
})

describe('a backend without any of it', () => {
  test('has no bonds, and logs nothing of cookies', () => {
    const proxy = new FakeProxy()
    const { exchange } = proxy.begin(led('SRV=ca'))
    assert.deepEqual([proxy.backend.persistence, exchange.bond], [undefined, undefined])
    respond(proxy.try.connect(), ['Set-Cookie: SRV=x'])
    assert.equal(proxy.record.termination, '----')
  })
})
