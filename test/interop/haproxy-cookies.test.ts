import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { BackendOptions, CookieOptions, ServerOptions } from '../../src/index.js'
import { not, path } from '../../src/index.js'
import { cookieDate } from '../../src/persistence/cookie-date.js'
import { skipWithout } from '../support/programs.js'
import { turn, until } from '../support/within.js'
import { type Asking, BoundPair, type Made } from './bound-pair.js'

const skip = skipWithout('haproxy')
const timeout = 60_000

/** A way to say the same to both. */
interface Way {
  readonly haproxy: string
  readonly own: CookieOptions
}

const ways = {
  insert: { haproxy: 'insert', own: { name: 'SRV', mode: 'insert' } },
  'insert indirect': { haproxy: 'insert indirect', own: { name: 'SRV', mode: 'insert', indirect: true } },
  'insert preserve': { haproxy: 'insert preserve', own: { name: 'SRV', mode: 'insert', preserve: true } },
  'insert indirect preserve': {
    haproxy: 'insert indirect preserve',
    own: { name: 'SRV', mode: 'insert', indirect: true, preserve: true },
  },
  'insert postonly': { haproxy: 'insert postonly', own: { name: 'SRV', mode: 'insert', postonly: true } },
  rewrite: { haproxy: 'rewrite', own: { name: 'SRV', mode: 'rewrite' } },
  prefix: { haproxy: 'prefix', own: { name: 'SRV', mode: 'prefix' } },
  'prefix indirect': { haproxy: 'prefix indirect', own: { name: 'SRV', mode: 'prefix', indirect: true } },
  passive: { haproxy: '', own: { name: 'SRV', mode: 'passive' } },
  'passive indirect': { haproxy: 'indirect', own: { name: 'SRV', mode: 'passive', indirect: true } },
} satisfies Record<string, Way>

/** Servers `a`, `b` and `c`, of which the last has no cookie, as a backup might. */
const each = {
  a: { haproxy: 'cookie ca', own: { cookie: 'ca' } },
  b: { haproxy: 'cookie cb', own: { cookie: 'cb' } },
} satisfies Record<string, { haproxy: string; own: Partial<ServerOptions> }>

async function start(t: TestContext, way: Way, haproxy: readonly string[] = [], own: BackendOptions = {}) {
  return BoundPair.start(t, ['a', 'b', 'c'], {
    haproxy: { backend: [`cookie SRV ${way.haproxy}`, ...haproxy] },
    backend: { cookie: way.own, ...own },
    each,
  })
}

/** Asks both; gives what both make of it. */
async function same(pair: BoundPair, asking: Asking, what: string): Promise<Made> {
  const [haproxy, own] = await pair.ask(asking)
  assert.deepEqual(own, haproxy, what)
  return own
}

const sent: readonly string[] = [
  ...['SRV=ca', 'SRV=cb', 'SRV=zz', 'SRV=', 'SRV', 'srv=ca', 'XSRV=ca', 'SRVX=ca', 'SRV="ca"', '=1; SRV=ca'],
  ...['x=1; SRV=ca; y=2', 'SRV=ca; y=2', 'x=1; SRV=ca', 'x=1;SRV=ca;y=2', 'x=1 ; SRV=ca ; y=2', 'x=1; SRV=ca ; y'],
  ...['x=1;  SRV=ca  ;  y=2', 'x=1, SRV=ca, y=2', 'x; SRV=ca; y', 'x;SRV=ca', 'SRV; x=1', 'SRV=ca;', 'SRV=ca\ty'],
  ...['SRV=ca; SRV=cb', 'SRV=zz; SRV=cb', 'SRV=cb; SRV=zz', 'x=1; SRV=zz; SRV=cb; y=2', 'x=1; SRV=ca; SRV=ca'],
  ...['SRV=ca; x=1; SRV=cb; y=2', 'SRV=ca;y=2;  SRV=ca;z', 'x=1; SRV=ca;; y=2', '; SRV=ca; ;y=1', 'SRV=ca;;SRV=cb;x'],
  ...['$Version=1; SRV=ca; $Path=/; y=2', '$Version=1; SRV=ca; $Path=/', 'y=1; SRV=ca; $Path=/'],
  ...['x="a;SRV=ca;b"; SRV=cb', 'x="a\\";SRV=ca"; SRV=cb', 'x="; SRV=ca', 'x="SRV=ca'],
  ...['SRV=ca|abcde', 'SRV=ca|', 'SRV=ca~foo', 'SRV=ca~', 'SRV=~abc', 'SRV=zz~abc', 'SRV=ca~a~b', 'SRV="ca~x"'],
  ...['JS=1; SRV=ca~abc; y=2', 'SRV=ca~abc;SRV=cb~def; x=1', 'x=1; SRV=\xe9\xff'],
]

