import assert from 'node:assert/strict'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import http from 'node:http'
import type net from 'node:net'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Backend, type EvenkeelError, Frontend, handler, path } from '../../src/index.js'
import { chunk, readHead, readResponse } from '../support/http-message.js'
import { closedAddress } from '../support/loopback.js'
import { connect } from '../support/raw-client.js'
import { RawOrigin } from '../support/raw-origin.js'
import { get, ok, post, stage } from '../support/trial.js'

// What users of other proxies suffered (what was sent and what arrived), as claims that it can't happen here.
// Each names issues of theirs; what other suites claim already is not repeated.

/** A server of the application, until the test is over. Gives its port. */
async function listen(t: TestContext, server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket: net.Socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

// http-proxy-middleware#371, node-http-proxy#921
test('the head of an event stream is there before the first event', async (t) => {
  const { origin, trial } = await stage(t)
  const client = await trial.ask(get('/events', 'Accept: text/event-stream'))
  const { wire } = await origin.receive()
  wire.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
  assert.equal((await readHead(client)).get('content-type'), 'text/event-stream')
  wire.send(chunk('data: 1\n\n'))
  await client.through('data: 1\n\n')
})

// node-http-proxy#180, http-proxy-middleware#40, express-http-proxy#36, crow#276
test('a body that somebody has read already fails at once, and says so', async (t) => {
  const backend = new Backend('app', { servers: ['127.0.0.1:1'] })
  const web = new Frontend('web', { defaultBackend: backend })
  const faults: EvenkeelError[] = []
  web.on('fault', ({ error }) => faults.push(error))
  const handle = handler(web)
  const port = await listen(
    t,
    http.createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
      for await (const _piece of request);
      handle(request, response)
    }),
  )
  const client = (await connect(t, { port })).send(`${post(5)}hello`)
  assert.equal((await readResponse(client)).status, 500)
  const causes = faults.map(({ code, cause }) => [code, (cause as { code?: string } | undefined)?.code])
  assert.ok(causes.flat().includes('ERR_EVENKEEL_BODY_CONSUMED'), JSON.stringify(causes))
  assert.equal(faults.length, 1)
})

test('a request without a body is no matter of who reads bodies', async (t) => {
  const origin = await RawOrigin.listen(t)
  const requests = origin.answerAll(() => ok())
  const backend = new Backend('app', { servers: [origin.address] })
  const handle = handler(new Frontend('web', { defaultBackend: backend }))
  const port = await listen(
    t,
    http.createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
      for await (const _piece of request);
      handle(request, response)
    }),
  )
  const client = (await connect(t, { port })).send(get())
  assert.equal((await readResponse(client)).status, 200)
  assert.equal(requests.length, 1)
})

// node-http-proxy#775, #959, veryfront#584: matching sees the path, and servers what was sent
test('a target is matched as it came, and sent on as it came', async (t) => {
  const { origin, trial } = await stage(
    t,
    {},
    { routes: [{ backend: 'app', when: path.startsWith('/static') }], defaultBackend: undefined as never },
  )
  const requests = origin.answerAll(() => ok())
  const targets = ['/static/../x', '/static//a%2Fb', '/static?u=//c%00']
  for (const target of targets) assert.equal((await trial.answer(get(target))).status, 200)
  for (const target of ['//static', '/%73tatic', '/x/../static']) {
    assert.equal((await trial.answer(get(target))).status, 503)
  }
  assert.deepEqual(
    requests.map(({ startLine }) => startLine.split(' ')[1]),
    targets,
  )
})

// node#40702, http-proxy-middleware#783
for (const address of ['127.0.0.1', '::1']) {
  test(`a server called localhost is found at ${address}`, async (t) => {
    const addresses = await lookup('localhost', { all: true })
    if (!addresses.some((known) => known.address === address)) return t.skip('localhost has no such address here')
    const server = http.createServer((_request, response) => response.end(address))
    server.listen(0, address)
    await once(server, 'listening')
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    const { trial } = await stage(t, { servers: { a: `localhost:${port}` } })
    const client = await trial.ask(get('/', 'Connection: close'))
    assert.equal((await readResponse(client)).status, 200)
  })
}

test('an error of a name with two addresses tells what was tried', async (t) => {
  const { port } = await closedAddress()
  const { trial } = await stage(t, { servers: { a: `localhost:${port}` }, retries: 0 })
  assert.equal((await trial.answer()).status, 503)
  const { error } = await trial.record()
  assert.match(String(error), new RegExp(`(127\\.0\\.0\\.1|::1):${port}`))
  assert.match(String(error), /ECONNREFUSED/)
})
