import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Backend } from '../src/core/backend.js'
import { Frontend } from '../src/core/frontend.js'
import { createProxy, type ProxyConfig } from '../src/create-proxy.js'
import { LeastConnections, OptionError, Server } from '../src/index.js'
import { VirtualClock } from '../src/testing/virtual-clock.js'
import { systemClock } from '../src/util/clock.js'
import { seededRandom } from '../src/util/random.js'

/** The error that a configuration is refused with; it may be wrong in type. */
function refusal(config: unknown): OptionError {
  try {
    createProxy(config as ProxyConfig)
  } catch (error) {
    assert.ok(error instanceof OptionError, String(error))
    return error
  }
  throw new Error(`was accepted: ${JSON.stringify(config)}`)
}

/** Asserts that the refusal names the option, the value that came, and what it takes. */
function refuses(config: unknown, path: string, value?: unknown): void {
  const error = refusal(config)
  assert.equal(error.path, path)
  assert.equal(error.code, 'ERR_EVENKEEL_OPTION')
  assert.ok(error.message.startsWith(`${path}: got `), error.message)
  assert.ok(error.expected.length > 3 && error.message.endsWith(`, takes ${error.expected}`), error.message)
  if (value !== undefined) assert.deepEqual(error.value, value)
}

type BadValues = Readonly<Record<string, readonly unknown[]>>

const badTimes = [-1, 'soon', '5 s', '10sec', Number.NaN, Infinity, true, null, {}, '25d']
const badCounts = [-1, 1.5, '5', Number.NaN, Infinity, null, [], true]
const badFlags = [0, 1, 'yes', null, {}]

const badOfFrontends: BadValues = {
  mode: ['udp', '', 5, null],
  'timeout.client': badTimes,
  'timeout.httpRequest': badTimes,
  'timeout.httpKeepAlive': badTimes,
  errorFiles: [5, 'page.http', null],
  'errorFiles.200': [{ body: 'x' }],
  'errorFiles.503.body': [5, undefined],
  log: ['stdout', {}, 5, null],
  forwardFor: [5, 'yes', null],
  forwardedHeaders: [5, 'yes', null],
  forwarded: badFlags,
  via: [5, 'a b', null],
  'trustedProxies[0]': ['proxy.test', 5],
}

const badOfBackends: BadValues = {
  'timeout.connect': badTimes,
  'timeout.server': badTimes,
  'timeout.queue': badTimes,
  'timeout.tunnel': badTimes,
  balance: ['fastest', 5, null, []],
  'balance.algorithm': ['fastest', 5],
  allBackups: badFlags,
  check: [5, 'yes', null, []],
  'check.interval': badTimes,
  'check.rise': [0, 1001, ...badCounts],
  'check.fall': [0, 1001, ...badCounts],
  'check.http': [5, '/health', null],
  'check.http.path': ['health', '', 5],
  'check.http.expect': [200, null],
  'check.http.expect.status': ['ok', 99, []],
  retries: [101, ...badCounts],
  redispatch: ['yes', 101, -101, 1.5, null],
  host: ['', 'a b', 5, null],
  sendServerName: ['', 'X Name', 5, null],
}

const badOfServers: BadValues = {
  address: ['app', 'app:0', 'app:65536', ':80', '*:80', 80, null, undefined],
  weight: [257, ...badCounts],
  backup: badFlags,
  maxConnections: badCounts,
  check: [5, 'yes', null, []],
  'check.timeout': badTimes,
}

/** An object with one member, which may lie deep: `a.b` and `a[0]`. */
function nest(path: string, value: unknown): Record<string, unknown> {
  const [, first = '', rest = ''] = /^(\w+)(.*)$/.exec(path) ?? []
  if (rest === '') return { [first]: value }
  return { [first]: rest === '[0]' ? [value] : nest(rest.slice(1), value) }
}

/** Where options stand, and how to say them there. `prefix` stands before their names in paths. */
interface Place {
  readonly where: string
  readonly prefix: string
  readonly bad: BadValues
  readonly config: (options: Record<string, unknown>) => unknown
}

