import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  all,
  type BackendOptions,
  type EntryChange,
  type FrontendOptions,
  path,
  StickyTable,
  seededRandom,
  source,
} from '../../src/index.js'
import { type StoreOptions, storedTypes } from '../../src/sticky-table/stored-types.js'
import { closedAddress } from '../support/loopback.js'
import { skipWithout } from '../support/programs.js'
import { connect } from '../support/raw-client.js'
import { RawOrigin } from '../support/raw-origin.js'
import type { Wire } from '../support/wire.js'
import { within } from '../support/within.js'
import { type Side, startBoth } from './side-by-side.js'

const skip = skipWithout('haproxy')
const timeout = 60_000
const client = '127.0.0.1'

const counts: StoreOptions = {
  connectionCount: true,
  connectionsCurrent: true,
  sessionCount: true,
  httpRequestCount: true,
  httpErrorCount: true,
  httpFailureCount: true,
}

/** An entry in HAProxy's words, of either proxy. */
type Shown = Readonly<Record<string, string>>

/** A table that both proxies have. */
class TwinTable {
  readonly own: StickyTable
  readonly line: string

  constructor(
    readonly name: string,
    readonly store: StoreOptions,
    { expire = '10m', type = 'ip' }: { readonly expire?: string; readonly type?: 'ip' | 'integer' } = {},
  ) {
    this.own = new StickyTable({ type, size: 1024, expire, store })
    this.line = `
backend ${name}
  stick-table type ${type} size 1k expire ${expire} store ${Object.entries(store).map(stored).join(',')}`
  }

  /** The key's entry as one side has it; undefined: it has none. */
  async shown(side: Side, key: string): Promise<Shown | undefined> {
    if (side.name === 'evenkeel') return this.#ownShown(key)
    const rows = (await side.command(`show table ${this.name}`)).split('\n').slice(1)
    const row = rows.find((line) => line.includes(` key=${key} `))
    if (row === undefined) return undefined
    return Object.fromEntries(
      row
        .split(' ')
        .slice(2)
        .map((pair) => pair.split('=') as [string, string]),
    )
  }

  #ownShown(key: string): Shown | undefined {
    const entry = this.own.get(key)
    if (entry === undefined) return undefined
    const values = Object.entries(entry.values).map(([name, value]) => {
      const option = storedTypes[name as keyof StoreOptions]
      const period = option.kind === 'rate' ? `(${this.store[name as keyof StoreOptions]})` : ''
      return [option.haproxy + period, String(value)]
    })
    const { uses, expiresIn, server } = entry
    const bound = server === undefined ? {} : { server_key: server }
    return { use: String(uses), exp: String(expiresIn), ...Object.fromEntries(values), ...bound }
  }
}

function stored([name, value]: [string, unknown]): string {
  const { haproxy, kind } = storedTypes[name as keyof StoreOptions]
  return kind === 'rate' ? `${haproxy}(${value})` : haproxy
}

interface Parts {
  /** Default: one that does what targets say. */
  readonly server?: string
  readonly tables: readonly TwinTable[]
  readonly haproxy: readonly string[]
  readonly frontend?: Partial<FrontendOptions>
  readonly backend?: { readonly haproxy: readonly string[]; readonly own: Partial<BackendOptions> }
}

/** Both proxies in front of a server. */
async function start(t: TestContext, parts: Parts): Promise<readonly Side[]> {
  const { tables, haproxy, frontend = {}, backend, server = await listen(t) } = parts
  return startBoth(t, {
    servers: { a: server },
    haproxy: {
      defaults: ['option abortonclose'],
      frontend: ['timeout http-request 300ms', ...haproxy],
      backend: ['retries 0', 'timeout server 300ms', ...(backend?.haproxy ?? [])],
      sections: tables.map(({ line }) => line).join('\n'),
    },
    frontend: { timeout: { httpRequest: 300 }, ...frontend },
    backend: { retries: 0, timeout: { server: 300 }, ...backend?.own },
  })
}

