import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { attach, Backend, Frontend, type FrontendConfig, type WholeConfig } from '../src/index.js'
import { readResponse } from './support/http-message.js'
import { connect } from './support/raw-client.js'
import { RawOrigin } from './support/raw-origin.js'
import { get, ok, settled, Trial, until } from './support/trial.js'
import type { Wire } from './support/wire.js'

describe('a frontend’s maxConnections', () => {
  async function limited(t: TestContext, frontend: FrontendConfig, proxy: Partial<WholeConfig> = {}) {
    const origin = await RawOrigin.listen(t)
    origin.answerAll(({ startLine }) => ok(startLine))
    const trial = await Trial.start(t, {
      frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app', ...frontend } },
      backends: { app: { servers: { a: origin.address } } },
      ...proxy,
    })
    return { origin, trial, counters: trial.proxy.frontend('main').counters }
  }

  /** Passes a request and its response. */
  async function roundTrip(client: Wire, target = '/'): Promise<void> {
    client.send(get(target))
    assert.equal((await readResponse(client)).body, `GET ${target} HTTP/1.1`)
  }

  test('lets a third connection wait, unread, until one of two closes', async (t) => {
    const { trial, counters } = await limited(t, { maxConnections: 2 })
    const [first, second] = [await trial.connect(), await trial.connect()]
    await roundTrip(first)
    await roundTrip(second)
    const third = await trial.ask(get('/third'))
    await roundTrip(first)
    await roundTrip(second)
    await settled()
    assert.deepEqual([third.pending, third.hasEnded, counters.sessions.current], ['', false, 2])
    second.close()
    assert.equal((await readResponse(third)).body, 'GET /third HTTP/1.1')
    await roundTrip(first)
    assert.deepEqual([counters.sessions.current, counters.sessions.total, counters.refusedConnections], [2, 3, 0])
  })

  test('lets those that wait in, in their order', async (t) => {
    const { trial } = await limited(t, { maxConnections: 3 })
    const inside = [await trial.connect(), await trial.connect(), await trial.connect()]
    for (const client of inside) await roundTrip(client)
    const waiting = [await trial.ask(get('/1')), await trial.ask(get('/2')), await trial.ask(get('/3'))]
    await settled()
    for (const [index, client] of waiting.entries()) {
      inside[index]!.close()
      assert.equal((await readResponse(client)).body, `GET /${index + 1} HTTP/1.1`)
      assert.ok(waiting.slice(index + 1).every(({ pending }) => pending === ''))
    }
  })

  test('closes and counts what comes on top of those that wait', async (t) => {
    const { trial, counters } = await limited(t, { maxConnections: 1 })
    const inside = await trial.connect()
    await roundTrip(inside)
    const waiting = await trial.ask(get('/waiting'))
    await settled()
    const refused = await trial.connect()
    await refused.ending()
    assert.deepEqual([refused.pending, counters.refusedConnections, waiting.hasEnded], ['', 1, false])
    inside.close()
    assert.equal((await readResponse(waiting)).body, 'GET /waiting HTTP/1.1')
  })

  test('is not used up by those that left while they waited', async (t) => {
    const { trial, counters } = await limited(t, { maxConnections: 2 })
    const inside = [await trial.connect(), await trial.connect()]
    for (const client of inside) await roundTrip(client)
    const leaving = [await trial.connect(), await trial.connect()]
    await settled()
    for (const client of leaving) client.reset()
    for (const client of inside) client.close()
    await until(() => counters.sessions.current === 0, 'all are gone')
    const next = [await trial.connect(), await trial.connect()]
    for (const client of next) await roundTrip(client)
    assert.equal(counters.refusedConnections, 0)
  })

  test('of the whole proxy counts those of all frontends', async (t) => {
    const bind = '127.0.0.1:0'
    const frontends = { main: { bind, defaultBackend: 'app' }, other: { bind, defaultBackend: 'app' } }
    const { trial } = await limited(t, {}, { frontends, maxConnections: 2 })
    const here = await trial.connect('main')
    const there = await trial.connect('other')
    await roundTrip(here)
    await roundTrip(there)
    const waiting = (await trial.connect('other')).send(get('/waiting'))
    await roundTrip(here)
    await settled()
    assert.equal(waiting.pending, '')
    here.close()
    assert.equal((await readResponse(waiting)).body, 'GET /waiting HTTP/1.1')
    const { main, other } = trial.proxy.stats().frontends
    assert.ok(main !== undefined && other !== undefined)
    const sessions = ['main', 'other'].map((name) => trial.proxy.frontend(name).counters.sessions.current)
    assert.deepEqual(sessions, [0, 2])
  })

  test('of a frontend and of the proxy must both have room', async (t) => {
    const bind = '127.0.0.1:0'
    const frontends = {
      main: { bind, defaultBackend: 'app', maxConnections: 1 },
      other: { bind, defaultBackend: 'app' },
    }
    const { trial } = await limited(t, {}, { frontends, maxConnections: 2 })
    const first = await trial.connect()
    await roundTrip(first)
    const waiting = (await trial.connect()).send(get('/waiting'))
    const other = await trial.connect('other')
    await roundTrip(other)
    const otherWaiting = (await trial.connect('other')).send(get('/waiting'))
    await settled()
    assert.deepEqual([waiting.pending, otherWaiting.pending], ['', ''])
    const open = () => trial.proxy.frontends.reduce((sum, { counters }) => sum + counters.sessions.current, 0)
    first.close()
    const answers = [readResponse(waiting), readResponse(otherWaiting)]
    await Promise.race(answers)
    assert.equal(open(), 2)
    other.close()
    assert.equal((await Promise.all(answers)).length, 2)
  })

  test('holds in TCP mode too, where nothing is sent to a server before', async (t) => {
    const origin = await RawOrigin.listen(t)
    const trial = await Trial.start(t, {
      defaults: { mode: 'tcp' },
      frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app', maxConnections: 1 } },
      backends: { app: { servers: { a: origin.address } } },
    })
    const first = (await trial.connect()).send('one')
    const inside = await origin.accept()
    await inside.through('one')
    const waiting = (await trial.connect()).send('two')
    await settled()
    assert.equal(origin.wires.length, 1)
    inside.end()
    first.end()
    await (await origin.accept()).through('two')
    assert.equal(waiting.hasEnded, false)
  })
})

