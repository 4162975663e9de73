import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  type BackendOptions,
  cookie,
  header,
  path,
  query,
  response,
  type ServerOptions,
  type StickRule,
  StickyTable,
  seededRandom,
  source,
} from '../../src/index.js'
import { skipWithout } from '../support/programs.js'
import { type Asking, BoundPair, type Made } from './bound-pair.js'

const skip = skipWithout('haproxy')
const timeout = 60_000

/** Rules in the words of both. */
interface Rules {
  readonly haproxy: readonly string[]
  readonly own: () => BackendOptions
  readonly each?: Readonly<Record<string, { readonly haproxy: string; readonly own: Partial<ServerOptions> }>>
}

function start(t: TestContext, { haproxy, own, each = {} }: Rules, names = ['a', 'b', 'c']): Promise<BoundPair> {
  return BoundPair.start(t, names, {
    haproxy: { backend: ['retries 1', 'option redispatch', ...haproxy], sections: tables },
    backend: { retries: 1, ...own() },
    each,
  })
}

/** Tables that rules name. */
const tables = `
backend texts
  stick-table type string len 8 size 1k expire 1h
backend addresses
  stick-table type ip size 1k expire 1h
backend numbers
  stick-table type integer size 1k expire 1h
`
const texts = () => new StickyTable({ type: 'string', length: 8, size: 1024, expire: '1h' })
const addresses = () => new StickyTable({ type: 'ip', size: 1024, expire: '1h' })
const numbers = () => new StickyTable({ type: 'integer', size: 1024, expire: '1h' })

async function same(pair: BoundPair, asking: Asking, what: string): Promise<Made> {
  const [haproxy, own] = await pair.ask(asking)
  assert.deepEqual(own, haproxy, what)
  return own
}

const rules: Readonly<Record<string, Rules>> = {
  'on a header': {
    haproxy: ['stick on req.hdr(x-key) table texts'],
    own: () => ({ stick: [{ on: header('x-key'), table: texts() }] }),
  },
  'match and store apart': {
    haproxy: ['stick match req.hdr(x-key) table texts', 'stick store-request url_param(k) table texts'],
    own: () => {
      const table = texts()
      return {
        stick: [
          { on: header('x-key'), table, match: true },
          { on: query('k'), table, storeRequest: true },
        ],
      }
    },
  },
  'from the response’s cookie': {
    haproxy: ['stick store-response res.cook(SID) table texts', 'stick match req.cook(SID) table texts'],
    own: () => {
      const table = texts()
      return {
        stick: [
          { on: response.cookie('SID'), table, storeResponse: true },
          { on: cookie('SID'), table, match: true },
        ],
      }
    },
  },
  'from the response’s fields, the first that there is': {
    haproxy: [
      'stick match req.hdr(x-key) table texts',
      'stick store-response res.hdr(x-none) table texts',
      'stick store-response res.hdr(x-session) table texts',
      'stick store-response res.hdr(x-server) table texts',
    ],
    own: () => {
      const table = texts()
      const stores = ['x-none', 'x-session', 'x-server'].map(
        (name): StickRule => ({ on: response.header(name), table, storeResponse: true }),
      )
      return { stick: [{ on: header('x-key'), table, match: true }, ...stores] }
    },
  },
  'on an address that a field may have, else the client’s': {
    haproxy: ['stick on req.hdr(x-key) table addresses', 'stick on src table addresses'],
    own: () => {
      const table = addresses()
      return {
        stick: [
          { on: header('x-key'), table },
          { on: source, table },
        ],
      }
    },
  },
  'on two tables, of which the first decides': {
    haproxy: ['stick on req.hdr(x-key) table texts', 'stick on url_param(k) table numbers'],
    own: () => ({
      stick: [
        { on: header('x-key'), table: texts() },
        { on: query('k'), table: numbers() },
      ],
    }),
  },
  'under conditions': {
    haproxy: [
      'stick on req.hdr(x-key) table texts if { path_beg /s }',
      'stick store-request req.hdr(x-key) table texts if { path /only }',
    ],
    own: () => {
      const table = texts()
      return {
        stick: [
          { on: header('x-key'), table, when: path.startsWith('/s') },
          { on: header('x-key'), table, storeRequest: true, when: path.is('/only') },
        ],
      }
    },
  },
  'with a server that is exempt': {
    haproxy: ['stick on req.hdr(x-key) table texts'],
    own: () => ({ stick: [{ on: header('x-key'), table: texts() }] }),
    each: { b: { haproxy: 'non-stick', own: { nonStick: true } } },
  },
  'beside a cookie': {
    haproxy: ['cookie SRV insert indirect', 'stick on req.hdr(x-key) table texts'],
    own: () => ({
      cookie: { name: 'SRV', mode: 'insert', indirect: true },
      stick: [{ on: header('x-key'), table: texts() }],
    }),
    each: {
      a: { haproxy: 'cookie ca', own: { cookie: 'ca' } },
      b: { haproxy: 'cookie cb', own: { cookie: 'cb' } },
    },
  },
  'where servers that are stopped are kept': {
    haproxy: ['option persist', 'stick on req.hdr(x-key) table texts'],
    own: () => ({ persist: true, stick: [{ on: header('x-key'), table: texts() }] }),
  },
  'where some are forced and cookies ignored': {
    haproxy: [
      'force-persist if { path /stick }',
      'ignore-persist if { path /only }',
      'stick on req.hdr(x-key) table texts',
    ],
    own: () => ({
      forcePersist: path.is('/stick'),
      ignorePersist: path.is('/only'),
      stick: [{ on: header('x-key'), table: texts() }],
    }),
  },
}

const keys = ['alpha', 'beta', 'gamma', 'longer than eight', 'longer th', '192.0.2.7', '2001:db8::1', '7', '07x']
const targets = ['/', '/stick', '/only', '/?k=alpha', '/?k=7', '/stick?k=beta']

for (const [what, rule] of Object.entries(rules)) {
  test(`stick rules ${what}: any sequence of requests goes where HAProxy sends it`, { skip, timeout }, async (t) => {
    const pair = await start(t, rule)
    const random = seededRandom(11)
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)]!
    for (let step = 0; step < 120; step++) {
      if (random.next() < 0.1) {
        await pair.order(pick(['a', 'b']), pick(['drain', 'maintenance', 'ready', 'ready'] as const))
      }
      const key = pick(keys)
      pair.says = pick([[], [`Set-Cookie: SID=${key}; Path=/`, 'Set-Cookie: other=1'], [`X-Session: ${pick(keys)}`]])
      const fields = pick([
        [],
        [`X-Key: ${key}`],
        [`X-Key: ${key}`],
        [`Cookie: SID=${key}`],
        [`Cookie: SRV=ca; SID=${key}`],
      ])
      const asking = { target: pick(targets), fields }
      await same(pair, asking, `step ${step}: ${JSON.stringify(asking)} ${pair.says}`)
    }
  })
}

test('a key follows the server that answered, not the one that could not', { skip, timeout }, async (t) => {
  const pair = await start(
    t,
    {
      haproxy: ['timeout connect 100ms', 'stick on req.hdr(x-key) table texts'],
      own: () => ({ timeout: { connect: 100 }, stick: [{ on: header('x-key'), table: texts() }] }),
    },
    ['dead', 'b', 'c'],
  )
  for (const key of ['one', 'two', 'three', 'one', 'two', 'three', 'one']) {
    await same(pair, { fields: [`X-Key: ${key}`] }, key)
  }
})
