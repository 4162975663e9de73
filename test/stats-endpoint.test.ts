import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, type TestContext, test } from 'node:test'
import { csv } from '../src/stats/csv.js'
import { page } from '../src/stats/page.js'
import type { StatsSnapshot } from '../src/stats/snapshot.js'
import { StatsEndpoint } from '../src/stats-endpoint.js'
import { readStats } from '../src/stats-options.js'
import { objects } from './stats/objects.js'

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A listening endpoint for the snapshot of some objects, and a way to ask it. */
async function serve(t: TestContext, options: Readonly<Record<string, unknown>> = {}, read?: () => StatsSnapshot) {
  const snapshot = objects().take()
  const endpoint = new StatsEndpoint(readStats({ bind: '127.0.0.1:0', ...options }, 'stats'), read ?? (() => snapshot))
  await endpoint.listen()
  t.after(() => endpoint.close())
  const ask = (path: string, more: RequestOptions = {}) => askAt({ ...targetOf(endpoint), path, ...more })
  return { endpoint, snapshot, ask }
}

function targetOf(endpoint: StatsEndpoint): RequestOptions {
  const bound = endpoint.address()
  assert.ok(bound !== undefined)
  return 'path' in bound ? { socketPath: bound.path } : { host: '127.0.0.1', port: bound.port }
}

