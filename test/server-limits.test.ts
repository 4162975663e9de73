import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { BackendConfig, WholeConfig } from '../src/index.js'
import { readResponse } from './support/http-message.js'
import { RawOrigin } from './support/raw-origin.js'
import { get, ok, settled, Trial, until } from './support/trial.js'
import type { Wire } from './support/wire.js'

/** A frontend and a backend with one server that takes so many exchanges at a time. */
function config(address: string, maxConnections: number, backend: BackendConfig = {}): WholeConfig {
  return {
    frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
    backends: { app: { servers: { a: { address, maxConnections } }, ...backend } },
  }
}

async function stage(t: TestContext, maxConnections: number, backend: BackendConfig = {}) {
  const origin = await RawOrigin.listen(t)
  const trial = await Trial.start(t, config(origin.address, maxConnections, backend))
  const { queue } = trial.proxy.backend('app')
  /** Sends a request that will have to wait, as the nth in the queue. */
  const wait = async (target: string): Promise<Wire> => {
    const { length } = queue
    const client = await trial.ask(get(target))
    await until(() => queue.length === length + 1, `${target} waits`)
    return client
  }
  return { origin, trial, wait, server: trial.proxy.server('app/a'), backend: trial.proxy.backend('app') }
}

describe('a server’s maxConnections', () => {
  test('makes requests wait, and serves them one after the other in their order', async (t) => {
    const { origin, trial, wait, server, backend } = await stage(t, 1)
    const clients = [await trial.ask(get('/1'))]
    const first = await origin.receive()
    clients.push(await wait('/2'), await wait('/3'))
    assert.deepEqual([server.served, backend.queue.length, backend.counters.queueMax], [1, 2, 2])
    let { wire, request } = first
    for (const [index, client] of clients.entries()) {
      assert.equal(request.startLine, `GET /${index + 1} HTTP/1.1`)
      await settled()
      assert.equal(origin.wires.filter((other) => other.pending !== '').length, 0, 'no other request is there')
      await trial.pass(10)
      wire.send(ok(`answer ${index + 1}`))
      assert.equal((await readResponse(client)).body, `answer ${index + 1}`)
      if (index < 2) ({ wire, request } = await origin.receive())
    }
    const waits = [await trial.record(), await trial.record(), await trial.record()].map(({ Tw }) => Tw)
    assert.deepEqual(waits, [0, 10, 20])
  })

  test('lets the next one go as soon as one fails', async (t) => {
    const { origin, trial, wait } = await stage(t, 1)
    const client = await trial.ask(get('/1'))
    const { wire } = await origin.receive()
    const next = await wait('/2')
    wire.close()
    assert.equal((await readResponse(client)).status, 502)
    const { request, wire: fresh } = await origin.receive()
    assert.match(request.startLine, /\/2/)
    fresh.send(ok())
    assert.equal((await readResponse(next)).status, 200)
  })

  test('keeps the place of a client that leaves for nobody', async (t) => {
    const { origin, trial, wait, backend } = await stage(t, 1)
    const client = await trial.ask(get('/1'))
    const { wire } = await origin.receive()
    const leaving = await wait('/2')
    const staying = await wait('/3')
    leaving.reset()
    await until(() => backend.queue.length === 1, 'its place is free')
    const { termination, server } = await trial.record()
    assert.deepEqual([termination, server], ['CQ--', null])
    wire.send(ok())
    await readResponse(client)
    const next = await origin.receive()
    assert.match(next.request.startLine, /\/3/)
    next.wire.send(ok())
    assert.equal((await readResponse(staying)).status, 200)
  })

  test('ends the wait at its limit with 503', async (t) => {
    const { origin, trial, wait, backend } = await stage(t, 1, { timeout: { queue: 500 } })
    await trial.ask(get('/1'))
    await origin.receive()
    const client = await wait('/2')
    await trial.pass(499)
    assert.equal(client.pending, '')
    await trial.pass(1)
    assert.equal((await readResponse(client)).status, 503)
    const { termination, Tw, Ta } = await trial.record()
    assert.deepEqual([termination, Tw, Ta], ['sQ--', 500, 500])
    assert.equal(backend.counters.connectionErrors, 1)
  })

  test('holds an upload back until it is its turn', async (t) => {
    const { origin, trial, backend } = await stage(t, 1)
    const client = await trial.ask(get('/1'))
    const { wire } = await origin.receive()
    const body = 'x'.repeat(300_000)
    const upload = await trial.ask(`POST /2 HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${body.length}\r\n\r\n`)
    upload.send(body)
    await until(() => backend.queue.length === 1, 'it waits')
    wire.send(ok())
    await readResponse(client)
    const { request, wire: second } = await origin.receive()
    assert.equal(request.body.length, body.length)
    second.send(ok())
    assert.equal((await readResponse(upload)).status, 200)
  })

  test('of two servers are used up before anybody waits', async (t) => {
    const origins = [await RawOrigin.listen(t), await RawOrigin.listen(t)]
    const servers = origins.map(({ address }, index) => ({ name: `s${index}`, address, maxConnections: 1 }))
    const trial = await Trial.start(t, { ...config('x:1', 0), backends: { app: { servers } } })
    const clients = [await trial.ask(), await trial.ask(), await trial.ask()]
    const received = await Promise.all(origins.map((origin) => origin.receive()))
    await until(() => trial.proxy.backend('app').queue.length === 1, 'the third waits')
    received[1]?.wire.send(ok('second'))
    ;(await origins[1]!.receive()).wire.send(ok('third'))
    const bodies = await Promise.all(clients.slice(1).map((client) => readResponse(client)))
    assert.deepEqual(bodies.map(({ body }) => body).sort(), ['second', 'third'])
  })
})
