import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BackendOptions } from '../../src/core/backend-options.js'
import { Exchange } from '../../src/core/exchange.js'
import { RawRequestHead } from '../../src/core/message/raw-head.js'
import type { Session } from '../../src/core/session.js'
import type { TrackRule } from '../../src/core/tracking.js'
import { recordUnbornRequest } from '../../src/core/unborn-request.js'
import { Backend, createProxy, Frontend, OptionError, path, StickyTable, source } from '../../src/index.js'
import type { StoreOptions } from '../../src/sticky-table/stored-types.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { FakeProxy, withLength } from '../support/fake-proxy.js'
import { FakeClient } from '../support/fake-sides.js'

const everything: StoreOptions = {
  connectionCount: true,
  connectionsCurrent: true,
  sessionCount: true,
  httpRequestCount: true,
  httpErrorCount: true,
  httpFailureCount: true,
  bytesInCount: true,
  bytesOutCount: true,
}

const client = '192.0.2.7'

interface Parts {
  readonly rules?: readonly Omit<TrackRule, 'table' | 'on'>[]
  readonly on?: TrackRule['on']
  readonly mode?: 'http' | 'tcp'
  readonly backend?: Partial<BackendOptions>
  readonly tables?: number
}

/** A proxy whose rules track the source, each in a table of its own. */
function tracked({ rules = [{}], on = source, mode = 'http', backend = {} }: Parts = {}) {
  const clock = new VirtualClock({ start: 1000 })
  const tables = rules.map(() => new StickyTable({ type: 'ip', size: 10, expire: '1m', clock, store: everything }))
  const track = rules.map((rule, index) => ({ on, table: tables[index]!, ...rule }))
  const proxy = new FakeProxy({ clock, frontend: { track, mode }, backend: { mode, ...backend } })
  return { proxy, tables, table: tables[0]!, clock }
}

/** The values of the client's entry that are not 0. */
function counted(table: StickyTable): Record<string, number | undefined> {
  const values = table.get(client)?.values ?? {}
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0))
}

const requestHead = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'.length
const responseHead = (body: string) => `HTTP/1.1 200 Reason\r\nContent-Length: ${body.length}\r\n\r\n`.length