async function listen(t: TestContext): Promise<string> {
  const origin = await RawOrigin.listen(t)
  origin.serveAll(({ startLine, body }, wire) => serve(wire, startLine.split(' ')[1]!.slice(1), body))
  return origin.address
}

function serve(wire: Wire, what: string, body: string): void {
  if (what === 'nothing') wire.end()
  else if (what === 'junk') wire.send('HTTQ nonsense\r\n\r\n')
  else if (what === 'cut') wire.send('HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 100\r\n\r\nhello').end()
  else if (what === 'chunks') {
    wire.send('HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n')
  } else if (what === 'echo') wire.send(`HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  else if (what !== 'late') wire.send(`HTTP/1.1 ${what} Reason\r\nDate: now\r\nContent-Length: 5\r\n\r\nhello`)
}

/** Both sides' entries, once nothing uses them any more. */
async function atRest(table: TwinTable, side: Side): Promise<Shown> {
  const search = async (): Promise<Shown> => {
    for (;;) {
      const shown = await table.shown(side, client)
      if (shown !== undefined && shown.use === '0') return shown
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  return within(search(), () => `an entry of ${side.name} is still in use`)
}

/** An entry without the time that it has left, which no two have alike. */
function timeless({ exp: _, ...shown }: Shown): Shown {
  return shown
}

const get = (target: string): string => `GET /${target} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n`
const kept = (target: string): string => `GET /${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`

const series: Readonly<Record<string, string>> = {
  'a request': get('200'),
  'three requests on a connection': kept('200') + kept('404') + get('500'),
  'a malformed request': 'GET / HTTP/1.1 nonsense\r\n\r\n',
  'a malformed request after a good one': `${kept('200')}GET\r\n\r\n`,
  'nothing, until time is over': '',
  'a head that does not end in time': 'GET / HTTP/1.1\r\nHost: a',
  'a head that does not end in time, after a request': `${kept('200')}GET / HTTP/1.1\r\nHost: a`,
  'a request with a body': 'POST /200 HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello',
  'a response in chunks': get('chunks'),
  'a server that hangs up': get('nothing'),
  'a server that answers nonsense': get('junk'),
  'a server that answers late': get('late'),
  'a response that breaks off': get('cut'),
  ...Object.fromEntries(
    [301, 400, 401, 403, 407, 408, 429, 499, 500, 501, 502, 503, 504, 505, 511].map((status) => [
      `the status ${status}`,
      get(String(status)),
    ]),
  ),
}

/** Lets both do the same, and gives their entries of each table, without the time that is left. */
async function compare(
  t: TestContext,
  sides: readonly Side[],
  tables: readonly TwinTable[],
  text: string,
): Promise<readonly (readonly Shown[])[]> {
  return Promise.all(
    sides.map(async (side) => {
      const wire = await connect(t, { port: side.port })
      await wire.send(text).ending()
      wire.close()
      return Promise.all(tables.map((table) => atRest(table, side)))
    }),
  )
}

/** Tables of connections and of requests, and the rules that fill them. */
function bothTables(store: StoreOptions) {
  const [sessions, requests] = [new TwinTable('sessions', store), new TwinTable('requests', store)]
  return {
    tables: [sessions, requests],
    haproxy: ['tcp-request connection track-sc0 src table sessions', 'http-request track-sc1 src table requests'],
    frontend: {
      track: [
        { on: source, table: sessions.own, at: 'connection' },
        { on: source, table: requests.own },
      ],
    },
  } as const
}

test('what connections and requests do is counted as HAProxy counts it', { skip, timeout }, async (t) => {
  const parts = bothTables(counts)
  const sides = await start(t, parts)
  for (const [what, text] of Object.entries(series)) {
    const [haproxy, own] = await compare(t, sides, parts.tables, text)
    assert.deepEqual(own!.map(timeless), haproxy!.map(timeless), what)
  }
})

test('so is a request whose server refuses connections', { skip, timeout }, async (t) => {
  const parts = bothTables(counts)
  const { port } = await closedAddress()
  const sides = await start(t, { ...parts, server: `127.0.0.1:${port}` })
  const [haproxy, own] = await compare(t, sides, parts.tables, get('200'))
  assert.deepEqual(own!.map(timeless), haproxy!.map(timeless))
})

test('bytes are those of bodies, and about those of heads: HAProxy counts these in a form of its own', {
  skip,
  timeout,
}, async (t) => {
  const parts = bothTables({ bytesInCount: true, bytesOutCount: true })
  const sides = await start(t, parts)
  const body = 'x'.repeat(50_000)
  const text = `POST /echo HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  for (let requests = 1; requests <= 3; requests++) {
    for (const shown of (await compare(t, sides, parts.tables, text)).flat()) {
      for (const name of ['bytes_in_cnt', 'bytes_out_cnt']) {
        const heads = Number(shown[name]) - requests * body.length
        assert.ok(heads > requests * 20 && heads < requests * 120, `${name}: ${shown[name]}`)
      }
    }
  }
})

/** Polls until both sides show that of the client's entries. */
async function shows(sides: readonly Side[], tables: readonly TwinTable[], expected: readonly number[]): Promise<void> {
  for (const side of sides) {
    let seen: readonly number[] = []
    const search = async (): Promise<void> => {
      for (;;) {
        const entries = await Promise.all(tables.map((table) => table.shown(side, client)))
        seen = entries.map((entry) => Number(entry?.conn_cur ?? 0))
        if (String(seen) === String(expected)) return
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    await within(search(), () => `${side.name} shows ${seen}, not ${expected}`, 3000)
  }
}

test('what is open at a time is what HAProxy has open', { skip, timeout }, async (t) => {
  const parts = bothTables({ connectionsCurrent: true })
  const sides = await start(t, {
    ...parts,
    backend: { haproxy: ['timeout server 9s'], own: { timeout: { server: '9s' } } },
  })
  const open = async (): Promise<Wire[]> => Promise.all(sides.map((side) => connect(t, { port: side.port })))
  const each = (wires: readonly Wire[], act: (wire: Wire) => void): void => wires.forEach(act)

  const [idle, one, two] = [await open(), await open(), await open()]
  each(idle, (wire) => wire.send('G'))
  each(one, (wire) => wire.send(kept('late')))
  each(two, (wire) => wire.send(kept('late')))
  await shows(sides, parts.tables, [3, 2])
  each(one, (wire) => wire.close())
  await shows(sides, parts.tables, [2, 1])
  each(idle, (wire) => wire.send('ET /200 HTTP/1.1\r\nHost: a.test\r\n\r\n'))
  for (const wire of idle) await wire.take('an answer', (text) => text.indexOf('hello'))
  await shows(sides, parts.tables, [2, 1])
  each(two, (wire) => wire.close())
  await shows(sides, parts.tables, [1, 0])
  each(idle, (wire) => wire.close())
  await shows(sides, parts.tables, [0, 0])
})

test('rates read as HAProxy’s do, at any time', { skip, timeout }, async (t) => {
  const period = 1000
  const parts = bothTables({ connectionRate: period, httpRequestRate: period, httpErrorRate: period })
  const [sessions] = parts.tables
  const sides = await start(t, parts)
  const random = seededRandom(5)
  // The clocks of both begin a period at different moments of the first request: a reading may lie between those around it.
  const lag = 40
  for (let step = 0; step < 40; step++) {
    const burst = random.next() < 0.5 ? Math.floor(random.next() * 6) : 0
    for (let request = 0; request < burst; request++) {
      await compare(t, sides, [], get(random.next() < 0.5 ? '200' : '404'))
    }
    await new Promise((resolve) => setTimeout(resolve, random.next() * 150))
    const before = ratesOf((await sessions.shown(sides[1]!, client)) ?? {})
    const haproxy = ratesOf((await sessions.shown(sides[0]!, client)) ?? {})
    for (const [name, rate] of Object.entries(haproxy)) {
      const slack = Math.ceil((Math.max(rate, before[name]!) * lag) / period) + 1
      assert.ok(Math.abs(rate - before[name]!) <= slack, `step ${step}, ${name}: HAProxy ${rate}, here ${before[name]}`)
    }
  }
})

function ratesOf(shown: Shown): Record<string, number> {
  const rates = Object.entries(shown).filter(([name]) => name.includes('rate'))
  return Object.fromEntries(rates.map(([name, value]) => [name, Number(value)]))
}

test('a match gives an entry its whole time again, a look does not', { skip, timeout }, async (t) => {
  const table = new TwinTable('bound', { gpc0: true }, { expire: '60s' })
  const gpc0 = table.own.data('gpc0').of(source)
  const sides = await start(t, {
    tables: [table],
    haproxy: ['acl looks src_get_gpc0(bound) gt 0', 'use_backend app if { path /200 } !looks'],
    frontend: {},
    backend: {
      haproxy: ['stick match src table bound if { path /200 }', 'stick store-request src table bound if { path /201 }'],
      own: {
        stick: [
          { on: source, table: table.own, match: true, when: path.is('/200') },
          { on: source, table: table.own, storeRequest: true, when: all(path.is('/201'), gpc0.is(0)) },
        ],
      },
    },
  })
  const left = async (): Promise<number[]> => {
    const entries = await Promise.all(sides.map((side) => atRest(table, side)))
    for (const entry of entries) assert.equal(entry.server_key, 'a')
    return entries.map(({ exp }) => Number(exp))
  }
  const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 400))
  await compare(t, sides, [table], get('201'))
  await rest()
  for (const ms of await left()) assert.ok(ms <= 59_600 && ms > 58_000, `${ms} after a store`)
  await compare(t, sides, [table], get('202'))
  for (const ms of await left()) assert.ok(ms <= 59_600 && ms > 58_000, `${ms} after a look`)
  await compare(t, sides, [table], get('200'))
  for (const ms of await left()) assert.ok(ms > 59_600, `${ms} after a match`)
})

test('what is set by hand reads as in HAProxy', { skip, timeout }, async (t) => {
  const store = {
    gpt0: true,
    gpc0: true,
    gpc0Rate: 1000,
    connectionCount: true,
    bytesInCount: true,
    gpc1: true,
  } as const
  const table = new TwinTable('counted', store)
  const sides = await start(t, { tables: [table], haproxy: ['acl never src_get_gpc0(counted) gt 9'] })
  const set = async (own: EntryChange, data: string): Promise<void> => {
    assert.equal(await sides[0]!.command(`set table counted key ${client} ${data}`), '')
    assert.ok(table.own.set(client, own))
  }
  const [haproxy, own] = sides
  const same = async (): Promise<void> => {
    const [theirs, ours] = [await table.shown(haproxy!, client), await table.shown(own!, client)]
    assert.deepEqual(timeless(ours!), timeless(theirs!))
  }
  await set({ gpc0: 5, gpt0: 7 }, 'data.gpc0 5 data.gpt0 7')
  await same()
  await set(
    { gpc0Rate: 100, connectionCount: 2 ** 31, bytesInCount: 5e9 },
    'data.gpc0_rate 100 data.conn_cnt 2147483648 data.bytes_in_cnt 5000000000',
  )
  await same()
  assert.equal(await haproxy!.command(`clear table counted key ${client}`), '')
  assert.ok(table.own.delete(client))
  assert.deepEqual(await Promise.all(sides.map((side) => table.shown(side, client))), [undefined, undefined])
})
