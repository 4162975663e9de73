import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { Backend } from '../../src/core/backend.js'
import type { Decision } from '../../src/core/decision.js'
import { Frontend, type RouteRequest } from '../../src/core/frontend.js'
import { source } from '../../src/rules/samples.js'
import { makeBackend, two } from '../support/asker.js'
import { app, files, web } from '../support/web-frontend.js'

/** The names of where a decision goes. */
function goal({ backend, server }: Decision) {
  return [backend?.name, server?.name]
}

describe('a decision without a socket', () => {
  test('follows the first route that matches, else the default', () => {
    const frontend = web()
    assert.deepEqual(goal(frontend.route({ url: '/static/a.css?v=2' })), ['files', 'f1'])
    assert.equal(frontend.route({ method: 'POST', url: '/static/a.css' }).backend, app)
    assert.equal(frontend.route({ headers: { 'X-Files': '1' } }).backend, files)
    assert.equal(frontend.route().backend, app)
  })

  test('is 503 where there is neither route nor default', () => {
    const { backend, server, queued, status } = new Frontend('web').route()
    assert.deepEqual(
      { backend, server, queued, status },
      { backend: undefined, server: undefined, queued: false, status: 503 },
    )
  })

  test('is 503 where the backend has no usable server', () => {
    const down = new Backend('down', { servers: ['127.0.0.1:1'] })
    down.server('127.0.0.1:1').maintenance()
    const { backend, status, trace } = new Frontend('web', { defaultBackend: down }).route()
    assert.deepEqual([backend?.name, status], ['down', 503])
    const balance = trace.at(-1)
    assert.ok(balance?.step === 'balance' && balance.reason === 'no server is usable')
  })

  test('is to wait where every server is full', () => {
    const full = new Backend('full', { servers: { a: { address: '127.0.0.1:1', maxConnections: 1 } } })
    full.server('a').take(1)
    const { server, queued, status, trace } = new Frontend('web', { defaultBackend: full }).route()
    assert.deepEqual({ server, queued, status }, { server: undefined, queued: true, status: undefined })
    const [balance, queue] = trace.slice(-2)
    assert.ok(balance?.step === 'balance' && balance.reason === 'no server has room')
    assert.deepEqual([balance.candidates, balance.full], [['a'], ['a']])
    assert.deepEqual(queue, { step: 'queue', of: 'backend', name: 'full', ahead: 0, isFull: false })
  })

  test('is to wait for its server where that is full, behind those who wait there', () => {
    const { backend, ask } = makeBackend()
    ask('a')
    ask('a')
    const { queued, trace } = new Frontend('web', { defaultBackend: backend }).route({ headers: { 'X-To': 'a' } })
    const [balance, queue] = trace.slice(-2)
    assert.ok(balance?.step === 'balance' && balance.server === 'a')
    assert.deepEqual(balance.full, ['a'])
    assert.deepEqual([queued, queue], [true, { step: 'queue', of: 'server', name: 'a', ahead: 1, isFull: false }])
  })

  test('is to wait for the server that persistence names where that is full', () => {
    const backend = new Backend('app', {
      cookie: { name: 'SRV', mode: 'insert' },
      servers: { a: { address: '127.0.0.1:1', cookie: 'A', maxConnections: 1 }, b: '127.0.0.1:2' },
    })
    backend.server('a').take(1)
    const { queued, trace } = new Frontend('web', { defaultBackend: backend }).route({ headers: { cookie: 'SRV=A' } })
    const queue = { step: 'queue', of: 'server', name: 'a', ahead: 0, isFull: false }
    assert.deepEqual([queued, trace.at(-1)], [true, queue])
  })

  test('is 503 where too many wait already', () => {
    const { backend, ask } = makeBackend({ maxQueue: 1, servers: { a: { ...two.a, maxQueue: 1 } } })
    const frontend = new Frontend('web', { defaultBackend: backend })
    ask()
    ask()
    const { queued, status, trace } = frontend.route()
    assert.deepEqual([queued, status], [false, 503])
    assert.deepEqual(trace.at(-1), { step: 'queue', of: 'backend', name: 'app', ahead: 1, isFull: true })
    ask('a')
    const bound = frontend.route({ headers: { 'X-To': 'a' } })
    assert.deepEqual([bound.queued, bound.status], [false, 503])
    assert.deepEqual(bound.trace.at(-1), { step: 'queue', of: 'server', name: 'a', ahead: 1, isFull: true })
  })

  test('leaves the server that persistence names where too many wait for that, unless redispatch is off', () => {
    for (const [redispatch, expected] of [
      [true, ['b', undefined]],
      [false, [undefined, 503]],
    ] as const) {
      const { backend, ask } = makeBackend({
        redispatch,
        useServer: [{ server: 'a' }],
        servers: { a: { ...two.a, maxQueue: 1 }, b: two.b },
      })
      ask('a')
      ask('a')
      const { server, status, trace } = new Frontend('web', { defaultBackend: backend }).route()
      assert.deepEqual([server?.name, status], expected)
      const queue = { step: 'queue', of: 'server', name: 'a', ahead: 1, isFull: true }
      assert.ok(trace.some((step) => isDeepStrictEqual(step, queue)))
    }
  })

  test('advances the round robin and moves no counter', () => {
    const frontend = web()
    const before = JSON.stringify([frontend.counters, app.counters])
    const names = [1, 2, 3, 4].map(() => frontend.route().server?.name)
    assert.notEqual(names[0], names[1])
    assert.deepEqual(names.slice(2), names.slice(0, 2))
    assert.equal(JSON.stringify([frontend.counters, app.counters]), before)
    assert.deepEqual(
      app.servers.map(({ served }) => served),
      [0, 0],
    )
  })

  test('sees the request as a socket would bring it', () => {
    const seen: unknown[] = []
    const frontend = web({
      routes: [
        {
          backend: files,
          when: (exchange) => {
            const { method, target, path, query, host, source, secure } = exchange
            seen.push({ method, target, path, query, host, source: source.address, secure })
            seen.push(exchange.headers('accept'))
            return false
          },
        },
      ],
    })
    frontend.route({
      method: 'PUT',
      url: '/a?b=c',
      headers: { Host: 'A.test:80', Accept: ['x', 'y'] },
      source: '::ffff:192.0.2.7',
      secure: true,
    })
    frontend.route()
    assert.deepEqual(seen, [
      {
        method: 'PUT',
        target: '/a?b=c',
        path: '/a',
        query: 'b=c',
        host: 'a.test',
        source: '192.0.2.7',
        secure: true,
      },
      ['x', 'y'],
      { method: 'GET', target: '/', path: '/', query: '', host: '', source: '127.0.0.1', secure: false },
      [],
    ])
  })

  test('in TCP mode knows the source alone', () => {
    const tcp = new Backend('tcp', { mode: 'tcp', servers: ['127.0.0.1:1'] })
    const frontend = new Frontend('web', {
      mode: 'tcp',
      routes: [{ backend: tcp, when: source.in('192.0.2.0/24') }],
    })
    assert.equal(frontend.route({ source: '192.0.2.1' }).backend, tcp)
    assert.equal(frontend.route({ source: '198.51.100.1' }).backend, undefined)
  })

  const wrong: readonly [unknown, string][] = [
    [{ url: 5 }, 'url'],
    [{ url: '' }, 'url'],
    [{ method: '' }, 'method'],
    [{ headers: 'Host: a' }, 'headers'],
    [{ headers: null }, 'headers'],
    [{ headers: { host: 5 } }, 'headers.host'],
    [{ headers: { accept: ['a', null] } }, 'headers.accept'],
    [{ source: 5 }, 'source'],
    [{ source: 'somewhere' }, 'source'],
    [{ secure: 'yes' }, 'secure'],
    [{ path: '/' }, 'path'],
  ]
  for (const [request, name] of wrong) {
    test(`refuses ${JSON.stringify(request)}`, () => {
      const expected = { code: 'ERR_EVENKEEL_OPTION', path: `frontends.web.route(request).${name}` }
      assert.throws(() => web().route(request as RouteRequest), expected)
    })
  }
})