describe('a request that is tracked', () => {
  test('is counted from its head to its end', () => {
    const { proxy, table } = tracked()
    proxy.begin()
    assert.deepEqual(counted(table), { connectionCount: 1, connectionsCurrent: 1, httpRequestCount: 1 })
    proxy.try.connect().respond(200, 'hello')
    assert.deepEqual(counted(table), {
      connectionCount: 1,
      httpRequestCount: 1,
      bytesInCount: requestHead,
      bytesOutCount: responseHead('hello') + 5,
    })
    assert.equal(table.get(client)?.uses, 0)
  })

  test('is in use until the last byte, on a connection that goes on', () => {
    const { proxy, table } = tracked()
    const session = proxy.session()
    proxy.begin({ session })
    proxy.try.connect().respond(200).data('abc')
    assert.equal(table.read(client, 'connectionsCurrent'), 1)
    proxy.try.finish()
    assert.equal(table.read(client, 'connectionsCurrent'), 0)
    proxy.begin({ session })
    assert.deepEqual([table.read(client, 'connectionCount'), table.read(client, 'httpRequestCount')], [2, 2])
  })

  test('gives its entry back however it ends', () => {
    const ends: readonly ((proxy: FakeProxy, exchange: ReturnType<FakeProxy['begin']>['exchange']) => void)[] = [
      (_, exchange) => exchange.clientAborted(),
      (_, exchange) => exchange.shutDown(),
      (proxy) => proxy.try.connect().respond(200).die(),
      (proxy) => proxy.try.connect().fail('bad-response'),
      (proxy) => proxy.clock.advance(3_600_000),
      (proxy, exchange) => {
        proxy.try.connect().respond(200)
        exchange.clientAborted()
      },
    ]
    for (const end of ends) {
      const { proxy, table } = tracked({ backend: { retries: 0 } })
      const { exchange } = proxy.begin()
      assert.equal(table.read(client, 'connectionsCurrent'), 1)
      end(proxy, exchange)
      exchange.clientAborted()
      assert.equal(proxy.records.length, 1, String(end))
      assert.equal(table.read(client, 'connectionsCurrent'), 0, String(end))
    }
  })

  test('gives it back when it waits in a queue and its client leaves', () => {
    const { proxy, table } = tracked({ backend: { servers: { a: { address: '127.0.0.1:1', maxConnections: 1 } } } })
    for (const server of proxy.backend.servers) server.take(1)
    const { exchange } = proxy.begin()
    assert.equal(table.read(client, 'connectionsCurrent'), 1)
    exchange.clientAborted()
    assert.deepEqual([table.read(client, 'connectionsCurrent'), table.read(client, 'httpRequestCount')], [0, 1])
  })

  test('gives it back when nothing here takes it', () => {
    const clock = new VirtualClock({ start: 1000 })
    const table = new StickyTable({ type: 'ip', size: 10, clock, store: everything })
    const web = new Frontend('web', { track: [{ on: source, table }], clock })
    const session = web.openSession({ address: client, port: 4000 }, 80, false)
    const head = new RawRequestHead('GET', '/', 1, ['Host', 'a.test'])
    const passed: number[] = []
    new Exchange(web, session, new FakeClient(clock), head, 1000).start(() => {
      passed.push(table.read(client, 'connectionsCurrent'))
    })
    assert.deepEqual(passed, [0])
  })

  test('has its body counted, both ways', () => {
    const { proxy, table } = tracked()
    const fields = withLength(5)
    const { exchange } = proxy.begin({ method: 'POST', fields })
    proxy.try.connect()
    exchange.clientData('he')
    exchange.clientData('llo')
    exchange.clientEnd(undefined)
    proxy.try.respond(200).data('abc').data('defg').finish()
    const heads = `POST / HTTP/1.1\r\n${fields[0]}: ${fields[1]}\r\n${fields[2]}: ${fields[3]}\r\n\r\n`.length
    const answer = 'HTTP/1.1 200 Reason\r\nTransfer-Encoding: chunked\r\n\r\n'.length
    assert.deepEqual([table.read(client, 'bytesInCount'), table.read(client, 'bytesOutCount')], [heads + 5, answer + 7])
  })

  test('is not when its rule says no, or gives no key', () => {
    for (const [rule, on] of [
      [{ when: path.is('/other') }, source],
      [{ unless: path.is('/') }, source],
      [{}, () => undefined],
    ] as const) {
      const { proxy, table } = tracked({ rules: [rule], on })
      proxy.begin()
      proxy.try.connect().respond(200, '')
      assert.equal(table.size, 0)
    }
  })

  test('can be tracked by several rules, in one table too', () => {
    const clock = new VirtualClock({ start: 1000 })
    const table = new StickyTable({ type: 'string', size: 10, clock, store: everything })
    const track = [
      { on: source, table },
      { on: path, table },
      { on: () => client, table },
    ]
    const proxy = new FakeProxy({ clock, frontend: { track } })
    proxy.begin()
    assert.deepEqual([table.read(client, 'connectionsCurrent'), table.read('/', 'connectionsCurrent')], [2, 1])
    proxy.try.connect().respond(200, '')
    assert.deepEqual([table.read(client, 'connectionsCurrent'), table.read('/', 'httpRequestCount')], [0, 1])
    assert.equal(table.read(client, 'httpRequestCount'), 2)
  })

  test('counts itself in the rate that its routes look at', () => {
    const clock = new VirtualClock({ start: 1000 })
    const table = new StickyTable({ type: 'ip', size: 10, clock, store: { httpRequestRate: '10s' } })
    const nowhere = new Backend('nowhere', { clock })
    const routes = [{ backend: nowhere, when: table.data('httpRequestRate').of(source).above(2) }]
    const proxy = new FakeProxy({ clock, frontend: { track: [{ on: source, table }], routes } })
    const ask = () => proxy.begin().client.last ?? 'forwarded'
    assert.deepEqual([ask(), ask(), ask(), ask()], ['forwarded', 'forwarded', 'respond 503 whole', 'respond 503 whole'])
    clock.advance(20_001)
    assert.equal(ask(), 'forwarded')
  })

  test('is not by a decision without a socket, which looks all the same', () => {
    const { proxy, table } = tracked({ rules: [{}, { at: 'connection' }] })
    assert.equal(proxy.frontend.route({ source: client }).backend, proxy.backend)
    assert.equal(table.size, 0)
  })
})

