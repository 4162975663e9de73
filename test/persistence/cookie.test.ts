import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type CookieOptions, Server } from '../../src/index.js'
import { CookiePersistence } from '../../src/persistence/cookie.js'
import { readCookieOptions } from '../../src/persistence/cookie-options.js'
import { header } from '../../src/rules/samples.js'
import { Scene } from './scene.js'

function scene(cookie: Partial<CookieOptions>, rest: ConstructorParameters<typeof Scene>[0] = {}): Scene {
  return new Scene({ cookie: { name: 'SRV', mode: 'insert', ...cookie }, ...rest })
}

describe('an inserted cookie', () => {
  test('leads the client back, and is set once', () => {
    const proxy = scene({})
    const first = proxy.visit()
    assert.deepEqual(first, { server: 'a', cookies: [], set: ['SRV=ca; path=/'], cacheControl: [], letters: 'NI' })
    for (let i = 0; i < 3; i++) {
      const { server, cookies, set, letters } = proxy.visit({ cookie: 'SRV=ca' })
      assert.deepEqual({ server, cookies, set, letters }, { server: 'a', cookies: ['SRV=ca'], set: [], letters: 'VN' })
    }
  })

  test('is not shown to servers when it is indirect; all else of the field is', () => {
    const proxy = scene({ indirect: true })
    assert.deepEqual(proxy.visit({ cookie: 'SRV=ca' }).cookies, [])
    assert.deepEqual(proxy.visit({ cookie: 'x=1; SRV=cb; y=2' }).cookies, ['x=1; y=2'])
    assert.deepEqual(proxy.visit({ cookie: 'x=1; SRV2=cb' }).cookies, ['x=1; SRV2=cb'])
  })

  test('has every attribute that is asked for, in HAProxy’s order', () => {
    const proxy = scene({
      httpOnly: true,
      secure: true,
      sameSite: 'strict',
      attributes: ['Priority=High', 'Partitioned'],
      domain: ['.a.test', 'b.test'],
    })
    const tail = 'path=/; domain=.a.test; domain=b.test; HttpOnly; Secure; SameSite=Strict; Priority=High; Partitioned'
    assert.deepEqual(proxy.visit().set, [`SRV=ca; ${tail}`])
    proxy.backend.server('b').cookie = undefined
    assert.deepEqual(proxy.visit().set, [`SRV=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; ${tail}`])
  })

  test('takes the place of one that the server sets, and leaves what else it sets', () => {
    const says = ['Set-Cookie: x=1', 'Set-Cookie: SRV=own; Path=/', 'Set-Cookie: y=2']
    assert.deepEqual(scene({}).visit({ says }).set, ['x=1', 'y=2', 'SRV=ca; path=/'])
    assert.deepEqual(scene({}).visit({ says, cookie: 'SRV=cb' }).set, ['x=1', 'y=2'])
    assert.deepEqual(scene({ preserve: true }).visit({ says }).set, ['x=1', 'SRV=own; Path=/', 'y=2'])
  })

  test('is set in responses to POST alone where only those shall have it', () => {
    const proxy = scene({ postonly: true })
    assert.deepEqual(proxy.visit().set, [])
    assert.deepEqual(proxy.visit({ method: 'POST' }).set, ['SRV=cb; path=/'])
  })

  test('tells caches off, where they could keep the response', () => {
    const proxy = scene({ nocache: true })
    assert.deepEqual(proxy.visit({ says: ['ETag: x'] }).cacheControl, ['private'])
    assert.deepEqual(proxy.visit().cacheControl, [])
    assert.deepEqual(proxy.visit({ says: ['ETag: x'], method: 'POST' }).cacheControl, [])
    assert.deepEqual(proxy.visit({ says: ['ETag: x'], cookie: 'SRV=ca' }).cacheControl, [])
  })

  test('is not in answers of the proxy itself', () => {
    const proxy = scene({}, { servers: [] })
    const { client } = proxy.begin()
    assert.ok(!client.fields.includes('Set-Cookie'))
    assert.equal(proxy.record.termination, 'SCNN')
  })

  test('is in the answer that switches protocols', () => {
    const proxy = scene({})
    const { client, exchange } = proxy.begin()
    proxy.try.connect().tunnel(101)
    assert.deepEqual(client.fields.slice(-2), ['Set-Cookie', 'SRV=ca; path=/'])
    exchange.tunnelEnded(undefined)
    assert.equal(proxy.record.termination, '--NI')
  })
})

