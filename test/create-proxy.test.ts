import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Backend } from '../src/core/backend.js'
import { createProxy, type ProxyConfig } from '../src/create-proxy.js'
import { LeastConnections, Server } from '../src/index.js'
import { refusal, refuses } from './support/refusals.js'

test('an option that is undefined counts as absent', () => {
  const config = { bind: 0, servers: [], retries: undefined, nonsense: undefined, timeout: undefined }
  assert.equal(createProxy(config as unknown as ProxyConfig).backend('main').settings.retryPolicy.retries, 3)
})

test('a configuration must be an object', () => {
  for (const config of [undefined, null, 8080, 'bind', [], () => {}])
    assert.throws(() => createProxy(config as never), { code: 'ERR_EVENKEEL_OPTION' })
})

describe('where to listen', () => {
  const bind = (value: unknown) => ({ bind: value, servers: [] })

  test('takes ports, addresses, Unix sockets, and lists of them', () => {
    for (const value of [0, 65_535, '*:80', ':80', '127.0.0.1:0', '[::1]:80', 'unix:/tmp/a', [80, 'localhost:81']]) {
      assert.doesNotThrow(() => createProxy(bind(value) as ProxyConfig))
    }
  })

  test('refuses impossible ports and addresses', () => {
    for (const value of [
      -1,
      65_536,
      1.5,
      Number.NaN,
      '',
      '80',
      'host',
      'host:',
      'host:65536',
      'host:-1',
      'unix:',
      true,
      null,
    ]) {
      refuses(bind(value), 'bind', value)
    }
    refuses(bind({}), 'bind.address', undefined)
    refuses(bind([]), 'bind')
    refuses(bind([80, 'x', 81]), 'bind[1]', 'x')
    refuses({ frontends: { main: { bind: [70_000] } } }, 'frontends.main.bind[0]', 70_000)
  })

  test('is needed in the short form, and may be absent in the whole form', () => {
    refuses({ servers: ['a:1'] }, 'bind')
    assert.doesNotThrow(() => createProxy({ frontends: { main: {} } }))
  })

  test('is needed for something: a whole form without frontends is refused', () => {
    refuses({ backends: { app: {} } }, 'frontends')
  })
})

describe('the short form', () => {
  test('makes a frontend and a backend called main', () => {
    const proxy = createProxy({ bind: 0, servers: ['127.0.0.1:1', { name: 'b', address: '127.0.0.1:2', weight: 3 }] })
    assert.deepEqual([proxy.frontends.length, proxy.backends.length], [1, 1])
    assert.equal(proxy.frontend('main').defaultBackend, proxy.backend('main'))
    assert.deepEqual(
      proxy.backend('main').servers.map(({ name, weight }) => [name, weight]),
      [
        ['127.0.0.1:1', 1],
        ['b', 3],
      ],
    )
  })

  test('gives each side its options and its times', () => {
    const timeout = {
      connect: 1,
      client: 2,
      server: 3,
      queue: 4,
      httpRequest: 5,
      httpKeepAlive: 6,
      tunnel: 7,
      clientHandshake: 8,
      clientFin: 9,
      serverFin: 10,
    }
    const proxy = createProxy({
      bind: 0,
      servers: [],
      timeout,
      retries: 1,
      redispatch: 2,
      balance: 'leastconn',
      forwardFor: true,
      via: true,
      host: 'server',
    })
    const { settings: frontend } = proxy.frontend('main')
    const { settings: backend, balancer } = proxy.backend('main')
    const times = { client: 2, httpRequest: 5, httpKeepAlive: 6, clientHandshake: 8, clientFin: 9 }
    assert.deepEqual(frontend.timeout, times)
    assert.deepEqual(backend.timeout, { connect: 1, server: 3, queue: 4, tunnel: 7, serverFin: 10 })
    const { retries, redispatch } = backend.retryPolicy
    assert.deepEqual([retries, redispatch], [1, 2])
    assert.deepEqual(
      [frontend.forwardFor?.header, frontend.via, backend.host],
      ['X-Forwarded-For', 'evenkeel', 'server'],
    )
    assert.equal(balancer.algorithm, 'leastconn')
  })

  test('may be in TCP mode', () => {
    const proxy = createProxy({ bind: 0, servers: [], mode: 'tcp' })
    assert.deepEqual([proxy.frontend('main').settings.mode, proxy.backend('main').mode], ['tcp', 'tcp'])
  })
})