const places: readonly Place[] = [
  {
    where: 'the short form',
    prefix: '',
    bad: { ...badOfFrontends, ...badOfBackends, maxConnections: badCounts },
    config: (options) => ({ bind: 0, servers: [], ...options }),
  },
  {
    where: 'defaults that nobody takes',
    prefix: 'defaults.',
    bad: { ...badOfFrontends, ...badOfBackends, maxConnections: badCounts },
    config: (options) => ({ frontends: {}, defaults: options }),
  },
  {
    where: 'defaults that all take',
    prefix: 'defaults.',
    bad: { ...badOfFrontends, ...badOfBackends, maxConnections: badCounts },
    config: (options) => ({ frontends: { main: {} }, backends: { app: {} }, defaults: options }),
  },
  {
    where: 'a frontend',
    prefix: 'frontends.main.',
    bad: {
      ...badOfFrontends,
      maxConnections: badCounts,
      routes: [5, 'app', null, {}],
      'routes[0]': [5, 'app', null],
      defaultBackend: ['nowhere', 5, null, {}],
      clock: [5, {}, new VirtualClock()],
    },
    config: (options) => ({ frontends: { main: options }, backends: { app: {} } }),
  },
  {
    where: 'a backend',
    prefix: 'backends.app.',
    bad: { ...badOfBackends, mode: ['udp', 5, null], servers: [5, 'a:1', null], clock: [5], random: [5] },
    config: (options) => ({ frontends: {}, backends: { app: options } }),
  },
  {
    where: 'a server in a list',
    prefix: 'backends.app.servers[1].',
    bad: { ...badOfServers, name: ['', 'a b', 'ä', '__proto__', 5, null, undefined] },
    config: (options) => ({
      frontends: {},
      backends: { app: { servers: ['a:1', { name: 'b', address: 'b:1', ...options }] } },
    }),
  },
  {
    where: 'a server in a record',
    prefix: 'backends.app.servers.b.',
    bad: badOfServers,
    config: (options) => ({ frontends: {}, backends: { app: { servers: { b: { address: 'b:1', ...options } } } } }),
  },
  {
    where: 'the whole form',
    prefix: '',
    bad: {
      maxConnections: badCounts,
      clock: [5, null, {}, { now: () => 1 }],
      random: [5, null, {}],
      defaults: [5, null, []],
      frontends: [5, null, [], 'main'],
      backends: [5, null, [], 'app'],
      'frontends.main': [5, null, 'app', []],
      'backends.app': [5, null, 'a:1', []],
    },
    config: (options) => ({ frontends: {}, ...options }),
  },
  {
    where: 'the stats page',
    prefix: 'stats.',
    bad: {
      bind: [-1, 65_536, 'x', null, undefined],
      path: ['stats', '', '/a;b', '/a?b', 5, null],
      'auth.admin': ['', 5, null],
      refresh: badTimes,
    },
    config: (options) => ({ frontends: {}, stats: { bind: 0, ...options } }),
  },
]

/** Options whose refusal does not show the value: a secret, and one that is wrong by its key. */
const hidden = new Set(['auth.admin', 'errorFiles.200'])

for (const { where, prefix, bad, config } of places) {
  describe(`${where}: a wrong value is refused by its path`, () => {
    for (const [option, values] of Object.entries(bad)) {
      test(option, () => {
        for (const value of values)
          refuses(config(nest(option, value)), `${prefix}${option}`, hidden.has(option) ? undefined : value)
      })
    }
  })
}