const requests: readonly (readonly string[])[] = [
  [],
  ...sent.map((cookie) => [`Cookie: ${cookie}`]),
  ['Cookie: SRV=ca', 'Cookie: x=1'],
  ['Cookie: SRV=zz', 'cookie: SRV=ca'],
  ['Cookie: x=1', 'Accept: */*', 'COOKIE: SRV=cb; z=1', 'X-Y: 1', 'Cookie: SRV=ca~q'],
]

for (const [name, way] of Object.entries(ways)) {
  test(`${name}: requests with all kinds of cookies go where HAProxy sends them, with the same fields`, {
    skip,
    timeout,
  }, async (t) => {
    const pair = await start(t, way)
    for (const fields of requests) await same(pair, { fields }, fields.join(' | '))
    for (const fields of requests.slice(0, 3)) await same(pair, { fields, method: 'POST' }, `POST ${fields}`)
  })

  test(`${name}: what servers set becomes what HAProxy makes of it`, { skip, timeout }, async (t) => {
    const pair = await start(t, way)
    for (const says of responses) {
      pair.says = says
      for (const cookie of ['', 'SRV=cb', 'SRV=cb~q']) {
        const fields = cookie === '' ? [] : [`Cookie: ${cookie}`]
        await same(pair, { fields }, `${says.join(' | ')} for ${cookie}`)
      }
    }
  })
}

const responses: readonly (readonly string[])[] = [
  ['Set-Cookie: SRV=abc; Path=/; HttpOnly'],
  ['Set-Cookie: x=1', 'Set-Cookie: SRV=abc;Path=/', 'X-Z: 1', 'set-cookie: y=2; SRV=3'],
  ['Set-Cookie: SRV=1', 'Set-Cookie: SRV=2', 'Set-Cookie: srv=3', 'Set-Cookie: XSRV=4'],
  ['Set-Cookie: SRV', 'Set-Cookie: SRV; x'],
  ['Set-Cookie: SRV='],
  ['Set-Cookie: SRV=a,b; Path=/'],
  ['Set-Cookie: SRV="a;b" ; Path=/'],
  ['Set-Cookie:\t SRV=1\t '],
  ['Set-Cookie: SRV=cb~1'],
]

test('blanks around an equals sign stay; HAProxy takes them out', { skip, timeout }, async (t) => {
  const pair = await start(t, ways['insert indirect'])
  const [haproxy, own] = await pair.ask({ fields: ['Cookie: SRV = ca; x = 2'] })
  assert.deepEqual([own.server, own.termination], [haproxy.server, haproxy.termination])
  assert.ok(own.request.includes('cookie: x = 2'))
  assert.ok(haproxy.request.includes('cookie: x=2'))
})

const options: Readonly<Record<string, Way>> = {
  'all attributes': {
    haproxy: 'insert indirect httponly secure domain .x.test domain y.test attr SameSite=Lax attr Priority=High',
    own: {
      name: 'SRV',
      mode: 'insert',
      indirect: true,
      httpOnly: true,
      secure: true,
      domain: ['.x.test', 'y.test'],
      sameSite: 'lax',
      attributes: 'Priority=High',
    },
  },
  'some attributes': {
    haproxy: 'insert secure domain .x.test attr SameSite=None attr Partitioned',
    own: {
      name: 'SRV',
      mode: 'insert',
      secure: true,
      domain: '.x.test',
      attributes: ['SameSite=None', 'Partitioned'],
    },
  },
  'values of a secret and the address': {
    haproxy: 'insert dynamic\n  dynamic-cookie-key s3cr3t',
    own: { name: 'SRV', mode: 'insert', dynamic: { key: 's3cr3t' } },
  },
  'values of a long secret': {
    haproxy: `insert dynamic\n  dynamic-cookie-key ${'0123456789'.repeat(5)}`,
    own: { name: 'SRV', mode: 'insert', dynamic: { key: '0123456789'.repeat(5) } },
  },
}

