import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { attach, Backend, Frontend } from '../../src/index.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { chunk, readHead, readRequest, readResponse } from '../support/http-message.js'
import { Pour } from '../support/pour.js'
import { connect } from '../support/raw-client.js'
import { RawOrigin } from '../support/raw-origin.js'
import { get, ok, post, settled, stage, type Trial } from '../support/trial.js'
import type { Wire } from '../support/wire.js'
import { until } from '../support/within.js'

/** Sends a byte a second on each of the wires, and asserts that all of them stay open meanwhile. */
async function drip(trial: Trial, wires: readonly Wire[], text: string): Promise<void> {
  for (const byte of text) {
    for (const wire of wires) wire.send(byte)
    await trial.pass(1000)
    assert.ok(wires.every((wire) => !wire.hasEnded))
  }
}

/** What passes meanwhile between somebody else and the server, which answers every request by its target. */
async function assertServes(trial: Trial): Promise<void> {
  assert.equal((await trial.answer(get('/other'))).body, '/other')
}

function targetOf({ startLine }: { readonly startLine: string }): string {
  return startLine.split(' ')[1]!
}

const connections = 100

describe('clients that send a byte a second', () => {
  test('do not get a head through: 408 after timeout.httpRequest, and others are served all along', async (t) => {
    const { origin, trial, counters } = await stage(t)
    const requests = origin.answerAll((request) => ok(targetOf(request)))
    const clients = await Promise.all(Array.from({ length: connections }, () => trial.connect()))
    await until(() => counters.sessions.current === connections, 'not all were accepted')
    await drip(trial, clients, 'GET /')
    await assertServes(trial)
    await drip(trial, clients, 'slow')
    await trial.pass(1000)
    for (const client of clients) assert.equal((await readResponse(client)).status, 408)
    for (const client of clients) assert.equal(await client.ending(), 'end')
    for (const client of clients) client.close()
    await until(() => counters.sessions.current === 0, 'sessions stay open')
    await assertServes(trial)
    assert.deepEqual([...new Set(requests.map(targetOf))], ['/other'])
  })

  test('may start late on a kept connection, but have no more time for the head then', async (t) => {
    const { origin, trial } = await stage(t)
    origin.answerAll(() => ok())
    const client = await trial.ask()
    await readResponse(client)
    await trial.pass(9000)
    await drip(trial, [client], 'GET /slow')
    assert.equal(client.pending, '')
    await trial.pass(1000)
    assert.equal((await readResponse(client)).status, 408)
  })

  test('get a body through, as nothing waits for it', async (t) => {
    const { origin, trial } = await stage(t, { timeout: { server: '3s' } }, { timeout: { client: '3s' } })
    const client = await trial.ask(post(10))
    const wire = await origin.accept()
    const [request] = await Promise.all([readRequest(wire), drip(trial, [client], '0123456789')])
    assert.equal(request.body, '0123456789')
    wire.send(ok())
    assert.equal((await readResponse(client)).status, 200)
  })

  test('hold no server while their heads come, and one slot each while their bodies do', async (t) => {
    const { trial, origin, server } = await stage(t)
    const head = await trial.connect()
    head.send('GET / HT')
    const body = await trial.ask(`${post(10)}012`)
    await origin.accept()
    await settled()
    assert.equal(server.served, 1)
    body.reset()
    await until(() => server.served === 0, 'the server is held')
  })
})

describe('clients that read nothing', () => {
  test('are let go after timeout.client, with their server connections, and others are served all along', async (t) => {
    const { origin, trial, server } = await stage(t, {}, { timeout: { client: '30s' } })
    const client = await trial.ask()
    client.socket.pause()
    const { wire } = await origin.receive()
    origin.answerAll((request) => ok(targetOf(request)))
    wire.send(`HTTP/1.1 200 OK\r\nContent-Length: ${Pour.size}\r\n\r\n`)
    const pour = new Pour(wire.socket)
    await pour.stuck()
    await assertServes(trial)
    await trial.pass(29_000)
    assert.equal(server.served, 1)
    await assertServes(trial)
    await trial.pass(1000)
    await wire.ending()
    assert.equal(server.served, 0)
    const records = trial.records.map(({ target, termination, failure }) => [target, termination, failure])
    assert.deepEqual(records.at(-1), ['/', 'cD--', 'client-timeout'])
    assert.ok(pour.sent < Pour.bound)
  })

  test('get no more requests through than answers, and are let go too', async (t) => {
    const { origin, trial, counters } = await stage(t, {}, { timeout: { client: '30s', httpKeepAlive: '60s' } })
    const answer = ok('x'.repeat(64 * 1024))
    const requests = origin.answerAll(() => answer)
    const client = await trial.connect()
    client.socket.pause()
    const asked = 1000
    client.send(get().repeat(asked))
    await until(() => requests.length > 0, 'no request came')
    for (let still = 0, before = -1; still < 50; still = before === requests.length ? still + 1 : 0) {
      before = requests.length
      await settled()
    }
    t.diagnostic(`${requests.length} of ${asked} requests, each with an answer of 64 KB, went through`)
    assert.ok(requests.length * answer.length < Pour.bound)
    await trial.pass(30_000)
    await until(() => counters.sessions.current === 0, 'the connection stays open')
  })

  test('and end their side, are let go too', async (t) => {
    const { origin, trial, counters } = await stage(t, { abortOnClose: false }, { timeout: { client: '30s' } })
    const client = await trial.connect()
    client.socket.pause()
    client.end(get())
    const { wire } = await origin.receive()
    wire.send(ok('x'.repeat(16 * 2 ** 20)))
    await settled()
    assert.equal(counters.sessions.current, 1)
    await trial.pass(30_000)
    await until(() => counters.sessions.current === 0, 'the connection stays open')
  })
})

