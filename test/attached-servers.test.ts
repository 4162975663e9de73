import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { attach, Backend, type BackendOptions, Frontend } from '../src/index.js'
import { VirtualClock } from '../src/testing/virtual-clock.js'
import { readResponse } from './support/http-message.js'
import { connect } from './support/raw-client.js'
import { RawOrigin } from './support/raw-origin.js'
import { get, ok, settled, until } from './support/trial.js'

/** Limits above the frontend's, which bring no warning. */
const patient = { keepAliveTimeout: 600_000, requestTimeout: 0 }

/** A frontend behind a server of the application, before an origin that the test plays. */
async function stage(t: TestContext, server: net.Server = http.createServer(patient), options: BackendOptions = {}) {
  const origin = await RawOrigin.listen(t)
  const clock = new VirtualClock()
  const backend = new Backend('app', { servers: { a: origin.address }, clock, ...options })
  const frontend = new Frontend('web', { defaultBackend: backend })
  const faults: string[] = []
  frontend.on('fault', ({ where }) => faults.push(where))
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket: net.Socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const detach = attach(frontend, server)
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
    detach()
  })
  const ask = async (target = '/') => (await connect(t, { port })).send(get(target))
  return { origin, backend, frontend, clock, server, faults, detach, ask }
}

describe('a frontend that is detached', () => {
  test('gets no more requests, and finishes what is under way', async (t) => {
    const { origin, server, detach, ask } = await stage(t)
    const client = await ask()
    const { wire } = await origin.receive()
    detach()
    server.on('request', (_request, response) => response.end('own'))
    assert.equal((await readResponse(await ask())).body, 'own')
    wire.send(ok('late'))
    assert.equal((await readResponse(client)).body, 'late')
    client.send(get())
    assert.equal((await readResponse(client)).body, 'own')
  })

  test('lets those that wait in a queue have their turn', async (t) => {
    const origin = await RawOrigin.listen(t)
    const servers = { a: { address: origin.address, maxConnections: 1 } }
    const { backend, detach, ask } = await stage(t, undefined, { servers })
    const first = await ask('/1')
    const { wire } = await origin.receive()
    const second = await ask('/2')
    await until(() => backend.queue.length === 1, 'it waits')
    detach()
    wire.send(ok('first'))
    assert.equal((await readResponse(first)).body, 'first')
    ;(await origin.receive()).wire.send(ok('second'))
    assert.equal((await readResponse(second)).body, 'second')
  })

  test('keeps no connection to a server', async (t) => {
    const { origin, detach, ask } = await stage(t)
    const client = await ask()
    const { wire } = await origin.receive()
    wire.send(ok())
    await readResponse(client)
    detach()
    assert.equal(await wire.ending(), 'end')
  })

  test('puts no limits on connections that are the application’s alone again', async (t) => {
    const { origin, server, frontend, clock, detach, ask } = await stage(t)
    const idle = await ask()
    ;(await origin.receive()).wire.send(ok())
    await readResponse(idle)
    const busy = await ask()
    const { wire } = await origin.receive()
    detach()
    wire.send(ok())
    await readResponse(busy)
    const answers: http.ServerResponse[] = []
    server.on('request', (_request, response) => answers.push(response))
    for (const client of [idle, busy]) client.send(get())
    await until(() => answers.length === 2, 'the application has the requests')
    await clock.advanceAsync(60_000)
    await settled()
    for (const client of [idle, busy]) assert.deepEqual([client.pending, client.hasEnded], ['', false])
    for (const response of answers) response.end('own')
    for (const client of [idle, busy]) assert.equal((await readResponse(client)).body, 'own')
    assert.equal(frontend.counters.sessions.current, 0, 'they are no sessions of the frontend')
  })

  test('closes connections of a net server after what is under way', async (t) => {
    const server = net.createServer({ allowHalfOpen: true })
    const { origin, frontend, detach, ask } = await stage(t, server)
    const idle = await ask()
    ;(await origin.receive()).wire.send(ok())
    await readResponse(idle)
    const busy = await ask()
    const { wire } = await origin.receive()
    detach()
    assert.equal(await idle.rest(), '')
    wire.send(ok('late'))
    const response = await readResponse(busy)
    assert.deepEqual([response.body, response.get('connection')], ['late', 'close'])
    assert.equal(await busy.rest(), '')
    idle.end()
    busy.end()
    await until(() => frontend.counters.sessions.current === 0, 'all are gone')
  })

  test('can be attached again', async (t) => {
    const { origin, frontend, server, detach, ask } = await stage(t)
    origin.answerAll(() => ok())
    const client = await ask()
    assert.equal((await readResponse(client)).status, 200)
    detach()
    t.after(attach(frontend, server))
    client.send(get())
    assert.equal((await readResponse(client)).status, 200)
    assert.equal((await readResponse(await ask())).status, 200)
  })
})

describe('a server of the application', () => {
  test('takes one frontend at a time', async (t) => {
    for (const server of [http.createServer(patient), net.createServer({ allowHalfOpen: true })]) {
      const { detach } = await stage(t, server)
      const other = new Frontend('other')
      const refused = { code: 'ERR_EVENKEEL_STATE', message: /frontends\.other/ }
      assert.throws(() => attach(other, server), refused)
      detach()
      attach(other, server)()
    }
  })

  test('that answers by itself as well harms nobody: the first answer counts, and a fault tells of it', async (t) => {
    const responses: http.ServerResponse[] = []
    const own = (_request: http.IncomingMessage, response: http.ServerResponse): void => {
      response.writeHead(200, { 'Content-Length': 7 })
      response.write('own')
      responses.push(response)
    }
    const { origin, faults, frontend, ask } = await stage(t, http.createServer(patient, own))
    const client = await ask()
    const { wire } = await origin.receive()
    wire.send(ok('from the origin'))
    await until(() => faults.length > 0, 'a fault')
    assert.deepEqual(faults, ['server of frontends.web'])
    responses[0]?.end('more')
    const response = await readResponse(client)
    assert.deepEqual([response.status, response.body], [200, 'ownmore'])
    client.send(get())
    // The kept connection, and the fresh one that replaces it.
    for (let i = 0; i < 2; i++) (await origin.receive()).wire.reset()
    await until(() => faults.length === 2, 'an answer of the proxy’s own gives way too')
    responses[1]?.end('more')
    assert.equal((await readResponse(client)).body, 'ownmore')
    client.close()
    await until(() => frontend.counters.sessions.current === 0, 'nothing is left')
  })

  test('that is of no kind that carries a frontend is refused', () => {
    const frontend = new Frontend('web')
    const refused = { code: 'ERR_EVENKEEL_STATE' }
    assert.throws(() => attach(frontend, {} as net.Server), refused)
    assert.throws(() => attach(new Frontend('raw', { mode: 'tcp' }), http.createServer()), refused)
  })
})