describe('the trace of a decision', () => {
  test('names the routes that were asked, the persistence, and the pick', () => {
    const { trace } = web().route({ url: '/x' })
    assert.deepEqual(
      trace.map(({ step }) => step),
      ['route', 'route', 'default-backend', 'persistence', 'balance'],
    )
    const [first, second, fallback, persistence, balance] = trace
    assert.deepEqual(first, {
      step: 'route',
      index: 0,
      backend: 'files',
      condition: 'path starts with /static unless method is POST',
      matched: false,
    })
    assert.ok(second?.step === 'route' && !second.matched)
    assert.deepEqual(fallback, { step: 'default-backend', backend: 'app' })
    assert.ok(persistence?.step === 'persistence' && persistence.result === 'none')
    assert.ok(balance?.step === 'balance')
    assert.deepEqual([balance.algorithm, balance.candidates, balance.excluded], ['roundrobin', ['app1', 'app2'], []])
    assert.match(String(balance.server), /^app[12]$/)
    assert.notEqual(balance.reason, '')
  })

  test('ends with the routes where one matches, and tells of conditions without words', () => {
    const routes = [
      { backend: files, when: () => false },
      { backend: files, unless: () => false },
    ]
    const { trace } = web({ routes }).route()
    assert.deepEqual(
      trace.slice(0, 2).map((step) => step.step === 'route' && [step.condition, step.matched]),
      [
        ['a function', false],
        ['unless a function', true],
      ],
    )
    assert.equal(trace[2]?.step, 'persistence')
    const [always] = web({ routes: [{ backend: files }] }).route().trace
    assert.ok(always?.step === 'route' && always.condition === 'always')
  })

  test('says of every server that was left out why it was', () => {
    const backend = new Backend('app', {
      servers: {
        up: '127.0.0.1:1',
        draining: '127.0.0.1:2',
        away: '127.0.0.1:3',
        light: { address: '127.0.0.1:4', weight: 0 },
        spare: { address: '127.0.0.1:5', backup: true },
        down: { address: '127.0.0.1:6', check: { fall: 1 } },
        silent: { address: '127.0.0.1:7', check: { fall: 1 } },
      },
    })
    backend.server('draining').drain()
    backend.server('away').maintenance()
    backend.server('down').observeCheck({ passed: false, status: 'L4CON', reason: 'connection refused', duration: 1 })
    backend.server('silent').observeCheck({ passed: false, status: 'L4TOUT', reason: '', duration: 1 })
    const balance = new Frontend('web', { defaultBackend: backend }).route().trace.at(-1)
    assert.ok(balance?.step === 'balance')
    assert.deepEqual(balance.candidates, ['up'])
    assert.deepEqual(Object.fromEntries(balance.excluded.map(({ server, reason }) => [server, reason])), {
      draining: 'in drain',
      away: 'in maintenance',
      light: 'weight 0',
      spare: 'a backup that is not needed',
      down: 'down: L4CON, connection refused',
      silent: 'down: L4TOUT',
    })
  })
})

describe('a condition', () => {
  const failing: readonly [string, () => unknown, RegExp][] = [
    ['gives a promise', async () => true, /a promise/],
    ['gives a promise that rejects', () => Promise.reject(new Error('boom')), /a promise/],
    ['gives text', () => 'yes', /string/],
    ['gives nothing', () => undefined, /undefined/],
    [
      'throws',
      () => {
        throw new Error('boom')
      },
      /boom/,
    ],
  ]
  for (const [what, condition, message] of failing) {
    test(`that ${what} is refused, and named`, () => {
      const frontend = web({ routes: [{ backend: files }, { backend: files, when: condition as () => boolean }] })
      const late = web({ routes: [{ backend: files, unless: condition as () => boolean }] })
      assert.doesNotThrow(() => frontend.route())
      assert.throws(() => late.route(), { code: 'ERR_EVENKEEL_CALLBACK', message })
      assert.throws(() => late.route(), { message: /frontends\.web\.routes\[0\]/ })
    })
  }
})