describe('a frontend’s maxConnections on a server of the application', () => {
  async function attached(t: TestContext, server: net.Server, mode: 'http' | 'tcp' = 'http') {
    const origin = await RawOrigin.listen(t)
    if (mode === 'http') origin.answerAll(() => ok())
    const backend = new Backend('app', { mode, servers: { a: origin.address } })
    const frontend = new Frontend('main', { mode, defaultBackend: backend, maxConnections: 1 })
    t.after(attach(frontend, server))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const sockets = new Set<net.Socket>()
    server.on('connection', (socket) => sockets.add(socket))
    t.after(() => {
      server.close()
      for (const socket of sockets) socket.destroy()
    })
    const { port } = server.address() as AddressInfo
    return { frontend, origin, connect: () => connect(t, { port }) }
  }

  /** Limits above the frontend's, which bring no warning. */
  const patient = { keepAliveTimeout: 60_000, requestTimeout: 0 }

  test('answers requests over the limit with 503, and closes', async (t) => {
    const { frontend, connect } = await attached(t, http.createServer(patient))
    const first = (await connect()).send(get())
    assert.equal((await readResponse(first)).status, 200)
    const second = (await connect()).send(get())
    const response = await readResponse(second)
    assert.deepEqual([response.status, response.get('connection')], [503, 'close'])
    await second.ending()
    assert.equal(frontend.counters.refusedConnections, 1)
    first.send(get())
    assert.equal((await readResponse(first)).status, 200)
    first.close()
    await until(() => frontend.counters.sessions.current === 0, 'there is room again')
    const third = (await connect()).send(get())
    assert.equal((await readResponse(third)).status, 200)
  })

  for (const mode of ['http', 'tcp'] as const) {
    test(`closes connections over the limit on a net server, for ${mode}`, async (t) => {
      const { frontend, origin, connect } = await attached(t, net.createServer({ allowHalfOpen: true }), mode)
      const first = (await connect()).send(get())
      if (mode === 'http') assert.equal((await readResponse(first)).status, 200)
      else await (await origin.accept()).through('\r\n\r\n')
      const second = await connect()
      await second.ending()
      assert.deepEqual([second.pending, frontend.counters.refusedConnections], ['', 1])
    })
  }
})