for (const [what, way] of Object.entries(options)) {
  test(`${what}: the cookie is HAProxy’s`, { skip, timeout }, async (t) => {
    const pair = await start(t, way)
    const values = new Set<string>()
    for (let i = 0; i < 4; i++) {
      const { response } = await same(pair, {}, 'without a cookie')
      values.add(response.find((line) => line.startsWith('set-cookie'))!)
    }
    // The third server has a cookie only where one is made for it.
    assert.equal(values.size, 3)
    for (const value of values) {
      const [, cookie] = /(SRV=[^;]*)/.exec(value)!
      await same(pair, { fields: [`Cookie: ${cookie}`] }, cookie!)
    }
  })
}

const ages: Readonly<Record<string, Way>> = {
  'idle and life': {
    haproxy: 'insert indirect maxidle 30m maxlife 1h',
    own: { name: 'SRV', mode: 'insert', indirect: true, maxIdle: '30m', maxLife: '1h' },
  },
  idle: { haproxy: 'insert maxidle 30m', own: { name: 'SRV', mode: 'insert', maxIdle: '30m' } },
  'idle in odd times': {
    haproxy: 'insert maxidle 1799500ms',
    own: { name: 'SRV', mode: 'insert', maxIdle: 1_799_500 },
  },
  life: { haproxy: 'insert maxlife 1h', own: { name: 'SRV', mode: 'insert', maxLife: '1h' } },
  none: { haproxy: 'insert indirect', own: { name: 'SRV', mode: 'insert', indirect: true } },
}

for (const [what, way] of Object.entries(ages)) {
  test(`limits of ${what}: dates in cookies mean to both the same`, { skip, timeout }, async (t) => {
    const pair = await start(t, way)
    for (const dates of datings) await sameInOneSecond(pair, (date) => `SRV=ca${dates(date)}`)
    await sameInOneSecond(pair, (date) => `SRV=zz|${date(-60)}|${date(-600)}`)
    await sameInOneSecond(pair, (date) => `SRV=zz|${date(-7000)}`)
    await sameInOneSecond(pair, (date) => `SRV=zz|${date(-60)}|${date(-7000)}; SRV=ca|${date(8)}`)
  })
}

/** Writes a date so many seconds from now. */
type Dating = (seconds: number) => string

const datings: readonly ((date: Dating) => string)[] = [
  () => '',
  (date) => `|${date(0)}`,
  (date) => `|${date(-4)}`,
  (date) => `|${date(8)}`,
  (date) => `|${date(-60)}`,
  (date) => `|${date(-1798)}`,
  (date) => `|${date(-1808)}`,
  (date) => `|${date(86_390)}`,
  (date) => `|${date(86_410)}`,
  (date) => `|${date(-60)}|${date(-600)}`,
  (date) => `|${date(8)}|${date(-600)}`,
  (date) => `|${date(-60)}|${date(-3596)}`,
  (date) => `|${date(-60)}|${date(-3608)}`,
  (date) => `|${date(-1900)}|${date(-4000)}`,
  (date) => `|${date(-60)}|${date(90_000)}`,
  (date) => `||${date(-100)}`,
  (date) => `|${date(8)}junk`,
  (date) => `|${date(8)}|${date(-100)}junk`,
  () => '|xx',
  () => '|!!!!!',
  () => '|AAAAA|AAAAA',
]

/** Asks both within one second of the clock, as the dates that they write say no more. */
async function sameInOneSecond(pair: BoundPair, cookie: (date: Dating) => string): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const now = Math.floor(Date.now() / 1000)
    const text = cookie((seconds) => cookieDate((now + seconds) * 1000))
    const [haproxy, own] = await pair.ask({ fields: [`Cookie: ${text}`] })
    if (Math.floor(Date.now() / 1000) !== now) continue
    return assert.deepEqual(own, haproxy, text)
  }
  assert.fail('both never answered within one second')
}