/** An idle connection whose client has left a part of its last answer untaken, less than keeps the next request waiting. */
async function untaken(t: TestContext): Promise<{ clock: VirtualClock; client: Wire; socket: Socket }> {
  const origin = await RawOrigin.listen(t)
  const clock = new VirtualClock()
  const backend = new Backend('app', { servers: { a: origin.address }, clock })
  const server = createServer()
  t.after(attach(new Frontend('web', { defaultBackend: backend, timeout: { client: '30s' } }), server))
  t.after(() => server.close())
  const connected = once(server, 'connection') as Promise<[Socket]>
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = await connect(t, { port: (server.address() as AddressInfo).port })
  client.socket.pause()
  const [socket] = await connected
  const requests = origin.answerAll(() => ok('x'.repeat(10_000)))
  for (let asked = 1; socket.writableLength === 0; asked++) {
    client.send(get())
    await until(() => requests.length === asked, 'a request did not come')
    await settled()
  }
  assert.equal(socket.writableNeedDrain, false)
  return { clock, client, socket }
}

describe('clients that leave the end of an answer untaken', () => {
  for (const [how, leave] of [
    ['and ask for nothing more', ({ clock }) => clock.advance(10_000)],
    ['and end their side', ({ client }) => client.end()],
  ] as const satisfies [string, (scene: Awaited<ReturnType<typeof untaken>>) => unknown][]) {
    test(`${how}, are let go`, async (t) => {
      const scene = await untaken(t)
      leave(scene)
      await settled()
      scene.clock.advance(29_000)
      assert.equal(scene.socket.destroyed, false)
      scene.clock.advance(1000)
      assert.equal(scene.socket.destroyed, true)
    })
  }
})

describe('servers that read nothing', () => {
  test('cost their client a 504 after timeout.server, and others are served all along', async (t) => {
    const { origin, trial, server } = await stage(t, { timeout: { server: '30s' } })
    const client = await trial.ask(post(Pour.size))
    const wire = await origin.accept()
    wire.socket.pause()
    origin.answerAll((request) => ok(targetOf(request)))
    const pour = new Pour(client.socket)
    await pour.stuck()
    assert.ok(pour.sent < Pour.bound)
    await trial.pass(29_000)
    await assertServes(trial)
    assert.equal(server.served, 1)
    await trial.pass(1000)
    assert.equal((await readHead(client)).status, 504)
    assert.equal(server.served, 0)
    const record = trial.records.find(({ method }) => method === 'POST')!
    assert.deepEqual([record.status, record.failure], [504, 'server-timeout'])
  })
})

describe('servers that send a byte a second', () => {
  test('get a body through, but no head: that must be whole within timeout.server', async (t) => {
    const { origin, trial } = await stage(t, { timeout: { server: '10s' } }, { timeout: { client: '3s' } })
    const whole = await trial.ask(get('/whole'))
    const { wire } = await origin.receive()
    wire.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    const [response] = await Promise.all([readResponse(whole), drip(trial, [wire], `${chunk('hello world')}0\r\n\r\n`)])
    assert.equal(response.body, 'hello world')
    const cut = await trial.ask(get('/cut'))
    const { wire: slow } = await origin.receive()
    await drip(trial, [slow], 'HTTP/1.1 ')
    assert.equal(cut.pending, '')
    await trial.pass(1000)
    assert.equal((await readResponse(cut)).status, 504)
  })

  test('and all others that send byte by byte, are understood', async (t) => {
    const { origin, trial } = await stage(t)
    for (const text of [
      ok('hello', 'X-A: b'),
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nX-T: t\r\n\r\n',
    ]) {
      const client = await trial.ask()
      const { wire } = await origin.receive()
      const sending = wire.sendSlowly(...text)
      if (text.includes('103')) assert.equal((await readHead(client)).status, 103)
      const response = await readResponse(client)
      await sending
      assert.deepEqual([response.status, response.body], [200, 'hello'])
      assert.deepEqual(response.trailers, text.includes('X-T') ? [['X-T', 't']] : [])
    }
  })
})
