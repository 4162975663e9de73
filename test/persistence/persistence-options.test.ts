import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  Backend,
  type BackendOptions,
  createProxy,
  OptionError,
  response,
  StickyTable,
  source,
} from '../../src/index.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'

function refusedPath(options: object): string {
  try {
    new Backend('app', options as BackendOptions)
  } catch (error) {
    assert.ok(error instanceof OptionError, String(error))
    return error.path
  }
  assert.fail(`taken: ${JSON.stringify(options)}`)
}

const insert = { name: 'SRV', mode: 'insert' }
const table = new StickyTable({ type: 'ip', size: 10 })
const session = { name: 'JSESSIONID', length: 32, timeout: '30m' }

const refused: Readonly<Record<string, readonly object[]>> = {
  'backends.app.cookie': [{ cookie: 'SRV' }, { cookie: true }, { mode: 'tcp', cookie: insert }],
  'backends.app.cookie.name': [{ cookie: { mode: 'insert' } }, { cookie: { ...insert, name: 'a b' } }],
  'backends.app.cookie.mode': [{ cookie: { name: 'SRV' } }, { cookie: { name: 'SRV', mode: 'other' } }],
  'backends.app.cookie.indirect': [{ cookie: { ...insert, mode: 'rewrite', indirect: true } }],
  'backends.app.cookie.preserve': [
    { cookie: { ...insert, mode: 'prefix', preserve: true } },
    { cookie: { ...insert, mode: 'rewrite', preserve: true } },
  ],
  'backends.app.cookie.nocache': [{ cookie: { ...insert, mode: 'prefix', nocache: true } }],
  'backends.app.cookie.postonly': [{ cookie: { ...insert, mode: 'rewrite', postonly: true } }],
  'backends.app.cookie.secure': [{ cookie: { ...insert, mode: 'passive', secure: true } }],
  'backends.app.cookie.maxIdle': [
    { cookie: { ...insert, mode: 'prefix', maxIdle: '1h' } },
    { cookie: { ...insert, maxIdle: 'soon' } },
  ],
  'backends.app.cookie.domain': [
    { cookie: { ...insert, domain: 'a.test; Secure' } },
    { cookie: { ...insert, domain: '' } },
  ],
  'backends.app.cookie.attributes': [
    { cookie: { ...insert, attributes: ['a=1', 'b=1\r\nX: 1'] } },
    { cookie: { ...insert, attributes: 5 } },
  ],
  'backends.app.cookie.sameSite': [{ cookie: { ...insert, sameSite: 'Lax' } }],
  'backends.app.cookie.dynamic': [{ cookie: { ...insert, dynamic: true } }],
  'backends.app.cookie.dynamic.key': [{ cookie: { ...insert, dynamic: {} } }],
  'backends.app.cookie.other': [{ cookie: { ...insert, other: 1 } }],
  'backends.app.servers.a.cookie': [
    { servers: { a: { address: 'a:1', cookie: 'x' } } },
    ...['', 'a b', 'a;b', 'a|b', 'a~b', 'a"b', 'é', 5].map((cookie) => ({
      cookie: insert,
      servers: { a: { address: 'a:1', cookie } },
    })),
  ],
  'backends.app.servers.a.nonStick': [{ servers: { a: { address: 'a:1', nonStick: 1 } } }],
  'backends.app.appSession': [{ mode: 'tcp', appSession: session }],
  'backends.app.appSession.name': [{ appSession: { ...session, name: 'a=b' } }],
  'backends.app.appSession.length': [
    { appSession: { ...session, length: undefined } },
    { appSession: { ...session, length: 0 } },
  ],
  'backends.app.appSession.timeout': [{ appSession: { ...session, timeout: undefined } }],
  'backends.app.appSession.mode': [{ appSession: { ...session, mode: 'query' } }],
  'backends.app.appSession.size': [{ appSession: { ...session, size: 'large' } }],
  'backends.app.stick': [{ stick: { on: source, table } }],
  'backends.app.stick[0]': [{ stick: [{ on: source, table, match: false }] }, { stick: [7] }],
  'backends.app.stick[1].on': [
    {
      stick: [
        { on: source, table },
        { on: 'source', table },
      ],
    },
  ],
  'backends.app.stick[0].on': [{ stick: [{ on: response.cookie('SID'), table }] }],
  'backends.app.stick[0].table': [{ stick: [{ on: source }] }, { stick: [{ on: source, table: { type: 'ip' } }] }],
  'backends.app.stick[0].table.clock': [{ stick: [{ on: source, table }], clock: new VirtualClock() }],
  'backends.app.stick[0].storeResponse': [
    { stick: [{ on: source, table, storeResponse: true, match: true }] },
    { stick: [{ on: source, table, storeResponse: true, storeRequest: true }] },
  ],
  'backends.app.stick[0].when': [{ stick: [{ on: source, table, when: true }] }],
  'backends.app.useServer': [{ useServer: 'a' }],
  'backends.app.useServer[0].server': [{ useServer: [{}] }, { useServer: [{ server: 'x y' }] }],
  'backends.app.persist': [{ persist: 1 }],
  'backends.app.forcePersist': [{ forcePersist: true }],
  'backends.app.ignorePersist': [{ ignorePersist: 'always' }],
}

describe('options that keep clients on servers', () => {
  for (const [path, wrong] of Object.entries(refused)) {
    test(`${path} is named where it is wrong`, () => {
      for (const options of wrong) assert.equal(refusedPath(options), path, JSON.stringify(options))
    })
  }

  test('may stand in the short form, and in defaults', () => {
    const short = createProxy({
      bind: 0,
      servers: { a: { address: 'a:1', cookie: 'x' } },
      cookie: { name: 'S', mode: 'insert' },
    })
    assert.equal(short.stats().backends.main?.cookie, 'S')
    const whole = createProxy({
      defaults: { cookie: { name: 'T', mode: 'rewrite' } },
      frontends: {},
      backends: { app: { servers: { a: { address: 'a:1', cookie: 'x' } } } },
    })
    assert.deepEqual([whole.stats().backends.app?.cookie, whole.stats().backends.app?.servers.a?.cookie], ['T', 'x'])
    assert.throws(
      () => createProxy({ defaults: { cookie: { name: 'T', mode: 'none' } } as object, frontends: {} }),
      (error: unknown) => error instanceof OptionError && error.path === 'defaults.cookie.mode',
    )
  })
})