test('caches are told off where HAProxy tells them off', { skip, timeout }, async (t) => {
  const way = { haproxy: 'insert nocache', own: { name: 'SRV', mode: 'insert', nocache: true } } as const
  const pair = await start(t, way)
  const etag = 'ETag: "x"'
  for (const says of [
    ...[[], [etag], ['Last-Modified: x'], ['Expires: x'], ['Cache-Control: max-age=5'], ['ETag:']],
    ...[['Cache-Control: max-age=0', etag], ['Cache-Control: s-maxage=5']],
    ...[['Cache-Control: s-maxage=0, max-age=5'], ['Cache-Control: s-maxage=7, s-maxage=0'], ['Cache-Control: public']],
    ...[
      ['Cache-Control: public', etag],
      ['Cache-Control: private, public', etag],
      ['Pragma: no-cache', etag],
    ],
    ...[
      ['Cache-Control: public, private', etag],
      ['Cache-Control: PRIVATE', etag],
      ['Pragma: x', 'Pragma: no-cache'],
    ],
    ...[['Cache-Control: no-store, max-age=3'], ['Cache-Control: no-cache="set-cookie"', etag], ['pragma: No-Cache']],
    ...[
      ['Cache-Control: no-cache="foo"', etag],
      ['Cache-Control: "private, x", max-age=5'],
      ['Cache-Control: no-cache'],
    ],
    ...[
      ['Cache-Control: private=x', etag],
      ['Cache-Control: max-agexyz'],
      ['Cache-Control: x', 'Cache-Control: public', etag],
    ],
  ]) {
    pair.says = says
    await same(pair, {}, says.join(' | '))
    await same(pair, { method: 'DELETE' }, `DELETE ${says.join(' | ')}`)
  }
  pair.says = [etag]
  for (const method of ['POST', 'PUT', 'OPTIONS', 'TRACE', 'FOO']) await same(pair, { method }, method)
  await same(pair, { fields: ['Cookie: SRV=ca'] }, 'with a cookie')
})

test('a lifetime of its own for shared caches counts before that of all, as in HAProxy after 2.6.12', {
  skip,
  timeout,
}, async (t) => {
  const way = { haproxy: 'insert nocache', own: { name: 'SRV', mode: 'insert', nocache: true } } as const
  const pair = await start(t, way)
  const isToldOff = ({ response }: Made): boolean => response.includes('cache-control: private')
  for (const [directives, haproxy, own] of [
    ['max-age=0, s-maxage=5', false, true],
    ['max-age=0, public', true, false],
  ] as const) {
    pair.says = [`Cache-Control: ${directives}`, 'ETag: "x"']
    assert.deepEqual((await pair.ask()).map(isToldOff), [haproxy, own], directives)
  }
})

const bound = ['Cookie: SRV=ca']
const states = ['drain', 'maintenance', 'ready'] as const

for (const persist of [false, true]) {
  test(`servers that drain or are stopped ${persist ? 'keep' : 'lose'} clients as HAProxy’s do`, {
    skip,
    timeout,
  }, async (t) => {
    const pair = await start(t, ways['insert indirect'], persist ? ['option persist'] : [], { persist })
    for (const state of states) {
      await pair.order('a', state)
      const { server } = await same(pair, { fields: bound }, state)
      assert.equal(server === 'a', persist || state !== 'maintenance', state)
      for (const fields of [[], ['Cookie: SRV=cb'], ['Cookie: SRV=ca; SRV=cb'], ['Cookie: SRV=cb; SRV=ca']]) {
        await same(pair, { fields }, `${state} ${fields}`)
      }
    }
  })
}

test('force-persist and ignore-persist hold where HAProxy’s do', { skip, timeout }, async (t) => {
  const pair = await start(
    t,
    ways['insert indirect'],
    ['force-persist if { path_beg /force }', 'ignore-persist if { path_beg /ignore }'],
    { forcePersist: path.startsWith('/force'), ignorePersist: path.startsWith('/ignore') },
  )
  for (const state of states) {
    await pair.order('a', state)
    for (const target of ['/force', '/ignore', '/']) {
      for (const fields of [bound, [], ['Cookie: SRV=zz'], ['Cookie: x=1; SRV=cb']]) {
        for (const says of [[], ['Set-Cookie: SRV=own']]) {
          pair.says = says
          await same(pair, { target, fields }, `${state} ${target} ${fields} ${says}`)
        }
      }
    }
  }
})