describe('errors and failures', () => {
  /** What is counted of a request, as HAProxy 2.6.12 counts it. */
  const endings: readonly (readonly [
    what: string,
    act: (proxy: FakeProxy, exchange: ReturnType<FakeProxy['begin']>['exchange']) => void,
    counts: 'error' | 'failure' | 'neither',
  ])[] = [
    ...[200, 301, 501, 505].map(
      (status) =>
        [`${status} of a server`, (proxy: FakeProxy) => proxy.try.connect().respond(status, ''), 'neither'] as const,
    ),
    ...[400, 401, 404, 429, 499].map(
      (status) =>
        [`${status} of a server`, (proxy: FakeProxy) => proxy.try.connect().respond(status, ''), 'error'] as const,
    ),
    ...[500, 502, 503, 504].map(
      (status) =>
        [`${status} of a server`, (proxy: FakeProxy) => proxy.try.connect().respond(status, ''), 'failure'] as const,
    ),
    ['no response', (proxy) => proxy.try.connect().die(), 'failure'],
    ['an invalid response', (proxy) => proxy.try.connect().fail('bad-response', { sent: true }), 'failure'],
    [
      'a response that does not come in time',
      (proxy) => {
        proxy.try.connect()
        proxy.clock.advance(60_000)
      },
      'failure',
    ],
    ['a response that breaks off', (proxy) => proxy.try.connect().respond(200).die(), 'neither'],
    ['a server that refuses connections', (proxy) => proxy.try.fail('connect-refused'), 'neither'],
    ['a client that leaves', (_, exchange) => exchange.clientAborted(), 'neither'],
  ]

  for (const [what, act, counts] of endings) {
    test(`${what}: ${counts}`, () => {
      const { proxy, table } = tracked({ backend: { retries: 0 } })
      act(proxy, proxy.begin().exchange)
      assert.equal(proxy.records.length, 1)
      const expected = [Number(counts === 'error'), Number(counts === 'failure')]
      assert.deepEqual([table.read(client, 'httpErrorCount'), table.read(client, 'httpFailureCount')], expected)
    })
  }

  test('a request that is refused for its head counts with its connection alone: no rule has seen it', () => {
    const { proxy, tables } = tracked({ rules: [{ at: 'connection' }, {}] })
    proxy.begin({ fields: [] })
    assert.deepEqual([proxy.record.status, tables[1]!.size], [400, 0])
    assert.deepEqual(counted(tables[0]!), {
      connectionCount: 1,
      connectionsCurrent: 1,
      sessionCount: 1,
      httpRequestCount: 1,
      httpErrorCount: 1,
    })
  })

  test('so does one that never became a request: malformed an error, too slow none', () => {
    for (const [failure, errors] of [
      ['bad-request', 1],
      ['head-too-large', 1],
      ['request-timeout', 0],
    ] as const) {
      const { proxy, table } = tracked({ rules: [{ at: 'connection' }] })
      recordUnbornRequest(proxy.frontend, proxy.session(), failure)
      assert.deepEqual([table.read(client, 'httpRequestCount'), table.read(client, 'httpErrorCount')], [1, errors])
    }
  })
})