describe('defaults', () => {
  const defaults = {
    timeout: { connect: 1, client: 2, server: 3 },
    retries: 7,
    balance: 'first',
    forwardFor: true,
    maxConnections: 9,
    defaultBackend: 'app',
    errorFiles: { 503: { body: 'away' } },
  } as const

  test('are taken by each, as far as it knows them', () => {
    const proxy = createProxy({ defaults, frontends: { main: {} }, backends: { app: {} } })
    const frontend = proxy.frontend('main')
    const backend = proxy.backend('app')
    const times = { client: 2, httpRequest: 10_000, httpKeepAlive: 10_000, clientHandshake: 2, clientFin: 10_000 }
    assert.deepEqual(frontend.settings.timeout, times)
    assert.deepEqual(backend.settings.timeout, { connect: 1, server: 3, queue: 1, tunnel: 3_600_000, serverFin: 10_000 })
    assert.equal(frontend.settings.maxConnections, 9)
    assert.equal(frontend.defaultBackend, backend)
    assert.deepEqual([backend.settings.retryPolicy.retries, backend.balancer.algorithm], [7, 'first'])
    for (const { settings } of [frontend, backend]) assert.deepEqual(settings.errorFiles, { 503: { body: 'away' } })
  })

  test('give way to what is said in the place, time by time', () => {
    const proxy = createProxy({
      defaults,
      frontends: { main: { forwardFor: false, maxConnections: 0, timeout: { client: 5 } } },
      backends: { app: { retries: 0, balance: 'roundrobin', timeout: { server: 6 }, errorFiles: {} } },
    })
    const { settings: frontend } = proxy.frontend('main')
    const { settings: backend, balancer } = proxy.backend('app')
    assert.deepEqual([frontend.forwardFor, frontend.maxConnections, frontend.timeout.client], [undefined, 0, 5])
    assert.deepEqual([backend.retryPolicy.retries, balancer.algorithm, backend.errorFiles], [0, 'roundrobin', {}])
    assert.deepEqual(backend.timeout, { connect: 1, server: 6, queue: 1, tunnel: 3_600_000, serverFin: 10_000 })
  })

  test('do not reach ready objects', () => {
    const app = new Backend('app')
    const proxy = createProxy({ defaults, frontends: {}, backends: { app } })
    assert.equal(proxy.backend('app').settings.retryPolicy.retries, 3)
  })

  test('may set the mode of all', () => {
    const proxy = createProxy({
      defaults: { mode: 'tcp' },
      frontends: { main: { defaultBackend: 'app' } },
      backends: { app: {} },
    })
    assert.equal(proxy.frontend('main').settings.mode, 'tcp')
  })

  test('name a backend that must exist', () => {
    refuses({ defaults: { defaultBackend: 'nowhere' }, frontends: { main: {} } }, 'defaults.defaultBackend', 'nowhere')
  })

  test('can’t have a balancer in common: each backend needs its own', () => {
    const balance = new LeastConnections()
    const config = { defaults: { balance }, frontends: {}, backends: { a: {}, b: {} } }
    assert.match(refusal(config).message, /backends\.b\.balance: got .*of its own/)
    assert.doesNotThrow(() => createProxy({ ...config, defaults: { balance: { algorithm: 'leastconn' } } }))
  })
})

test('a configuration is read and not changed: a frozen one will do, and serves twice', () => {
  const config = {
    defaults: { timeout: { connect: '1s' }, errorFiles: { 503: { body: 'x' } } },
    frontends: { main: { bind: [0], routes: [{ backend: 'app', when: () => true }], defaultBackend: 'app' } },
    backends: { app: { servers: [{ name: 'a', address: 'a:1' }], check: { http: { path: '/' } } } },
  }
  const before = JSON.stringify(config)
  freeze(config)
  createProxy(config)
  createProxy(config)
  assert.equal(JSON.stringify(config), before)
})

function freeze(value: object): void {
  Object.freeze(value)
  for (const member of Object.values(value)) if (typeof member === 'object' && member !== null) freeze(member)
}

test('nothing is started when a proxy is made', () => {
  const before = process.getActiveResourcesInfo().length
  const proxy = createProxy({ bind: 0, servers: ['127.0.0.1:1'], check: true, stats: { bind: 0 } })
  assert.equal(process.getActiveResourcesInfo().length, before)
  assert.deepEqual(proxy.addresses(), {})
})

test('a server that is a ready object serves one backend', () => {
  const server = new Server('a', { address: 'a:1' })
  createProxy({ bind: 0, servers: [server] })
  assert.throws(() => createProxy({ bind: 0, servers: [server] }), { code: 'ERR_EVENKEEL_STATE' })
})