test('the first server that takes traffic gets those of a shared cookie', { skip, timeout }, async (t) => {
  const shared = { haproxy: 'cookie one', own: { cookie: 'one' } }
  const pair = await BoundPair.start(t, ['a', 'b', 'c', 'd'], {
    haproxy: { backend: ['cookie SRV insert'] },
    backend: { cookie: { name: 'SRV', mode: 'insert' } },
    each: { b: shared, c: shared, d: { haproxy: 'backup cookie spare', own: { backup: true, cookie: 'spare' } } },
  })
  const one = ['Cookie: SRV=one']
  for (const [state, server] of [
    ['ready', 'b'],
    ['drain', 'b'],
    ['maintenance', 'c'],
  ] as const) {
    await pair.order('b', state)
    assert.equal((await same(pair, { fields: one }, state)).server, server)
  }
  assert.equal((await same(pair, { fields: ['Cookie: SRV=spare'] }, 'a backup')).server, 'd')
})

const dead = { haproxy: 'cookie cd', own: { cookie: 'cd' } }

for (const [what, lines, own] of [
  ['is replaced on the last retry', ['option redispatch', 'retries 1'], { redispatch: true, retries: 1 }],
  ['is replaced at once', ['option redispatch 1', 'retries 2'], { redispatch: 1, retries: 2 }],
  ['stays where nothing may move', ['no option redispatch', 'retries 0'], { redispatch: false, retries: 0 }],
] as const) {
  test(`a server that refuses connections ${what}, for those who are bound to it`, { skip, timeout }, async (t) => {
    const pair = await BoundPair.start(t, ['dead', 'b'], {
      haproxy: {
        backend: ['cookie SRV insert indirect', 'timeout connect 200ms', ...lines, 'force-persist if { path /force }'],
      },
      backend: {
        cookie: { name: 'SRV', mode: 'insert', indirect: true },
        timeout: { connect: 200 },
        forcePersist: path.is('/force'),
        ...own,
      },
      each: { dead, b: each.b },
    })
    for (const target of ['/', '/force']) {
      for (const cookie of ['SRV=cd', 'SRV=cb'])
        await same(pair, { target, fields: [`Cookie: ${cookie}`] }, target + cookie)
    }
  })
}

for (const [what, moves] of [
  ['moves on where that is allowed', true],
  ['is refused where it is not', false],
] as const) {
  test(`whoever is bound to a server that lets nobody more wait ${what}`, { skip, timeout }, async (t) => {
    const pair = await BoundPair.start(t, ['a', 'b'], {
      haproxy: {
        backend: [
          'cookie SRV insert indirect',
          moves ? 'option redispatch' : 'no option redispatch',
          'force-persist if { path /force }',
        ],
      },
      backend: {
        cookie: { name: 'SRV', mode: 'insert', indirect: true },
        redispatch: moves,
        forcePersist: path.is('/force'),
      },
      each: {
        a: { haproxy: 'cookie ca maxconn 1 maxqueue 1', own: { cookie: 'ca', maxConnections: 1, maxQueue: 1 } },
        b: each.b,
      },
    })
    const hold = { target: '/hold', fields: bound }
    const [haproxy, own] = await pair.each(async (side) => {
      const first = pair.askOne(side, hold)
      await until(() => pair.held === 1, 'the first is with the server')
      const waiting = pair.askOne(side, { fields: bound })
      while ((await side.queued('a')) === 0) await turn()
      const made = [
        await pair.askOne(side, { fields: bound }),
        await pair.askOne(side, { target: '/force', fields: bound }),
      ]
      pair.release()
      return [...made, await first, await waiting]
    })
    assert.deepEqual(own, haproxy)
    assert.deepEqual([own[0]!.server, own[0]!.redispatched], moves ? ['b', true] : ['', false])
    assert.deepEqual([own[1]!.status, own[3]!.server], [503, 'a'])
  })
}

test('use-server goes before cookies', { skip, timeout }, async (t) => {
  const pair = await start(
    t,
    ways['insert indirect'],
    ['use-server b if { path /b }', 'use-server a if { path /b }', 'use-server c if !{ path / }'],
    {
      useServer: [
        { server: 'b', when: path.is('/b') },
        { server: 'a', when: path.is('/b') },
        { server: 'c', when: not(path.is('/')) },
      ],
    },
  )
  for (const state of ['ready', 'drain', 'maintenance'] as const) {
    await pair.order('b', state)
    for (const target of ['/', '/b', '/c']) {
      for (const fields of [[], bound, ['Cookie: SRV=zz'], ['Cookie: SRV=cb']]) {
        await same(pair, { target, fields }, `${state} ${target} ${fields}`)
      }
    }
  }
})