async function askAt(options: RequestOptions): Promise<Answer> {
  const outgoing = request({ agent: false, ...options }).end()
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

function basic(credentials: string): { headers: { authorization: string } } {
  return { headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` } }
}

describe('what the endpoint serves', () => {
  test('is the page at its path, whatever the query', async (t) => {
    const { snapshot, ask } = await serve(t)
    for (const path of ['/stats', '/stats?', '/stats?a=b;csv', 'http://proxy.test/stats']) {
      const { status, headers, body } = await ask(path)
      assert.deepEqual([status, headers['content-type']], [200, 'text/html; charset=utf-8'], path)
      assert.equal(body, page(snapshot, { path: '/stats' }))
    }
  })

  test('is CSV as plain text, and the snapshot as JSON', async (t) => {
    const { snapshot, ask } = await serve(t, { path: '/a/b' })
    const lines = await ask('/a/b;csv?x')
    assert.deepEqual([lines.status, lines.headers['content-type']], [200, 'text/plain; charset=utf-8'])
    assert.equal(lines.body, csv(snapshot))
    const data = await ask('/a/b;json')
    assert.deepEqual([data.status, data.headers['content-type']], [200, 'application/json'])
    assert.deepEqual(JSON.parse(data.body), snapshot)
  })

  test('is read afresh each time', async (t) => {
    let uptime = 0
    const { ask } = await serve(t, {}, () => ({ uptime: ++uptime, frontends: {}, backends: {} }))
    assert.match((await ask('/stats;json')).body, /"uptime":1\b/)
    assert.match((await ask('/stats;json')).body, /"uptime":2\b/)
  })

  test('has a length for HEAD, and no body', async (t) => {
    const { ask } = await serve(t)
    const whole = await ask('/stats;csv')
    const { status, headers, body } = await ask('/stats;csv', { method: 'HEAD' })
    assert.deepEqual([status, headers['content-length'], body], [200, String(Buffer.byteLength(whole.body)), ''])
  })

  test('is nothing at other paths', async (t) => {
    const { ask } = await serve(t)
    for (const path of ['/', '/stats/', '/statsx', '/stats;', '/stats;xml', '/stats;csv;json', '/STATS']) {
      assert.equal((await ask(path)).status, 404, path)
    }
  })

  test('takes no method but GET and HEAD', async (t) => {
    const { ask } = await serve(t)
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await ask('/stats', { method })
      assert.deepEqual([status, headers.allow], [405, 'GET, HEAD'], method)
    }
  })

  test('is 500 when it can’t be read, and right again afterwards', async (t) => {
    let isBroken = true
    const { ask } = await serve(t, {}, () => {
      if (isBroken) throw new Error('no /secret here')
      return { uptime: 0, frontends: {}, backends: {} }
    })
    const { status, body } = await ask('/stats')
    assert.equal(status, 500)
    assert.doesNotMatch(body, /secret/)
    isBroken = false
    assert.equal((await ask('/stats')).status, 200)
  })
})

describe('the headers', () => {
  test('forbid caches, scripts, foreign resources and guesses of the type', async (t) => {
    const { ask } = await serve(t)
    const { headers, body } = await ask('/stats')
    assert.equal(headers['cache-control'], 'no-cache')
    assert.equal(headers['x-content-type-options'], 'nosniff')
    const policy = String(headers['content-security-policy'])
    assert.match(policy, /^default-src 'none';/)
    assert.doesNotMatch(policy, /script-src|unsafe|\*/)
    const style = /<style>(.*?)<\/style>/s.exec(body)?.[1] ?? ''
    assert.ok(policy.includes(`style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`))
  })

  test('ask for a refresh where one is set', async (t) => {
    const { ask } = await serve(t, { refresh: '10s' })
    const { headers, body } = await ask('/stats')
    assert.equal(headers.refresh, '10')
    assert.match(body, /http-equiv="refresh" content="10"/)
    const { ask: askOther } = await serve(t)
    assert.equal((await askOther('/stats')).headers.refresh, undefined)
  })
})

describe('with users', () => {
  const auth = { admin: 'secret', zoë: 'pass:wörd' }

  test('only a user with the right password may look', async (t) => {
    const { ask } = await serve(t, { auth })
    for (const credentials of ['admin:secret', 'zoë:pass:wörd']) {
      assert.equal((await ask('/stats', basic(credentials))).status, 200, credentials)
      assert.equal((await ask('/stats;json', basic(credentials))).status, 200, credentials)
    }
    const wrong = ['admin:', 'admin', ':secret', 'admin:secret ', 'Admin:secret', 'zoë:secret', 'admin:pass:wörd', '']
    for (const credentials of wrong) {
      const { status, body } = await ask('/stats', basic(credentials))
      assert.deepEqual([status, body], [401, 'Unauthorized\n'], credentials)
    }
  })

  test('others are told how to say who they are, and nothing else', async (t) => {
    const { ask } = await serve(t, { auth })
    for (const path of ['/stats', '/stats;csv', '/stats;json', '/other']) {
      const { status, headers, body } = await ask(path)
      assert.deepEqual([status, body], [401, 'Unauthorized\n'], path)
      assert.match(String(headers['www-authenticate']), /^Basic realm="/)
    }
  })

  test('other schemes and broken credentials are refused', async (t) => {
    const { ask } = await serve(t, { auth })
    const encoded = Buffer.from('admin:secret').toString('base64')
    assert.equal((await ask('/stats', { headers: { authorization: `bAsIc ${encoded}` } })).status, 200)
    for (const authorization of [
      `Bearer ${encoded}`,
      encoded,
      'Basic',
      'Basic  ',
      `Basic ${encoded} x`,
      'Basic ****',
    ]) {
      assert.equal((await ask('/stats', { headers: { authorization } })).status, 401, authorization)
    }
  })

  test('a list without users lets nobody look', async (t) => {
    const { ask } = await serve(t, { auth: {} })
    assert.equal((await ask('/stats', basic(':'))).status, 401)
    assert.equal((await ask('/stats')).status, 401)
  })
})

describe('where the endpoint listens', () => {
  test('is told with the port that the system chose, while it listens', async (t) => {
    const endpoint = new StatsEndpoint(readStats({ bind: '127.0.0.1:0' }, 'stats'), objects().take)
    assert.equal(endpoint.address(), undefined)
    await endpoint.listen()
    t.after(() => endpoint.close())
    const bound = endpoint.address()
    assert.ok(bound !== undefined && 'port' in bound)
    assert.deepEqual([bound.address, bound.family], ['127.0.0.1', 'IPv4'])
    assert.ok(bound.port > 0)
    endpoint.close()
    assert.equal(endpoint.address(), undefined)
  })

  test('is every interface for a port alone', async (t) => {
    const { endpoint, ask } = await serve(t, { bind: 0 })
    const bound = endpoint.address()
    assert.ok(bound !== undefined && 'address' in bound)
    assert.match(bound.address, /^(?:::|0\.0\.0\.0)$/)
    assert.equal((await ask('/stats')).status, 200)
  })

  test('may be a Unix socket, which is gone after close', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'evenkeel-stats-'))
    t.after(() => rm(folder, { recursive: true }))
    const path = join(folder, 'stats')
    const { endpoint, ask } = await serve(t, { bind: `unix:${path}` })
    assert.deepEqual(endpoint.address(), { path })
    assert.equal((await ask('/stats')).status, 200)
    endpoint.close()
    assert.equal(existsSync(path), false)
  })

  test('is refused with the system’s reason when it is taken', async (t) => {
    const { endpoint } = await serve(t)
    const bound = endpoint.address()
    assert.ok(bound !== undefined && 'port' in bound)
    const second = new StatsEndpoint(readStats({ bind: `127.0.0.1:${bound.port}` }, 'stats'), objects().take)
    await assert.rejects(second.listen(), (error: Error & { code?: string; cause?: { code?: string } }) => {
      assert.deepEqual([error.code, error.cause?.code], ['ERR_EVENKEEL_BIND', 'EADDRINUSE'])
      return error.message.includes(`127.0.0.1:${bound.port}`)
    })
    second.close()
  })
})

describe('closing', () => {
  test('ends idle connections and takes no new ones', async (t) => {
    const { endpoint, ask } = await serve(t)
    const agent = new Agent({ keepAlive: true })
    t.after(() => agent.destroy())
    assert.equal((await ask('/stats', { agent })).status, 200)
    const idle = Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])
    assert.equal(idle.length, 1)
    const target = targetOf(endpoint)
    // An agent's idle socket alone does not keep the test alive.
    const ended = once(idle[0]!.ref(), 'close')
    endpoint.close()
    endpoint.close()
    await ended
    await assert.rejects(askAt({ ...target, path: '/stats' }), { code: 'ECONNREFUSED' })
  })

  test('waits a second, not longer, for a client in the middle of a request', { timeout: 5000 }, async (t) => {
    const { endpoint } = await serve(t)
    const bound = endpoint.address()
    assert.ok(bound !== undefined && 'port' in bound)
    const socket = connect(bound.port, '127.0.0.1')
    t.after(() => socket.destroy())
    // The answer to the first request says that the beginning of the second one has arrived too.
    socket.write('HEAD /stats HTTP/1.1\r\nHost: a\r\n\r\nHEAD /stats HTTP/1.1\r\nHost:')
    await once(socket, 'data')
    endpoint.close()
    await once(socket.resume(), 'close')
  })
})
