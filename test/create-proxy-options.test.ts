import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { VirtualClock } from '../src/testing/virtual-clock.js'
import { refusal, refuses } from './support/refusals.js'

type BadValues = Readonly<Record<string, readonly unknown[]>>

const badTimes = [-1, 'soon', '5 s', '10sec', Number.NaN, Infinity, true, null, {}, '25d']
const badCounts = [-1, 1.5, '5', Number.NaN, Infinity, null, [], true]
const badFlags = [0, 1, 'yes', null, {}]
const badPoolCounts = [-2, 1.5, '5', Number.NaN, null]
const badHeadSizes = [1023, 2 ** 20 + 1, '2m', 1.5, -1, 'big', null]
const badFieldCounts = [0, 32_768, 1.5, '5', null]

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
  httpServerClose: badFlags,
  httpClose: badFlags,
  allowConnect: badFlags,
  maxHeaderBytes: badHeadSizes,
  maxHeaders: badFieldCounts,
  maxTargetBytes: [0, 16_385, '17k', -1, 'big', null],
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
  retryOn: ['', 'errors', '503', 200, 499, [], null, {}, '0rtt-rejected'],
  'retryOn[0]': ['errors', 200, null, '0rtt-rejected'],
  retryMethods: ['', 'GET', 5, null, ['GET', 'a b'], [5]],
  retryUnless: [true, 'POST', null, {}],
  replayBuffer: [-1, 1.5, '16x', null, true],
  retryBudget: [true, 0.2, null, []],
  'retryBudget.ratio': [-0.1, 101, '20%', null, Number.NaN],
  'retryBudget.minimumPerSecond': [-1, 1_000_001, '10', null, Infinity],
  host: ['', 'a b', 5, null],
  sendServerName: ['', 'X Name', 5, null],
  transport: ['http9', 5, null],
  dispatcher: ['agent', {}, 5, null],
  httpReuse: ['sometimes', true, 5, null],
  poolMaxConnections: badPoolCounts,
  poolPurgeDelay: badTimes,
  maxReuse: badPoolCounts,
  httpServerClose: badFlags,
  httpClose: badFlags,
  maxResponseHeaderBytes: badHeadSizes,
  maxResponseHeaders: badFieldCounts,
}

const badOfServers: BadValues = {
  address: ['app', 'app:0', 'app:65536', ':80', '*:80', 80, null, undefined],
  weight: [257, ...badCounts],
  backup: badFlags,
  maxConnections: badCounts,
  check: [5, 'yes', null, []],
  'check.timeout': badTimes,
  poolMaxConnections: badPoolCounts,
  poolPurgeDelay: badTimes,
  maxReuse: badPoolCounts,
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