describe('an option that does not exist is refused by its path', () => {
  const app = { servers: ['a:1'] }
  const cases: readonly [path: string, config: unknown][] = [
    ['servres', { bind: 0, servres: [] }],
    ['routes', { bind: 0, servers: [], routes: [] }],
    ['timeout.conect', { bind: 0, servers: [], timeout: { conect: 1 } }],
    ['servers', { frontends: {}, servers: [] }],
    ['frontend', { frontends: {}, frontend: {} }],
    ['defaults.bind', { frontends: {}, defaults: { bind: 1 } }],
    ['defaults.servers', { frontends: {}, defaults: { servers: [] } }],
    ['defaults.timeout.request', { frontends: {}, defaults: { timeout: { request: 1 } } }],
    ['defaults.check.retries', { frontends: {}, defaults: { check: { retries: 1 } } }],
    ['frontends.main.server', { frontends: { main: { server: 'a:1' } } }],
    ['frontends.main.retries', { frontends: { main: { retries: 1 } } }],
    ['frontends.main.timeout.server', { frontends: { main: { timeout: { server: 1 } } } }],
    [
      'frontends.main.routes[0].if',
      { frontends: { main: { routes: [{ backend: 'app', if: 1 }] } }, backends: { app } },
    ],
    ['frontends.main.forwardFor.heade', { frontends: { main: { forwardFor: { heade: 'X' } } } }],
    ['frontends.main.errorFiles.503.file', { frontends: { main: { errorFiles: { 503: { body: '', file: 'x' } } } } }],
    ['backends.app.bind', { frontends: {}, backends: { app: { bind: 1 } } }],
    ['backends.app.timeout.client', { frontends: {}, backends: { app: { timeout: { client: 1 } } } }],
    ['backends.app.balance.draw', { frontends: {}, backends: { app: { balance: { algorithm: 'random', draw: 1 } } } }],
    ['backends.app.check.inter', { frontends: {}, backends: { app: { check: { inter: 1 } } } }],
    ['backends.app.check.http.uri', { frontends: {}, backends: { app: { check: { http: { uri: '/' } } } } }],
    [
      'backends.app.check.http.expect.string',
      { frontends: {}, backends: { app: { check: { http: { expect: { string: 'x' } } } } } },
    ],
    [
      'backends.app.servers[0].maxconn',
      { frontends: {}, backends: { app: { servers: [{ name: 'a', address: 'a:1', maxconn: 1 }] } } },
    ],
    [
      'backends.app.servers.a.port',
      { frontends: {}, backends: { app: { servers: { a: { address: 'a:1', port: 1 } } } } },
    ],
    ['stats.uri', { frontends: {}, stats: { bind: 0, uri: '/' } }],
  ]
  for (const [path, config] of cases) {
    test(path, () => {
      refuses(config, path)
      assert.match(refusal(config).message, /no such option; known here: \w+/)
    })
  }
})

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
      {},
    ]) {
      refuses(bind(value), 'bind', value)
    }
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
    const timeout = { connect: 1, client: 2, server: 3, queue: 4, httpRequest: 5, httpKeepAlive: 6, tunnel: 7 }
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
    assert.deepEqual(frontend.timeout, { client: 2, httpRequest: 5, httpKeepAlive: 6 })
    assert.deepEqual(backend.timeout, { connect: 1, server: 3, queue: 4, tunnel: 7 })
    assert.deepEqual(backend.retryPolicy, { retries: 1, redispatch: 2 })
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
    assert.deepEqual(frontend.settings.timeout, { client: 2, httpRequest: 10_000, httpKeepAlive: 10_000 })
    assert.deepEqual(backend.settings.timeout, { connect: 1, server: 3, queue: 1, tunnel: 3_600_000 })
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
    assert.deepEqual(backend.timeout, { connect: 1, server: 6, queue: 1, tunnel: 3_600_000 })
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

describe('references', () => {
  test('find backends by name, whatever the order', () => {
    const proxy = createProxy({
      frontends: { main: { routes: [{ backend: 'b' }], defaultBackend: 'a' }, other: { defaultBackend: 'b' } },
      backends: { a: {}, b: {} },
    })
    assert.deepEqual(proxy.frontend('main').backends, [proxy.backend('b'), proxy.backend('a')])
    assert.deepEqual(proxy.frontend('other').backends, [proxy.backend('b')])
  })

  test('to a backend that is not there are refused, and the known ones named', () => {
    const backends = { app: {}, files: {} }
    refuses({ frontends: { main: { defaultBackend: 'ap' } }, backends }, 'frontends.main.defaultBackend', 'ap')
    const routes = [{ backend: 'app' }, { backend: 'nowhere' }]
    refuses({ frontends: { main: { routes } }, backends }, 'frontends.main.routes[1].backend', 'nowhere')
    assert.match(refusal({ frontends: { main: { routes } }, backends }).message, /there are: app, files/)
    refuses({ frontends: { main: { routes: [{}] } }, backends }, 'frontends.main.routes[0].backend')
    refuses({ frontends: { main: { defaultBackend: 'toString' } } }, 'frontends.main.defaultBackend')
  })

  test('need conditions that are functions', () => {
    for (const when of ['path /a', 5, null, true, {}]) {
      const routes = [{ backend: 'app', when }]
      refuses({ frontends: { main: { routes } }, backends: { app: {} } }, 'frontends.main.routes[0].when', when)
      const inverse = [{ backend: 'app', unless: when }]
      refuses({ frontends: { main: { routes: inverse } }, backends: { app: {} } }, 'frontends.main.routes[0].unless')
    }
  })

  test('may be ready objects, which belong to the proxy then', () => {
    const app = new Backend('app')
    const files = new Backend('files')
    const ready = new Frontend('ready', { defaultBackend: files })
    const proxy = createProxy({ frontends: { main: { routes: [{ backend: app }] }, ready } })
    assert.equal(proxy.backend('app'), app)
    assert.equal(proxy.backend('files'), files)
    assert.equal(proxy.frontend('ready'), ready)
  })

  test('to two backends of one name are refused', () => {
    const first = new Backend('app')
    const second = new Backend('app')
    const frontends = { main: { routes: [{ backend: first }], defaultBackend: second } }
    refuses({ frontends }, 'frontends.main.defaultBackend')
    refuses({ frontends: { main: { defaultBackend: first } }, backends: { app: {} } }, 'frontends.main.defaultBackend')
    const ready = new Frontend('ready', { defaultBackend: first })
    refuses({ frontends: { ready }, backends: { app: {} } }, 'frontends.ready')
  })

  test('to ready objects must stand under their own names', () => {
    refuses({ frontends: { web: new Frontend('main') } }, 'frontends.web', 'main')
    refuses({ frontends: {}, backends: { web: new Backend('app') } }, 'backends.web', 'app')
  })

  test('can’t join two modes', () => {
    const config = (mode: string) => ({
      frontends: { main: { mode, defaultBackend: 'app' } },
      backends: { app: { mode: mode === 'tcp' ? 'http' : 'tcp' } },
    })
    for (const mode of ['tcp', 'http']) refuses(config(mode), 'frontends.main.mode', mode)
  })
})

