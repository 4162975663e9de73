import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Backend } from '../src/core/backend.js'
import { Frontend } from '../src/core/frontend.js'
import { createProxy } from '../src/create-proxy.js'
import { VirtualClock } from '../src/testing/virtual-clock.js'
import { systemClock } from '../src/util/clock.js'
import { seededRandom } from '../src/util/random.js'
import { refusal, refuses } from './support/refusals.js'

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