describe('a connection that is tracked', () => {
  test('is counted from its beginning to its end, with all its requests', () => {
    const { proxy, table } = tracked({ rules: [{ at: 'connection' }] })
    const session = proxy.session()
    assert.deepEqual(counted(table), { connectionCount: 1, connectionsCurrent: 1, sessionCount: 1 })
    for (const status of [200, 404]) {
      proxy.begin({ session })
      proxy.try.connect().respond(status, 'hello')
    }
    assert.deepEqual(counted(table), {
      connectionCount: 1,
      connectionsCurrent: 1,
      sessionCount: 1,
      httpRequestCount: 2,
      httpErrorCount: 1,
      bytesInCount: 2 * requestHead,
      bytesOutCount: 2 * (responseHead('hello') + 5),
    })
    session.close()
    session.close()
    assert.equal(table.read(client, 'connectionsCurrent'), 0)
  })

  test('keeps its entry in use while it is idle, and for its whole time after', () => {
    const { proxy, table, clock } = tracked({ rules: [{ at: 'connection' }] })
    const session: Session = proxy.session()
    clock.advance(600_000)
    assert.deepEqual([table.has(client), table.get(client)?.uses], [true, 1])
    session.close()
    clock.advance(59_999)
    assert.equal(table.has(client), true)
    clock.advance(1)
    assert.equal(table.has(client), false)
  })

  test('has nothing of HTTP to be tracked by', () => {
    const { proxy, table } = tracked({ rules: [{ at: 'connection' }], on: path })
    proxy.begin()
    assert.equal(table.size, 0)
  })

  test('of TCP is counted with its bytes, also when they are told after its end, and with no request', () => {
    const { proxy, tables } = tracked({ rules: [{ at: 'connection' }, {}], mode: 'tcp' })
    const session = proxy.session()
    const { exchange } = proxy.beginTcp({ session })
    proxy.try.tunnel('tcp')
    assert.equal(tables[0]!.read(client, 'sessionCount'), 1)
    session.close()
    exchange.tunnelPassed(4, 7)
    exchange.tunnelEnded(undefined)
    const bytes = { bytesInCount: 4, bytesOutCount: 7 }
    assert.deepEqual(counted(tables[0]!), { connectionCount: 1, sessionCount: 1, ...bytes })
    assert.deepEqual(counted(tables[1]!), { connectionCount: 1, ...bytes })
  })
})

describe('a rule that fails', () => {
  const fail = (): never => {
    throw new Error('no')
  }

  test('for a request answers 500, and gives back what was taken before it', () => {
    const { proxy, tables } = tracked({ rules: [{}, { when: fail }] })
    proxy.begin()
    assert.deepEqual([proxy.record.status, proxy.record.failure], [500, 'callback-failed'])
    assert.equal(tables[0]!.read(client, 'connectionsCurrent'), 0)
    assert.equal(proxy.faults.length, 1)
  })

  test('for a connection is reported, and the connection goes on untracked', () => {
    const { proxy, tables } = tracked({ rules: [{ at: 'connection' }, { at: 'connection', unless: fail }] })
    const faults: string[] = []
    proxy.frontend.on('fault', ({ error }) => faults.push(error.message))
    proxy.begin()
    proxy.try.connect().respond(200, '')
    assert.equal(proxy.record.status, 200)
    assert.equal(tables[0]!.read(client, 'connectionsCurrent'), 0)
    assert.deepEqual(faults, ['frontends.main.track[1] failed: no'])
  })
})

describe('the option track', () => {
  const table = new StickyTable({ type: 'ip', size: 1 })

  test('is refused by name when it is wrong', () => {
    const bad: readonly (readonly [track: unknown, path: string])[] = [
      [{}, 'track'],
      [[{ table }], 'track[0].on'],
      [[{ on: source }], 'track[0].table'],
      [[{ on: source, table: {} }], 'track[0].table'],
      [[{ on: source, table, at: 'session' }], 'track[0].at'],
      [[{ on: source, table, when: true }], 'track[0].when'],
      [
        [
          { on: source, table },
          { on: source, table, unless: 1 },
        ],
        'track[1].unless',
      ],
      [[{ on: source, table, if: true }], 'track[0].if'],
    ]
    for (const [track, where] of bad) {
      assert.throws(
        () => new Frontend('web', { track: track as TrackRule[] }),
        (error) => error instanceof OptionError && error.path === `frontends.web.${where}`,
        where,
      )
    }
  })

  test('takes tables with the clock of the frontend only', () => {
    assert.throws(() => new Frontend('web', { track: [{ on: source, table }], clock: new VirtualClock() }), {
      path: 'frontends.web.track[0].table',
    })
  })

  test('stands in the short form and in defaults as well', () => {
    const track = [{ on: source, table }]
    const short = createProxy({ bind: 0, servers: ['127.0.0.1:1'], track })
    assert.ok(short.frontend('main').tracking !== undefined)
    const whole = createProxy({ defaults: { track }, frontends: { web: {} } })
    assert.ok(whole.frontend('web').tracking !== undefined)
    assert.throws(() => createProxy({ defaults: { track: [{}] as unknown as TrackRule[] }, frontends: {} }), {
      path: 'defaults.track[0].on',
    })
  })
})
