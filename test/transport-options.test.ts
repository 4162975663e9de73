import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Agent } from 'undici'
import { Backend, createProxy, Server, type WholeConfig } from '../src/index.js'
import { refuses } from './support/refusals.js'

/** The settings of a backend, as they come out of a configuration. */
function settingsOf(config: Omit<WholeConfig, 'frontends'>) {
  const proxy = createProxy({ frontends: { web: { defaultBackend: 'app' } }, backends: { app: {} }, ...config })
  return { frontend: proxy.frontend('web').settings, backend: proxy.backend('app').settings }
}

describe('httpClose and httpServerClose', () => {
  test('are one choice: both together are refused', () => {
    const both = { httpClose: true, httpServerClose: true }
    refuses({ frontends: { web: both } }, 'frontends.web.httpServerClose', true)
    refuses({ frontends: {}, backends: { app: both } }, 'backends.app.httpServerClose', true)
    refuses({ frontends: {}, defaults: both }, 'defaults.httpServerClose', true)
  })

  test('come from the defaults, unless the object has chosen', () => {
    const { frontend, backend } = settingsOf({
      defaults: { httpClose: true },
      backends: { app: { httpServerClose: true } },
    })
    assert.deepEqual([frontend.httpClose, frontend.httpServerClose], [true, false])
    assert.deepEqual([backend.httpClose, backend.httpServerClose], [false, true])
    const { backend: kept } = settingsOf({ defaults: { httpClose: true }, backends: { app: { httpClose: false } } })
    assert.deepEqual([kept.httpClose, kept.httpServerClose], [false, false])
  })
})

describe('what is said about connections that others keep', () => {
  const dispatcher = new Agent()
  const servers = (options: object) => ({ a: { address: 'a:1', ...options } })

  test('is refused with undici where that can’t do it', () => {
    for (const httpReuse of ['never', 'safe', 'aggressive']) {
      refuses(
        { frontends: {}, backends: { app: { transport: 'undici', httpReuse } } },
        'backends.app.httpReuse',
        httpReuse,
      )
    }
    const ofBackend = { transport: 'undici', poolMaxConnections: 1 }
    refuses({ frontends: {}, backends: { app: ofBackend } }, 'backends.app.poolMaxConnections', 1)
    const ofServer = { transport: 'undici', servers: servers({ poolMaxConnections: 1 }) }
    refuses({ frontends: {}, backends: { app: ofServer } }, 'backends.app.servers.a.poolMaxConnections', 1)
  })

  test('is refused with a dispatcher', () => {
    for (const [name, value] of [
      ['poolMaxConnections', 1],
      ['poolPurgeDelay', 1],
      ['maxReuse', 1],
    ] as const) {
      refuses({ bind: 0, servers: [], dispatcher, [name]: value }, name, value)
      refuses({ bind: 0, dispatcher, servers: servers({ [name]: value }) }, `servers.a.${name}`, value)
    }
    refuses({ bind: 0, servers: [], dispatcher, httpReuse: 'safe' }, 'httpReuse', 'safe')
    refuses({ bind: 0, servers: [], dispatcher, transport: 'http1' }, 'transport', 'http1')
  })

  test('is refused of a server that joins later', () => {
    const backend = new Backend('app', { dispatcher })
    assert.throws(
      () => backend.addServer({ name: 'a', address: 'a:1', maxReuse: 1 }),
      /backends\.app\.servers\.a\.maxReuse/,
    )
    assert.throws(() => backend.addServer(new Server('b', { address: 'b:1', poolPurgeDelay: '1s' })), /poolPurgeDelay/)
    assert.deepEqual(backend.servers, [])
  })

  test('is taken where it can be done', () => {
    assert.equal(
      new Backend('app', { transport: 'undici', httpReuse: 'always', maxReuse: 3 }).settings.pool.maxReuse,
      3,
    )
    assert.equal(new Backend('app', { transport: 'undici', dispatcher }).settings.dispatcher, dispatcher)
  })
})

test('-1 stands for no limit, as in HAProxy', () => {
  const { pool } = new Backend('app', { poolMaxConnections: -1, maxReuse: -1 }).settings
  assert.deepEqual([pool.poolMaxConnections, pool.maxReuse], [Infinity, Infinity])
  assert.equal(new Server('a', { address: 'a:1', maxReuse: -1 }).pool.maxReuse, Infinity)
})

test('a target may not be longer than its head', () => {
  refuses({ bind: 0, servers: [], maxHeaderBytes: '4k', maxTargetBytes: '5k' }, 'maxTargetBytes', '5k')
  const proxy = createProxy({ bind: 0, servers: [], maxHeaderBytes: '4k' })
  assert.equal(proxy.frontend('main').settings.requestLimits.maxTargetBytes, 4096)
})