describe('names', () => {
  for (const name of ['', 'a b', 'a/b', 'ä', 'a,b', 'a\n']) {
    test(`can’t be ${JSON.stringify(name)}`, () => {
      refuses({ frontends: { [name]: {} } }, `frontends.${name}`, name)
      refuses({ frontends: {}, backends: { [name]: {} } }, `backends.${name}`, name)
      const servers = { [name]: 'a:1' }
      refuses({ frontends: {}, backends: { app: { servers } } }, `backends.app.servers.${name}`, name)
    })
  }

  test('of servers differ within a backend', () => {
    refuses({ bind: 0, servers: ['a:1', 'a:1'] }, 'servers', 'a:1')
    const servers = [
      { name: 'a', address: 'a:1' },
      { name: 'a', address: 'a:2' },
    ]
    refuses({ frontends: {}, backends: { app: { servers } } }, 'backends.app.servers', 'a')
    assert.doesNotThrow(() =>
      createProxy({ frontends: {}, backends: { a: { servers: ['a:1'] }, b: { servers: ['a:1'] } } }),
    )
  })

  test('that are unknown throw, and the known ones are named', () => {
    const proxy = createProxy({ bind: 0, servers: { a: 'a:1' } })
    const unknown = { code: 'ERR_EVENKEEL_UNKNOWN_NAME' }
    assert.throws(() => proxy.frontend('web'), { ...unknown, message: /no frontend web; there are: main/ })
    assert.throws(() => proxy.backend('web'), unknown)
    assert.throws(() => proxy.server('main/b'), unknown)
    assert.throws(() => proxy.server('main'), unknown)
    assert.throws(() => proxy.server('web/a'), unknown)
    assert.throws(() => proxy.route('web'), unknown)
    assert.equal(proxy.server('main/a').name, 'a')
  })
})

describe('time and chance', () => {
  test('are the same for all', () => {
    const clock = new VirtualClock()
    const random = seededRandom(1)
    const proxy = createProxy({ clock, random, frontends: { main: { defaultBackend: 'app' } }, backends: { app: {} } })
    assert.deepEqual([proxy.frontend('main').clock, proxy.backend('app').clock], [clock, clock])
    assert.equal(proxy.backend('app').random, random)
  })

  test('of two clocks in one graph are refused', () => {
    const app = new Backend('app', { clock: new VirtualClock() })
    const clock = new VirtualClock()
    refuses({ clock, frontends: { main: { defaultBackend: app } } }, 'frontends.main.defaultBackend', app.clock)
    refuses({ clock, frontends: {}, backends: { app } }, 'backends.app', app.clock)
    refuses({ clock, frontends: { main: new Frontend('main') } }, 'frontends.main', systemClock)
    const two = { main: { defaultBackend: 'plain' }, other: { defaultBackend: app } }
    refuses({ frontends: two, backends: { plain: {} } }, 'frontends.other.defaultBackend', app.clock)
    refuses({ frontends: {}, backends: { app: { clock } } }, 'backends.app.clock', clock)
  })

  test('of a ready object are the proxy’s where it says nothing', () => {
    const clock = new VirtualClock()
    const app = new Backend('app', { clock })
    const proxy = createProxy({ frontends: { main: { defaultBackend: app } } })
    assert.equal(proxy.frontend('main').clock, clock)
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