describe('dates in a cookie', () => {
  const week = 7 * 86_400_000

  test('are those of the first and the last visit, and end it', () => {
    const proxy = scene({ maxIdle: '1h', maxLife: '7d' })
    const [first] = proxy.visit().set
    const start = dateOf(Date.UTC(2020, 0, 1) / 1000)
    assert.equal(first, `SRV=ca|${start}|${start}; path=/`)
    const cookie = first!.split(';')[0]!
    assert.deepEqual(proxy.visit({ cookie }).set, [])
    proxy.clock.advance(3_600_000)
    const later = proxy.visit({ cookie })
    assert.equal(later.letters, 'VU')
    assert.deepEqual(later.set, [`SRV=ca|${dateOf(Date.UTC(2020, 0, 1, 1) / 1000)}|${start}; path=/`])
    proxy.clock.advance(1000)
    assert.equal(proxy.visit({ cookie }).letters, 'EI')
    proxy.clock.advance(week)
    assert.equal(
      proxy.visit({ cookie: cookie.replace(/\|\w+\|/, `|${dateOf(proxy.clock.wallTime() / 1000)}|`) }).letters,
      'OI',
    )
  })

  test('are taken out again where they are no longer asked for', () => {
    const proxy = scene({})
    const old = dateOf(Date.UTC(2019, 11, 31) / 1000)
    assert.deepEqual(proxy.visit({ cookie: `SRV=cb|${old}` }).set, ['SRV=cb; path=/'])
    assert.deepEqual(proxy.visit({ cookie: `SRV=cb|${old}|${old}` }).set, ['SRV=cb; path=/'])
  })
})

/** HAProxy's five digits, worked out in another way than the library does. */
function dateOf(seconds: number): string {
  const bits = Math.ceil(seconds / 4)
    .toString(2)
    .padStart(30, '0')
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  return bits
    .match(/.{6}/g)!
    .map((six) => digits[Number.parseInt(six, 2)])
    .join('')
}

describe('a cookie of the server', () => {
  test('is given the proxy’s value by rewrite', () => {
    const proxy = scene({ mode: 'rewrite' })
    const says = ['Set-Cookie: SRV=x; Path=/a; Secure', 'Set-Cookie: y=SRV']
    const { set, letters } = proxy.visit({ says })
    assert.deepEqual([set, letters], [['SRV=ca; Path=/a; Secure', 'y=SRV'], 'NR'])
    assert.deepEqual(proxy.visit({ says, cookie: 'SRV=cb' }).server, 'b')
    assert.deepEqual(proxy.visit().set, [])
  })

  test('is given the proxy’s value in front of its own by prefix, which requests lose', () => {
    const proxy = scene({ mode: 'prefix' })
    assert.deepEqual(proxy.visit({ says: ['Set-Cookie: SRV=x; Path=/'] }).set, ['SRV=ca~x; Path=/'])
    const { server, cookies, letters } = proxy.visit({ cookie: 'y=1; SRV=cb~x~y; z=2' })
    assert.deepEqual({ server, cookies, letters }, { server: 'b', cookies: ['y=1; SRV=x~y; z=2'], letters: 'VN' })
  })

  test('passes untouched where it is passive', () => {
    const proxy = scene({ mode: 'passive' })
    const { server, cookies, set, letters } = proxy.visit({ cookie: 'SRV=cb', says: ['Set-Cookie: SRV=cb'] })
    assert.deepEqual([server, cookies, set, letters], ['b', ['SRV=cb'], ['SRV=cb'], '--'])
  })
})

describe('the server of a cookie', () => {
  test('gets its clients while it drains or has no weight, and not while it is in maintenance', () => {
    const proxy = scene({})
    const server = proxy.backend.server('b')
    for (const change of [() => server.drain(), () => server.ready(), () => (server.weight = 0)]) {
      change()
      assert.equal(proxy.visit({ cookie: 'SRV=cb' }).server, 'b')
    }
    server.maintenance()
    const { server: other, set, letters } = proxy.visit({ cookie: 'SRV=cb' })
    assert.deepEqual([other, set, letters], ['a', ['SRV=ca; path=/'], 'DI'])
  })

  test('is any that a client names, and the client can name no other', () => {
    const proxy = scene({})
    for (const cookie of ['SRV=ca', 'SRV=cb', 'SRV=CA', 'SRV=', 'SRV=toString', 'SRV=__proto__', 'SRV=a', 'SRV=1']) {
      const { letters } = proxy.visit({ cookie })
      assert.equal(letters, /=c[ab]$/.test(cookie) ? 'VN' : 'II', cookie)
    }
  })

  test('may join and leave while the backend runs', async () => {
    const proxy = scene({})
    proxy.backend.addServer({ name: 'c', address: '127.0.0.1:5003', cookie: 'cb' })
    proxy.backend.server('c').transport = proxy.backend.server('b').transport
    proxy.backend.server('b').maintenance()
    assert.equal(proxy.visit({ cookie: 'SRV=cb' }).letters, 'VN')
    assert.equal(proxy.record.server, 'c')
    await proxy.backend.removeServer('c')
    assert.equal(proxy.visit({ cookie: 'SRV=cb' }).letters, 'DI')
    await proxy.backend.removeServer('b')
    assert.equal(proxy.visit({ cookie: 'SRV=cb' }).letters, 'II')
  })

  test('of several that share a cookie is the first that takes traffic', () => {
    const proxy = scene({}, { servers: { a: { address: 'a:1', cookie: 'one' }, b: { address: 'b:1', cookie: 'one' } } })
    assert.equal(proxy.visit({ cookie: 'SRV=one' }).server, 'a')
    proxy.backend.server('a').maintenance()
    assert.equal(proxy.visit({ cookie: 'SRV=one' }).server, 'b')
  })
})

test('servers join and leave at once, however many share a cookie', () => {
  const cookies = new CookiePersistence(readCookieOptions({ name: 'SRV', mode: 'insert' }, 'cookie'))
  const servers = Array.from(
    { length: 60_000 },
    (_, index) => new Server(`s${index}`, { address: '127.0.0.1:80', cookie: 'shared' }),
  )
  const start = process.cpuUsage()
  for (const server of servers) cookies.join(server)
  for (const server of servers) cookies.leave(server)
  const { user, system } = process.cpuUsage(start)
  // To look at all others each time would be to look 3,600 million times.
  assert.ok(user + system < 1_500_000, `${(user + system) / 1000} ms of processor time`)
})

describe('where cookies are to be ignored', () => {
  test('none leads anywhere, none is set, and servers still do not see ours', () => {
    const proxy = scene({ indirect: true }, { ignorePersist: header('x-ignore').exists() })
    const visit = { cookie: 'SRV=cb; x=1', fields: ['X-Ignore', '1'], says: ['Set-Cookie: SRV=own'] }
    assert.deepEqual(proxy.visit(visit), {
      server: 'a',
      cookies: ['x=1'],
      set: ['SRV=own'],
      cacheControl: [],
      letters: 'UN',
    })
  })
})

test('whatever cookies come, the server gets all but ours, and the client is led to one server from then on', () => {
  const value = fc.constantFrom('ca', 'cb', 'zz', '', 'ca|AAAAA', 'cb|zzz', 'ca~x', '"ca"')
  const name = fc.constantFrom('SRV', 'x', 'y', 'SRVx')
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 5 }), (pairs) => {
      const proxy = scene({ indirect: true })
      const cookie = pairs.map((pair) => pair.join('=')).join('; ')
      const { server, cookies, set } = proxy.visit({ cookie })
      const others = pairs.filter(([name]) => name !== 'SRV').map((pair) => pair.join('='))
      assert.deepEqual(cookies.join('; '), others.join('; '))
      assert.ok(set.length <= 1)
      const next = set[0]?.split(';')[0] ?? cookie
      for (let i = 0; i < 3; i++) assert.equal(proxy.visit({ cookie: next }).server, server)
    }),
    { seed: 3, numRuns: 500 },
  )
})
