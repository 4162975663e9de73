import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BackendConfig, ExchangeRecord, FrontendConfig, WholeConfig } from '../src/index.js'
import { chunk, readHead, readResponse } from './support/http-message.js'
import { RawOrigin } from './support/raw-origin.js'
import { get, ok, post, settled, stage, Trial, until } from './support/trial.js'

/** A configuration with one frontend and one backend. */
function one(backend: BackendConfig, frontend: FrontendConfig = {}): WholeConfig {
  return {
    frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app', ...frontend } },
    backends: { app: backend },
  }
}

function outcome({ status, termination, failure }: ExchangeRecord) {
  return [status, termination, failure]
}

describe('a server that is silent', () => {
  test('before its response: 504, and its connection is closed', async (t) => {
    const { origin, trial, server } = await stage(t, { timeout: { server: 300 } })
    const client = await trial.ask()
    const { wire } = await origin.receive()
    await trial.pass(299)
    assert.equal(client.pending, '')
    await trial.pass(1)
    assert.equal((await readResponse(client)).status, 504)
    await wire.ending()
    assert.deepEqual(outcome(await trial.record()), [504, 'sH--', 'server-timeout'])
    assert.equal(server.served, 0)
    client.send(get())
    ;(await origin.receive()).wire.send(ok())
    assert.equal((await readResponse(client)).status, 200, 'the client’s connection goes on')
  })

  for (const [framing, head, first] of [
    ['of known length', 'Content-Length: 10', 'hello'],
    ['in chunks', 'Transfer-Encoding: chunked', chunk('hello')],
    ['up to the end of the connection', 'X-A: b', 'hello'],
  ] as const) {
    test(`in the middle of a body ${framing}: nothing that looks whole`, async (t) => {
      const { origin, trial } = await stage(t, { timeout: { server: 300 } })
      const client = await trial.ask()
      const { wire } = await origin.receive()
      wire.send(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${first}`)
      await readHead(client)
      await client.through('hello')
      await trial.pass(299)
      assert.equal(client.hasEnded, false)
      await trial.pass(1)
      assert.equal(await client.ending(), 'reset')
      await wire.ending()
      assert.deepEqual(outcome(await trial.record()), [200, 'sD--', 'server-timeout'])
    })
  }

  test('for less than its time, again and again, is not late', async (t) => {
    const { origin, trial } = await stage(t, { timeout: { server: 300 } })
    const client = await trial.ask()
    const { wire } = await origin.receive()
    wire.send('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n')
    await readHead(client)
    for (const letter of 'hello') {
      await trial.pass(299)
      wire.send(letter)
      await client.through(letter)
    }
    const { termination, Ta } = await trial.record()
    assert.deepEqual([termination, Ta], ['----', 5 * 299])
  })

  test('after the upload is served by no other server', async (t) => {
    const other = await RawOrigin.listen(t)
    const origin = await RawOrigin.listen(t)
    const servers = { a: origin.address, b: { address: other.address, backup: true } }
    const trial = await Trial.start(t, one({ servers, timeout: { server: 300 } }))
    const client = await trial.ask()
    await origin.receive()
    await trial.pass(300)
    assert.equal((await readResponse(client)).status, 504)
    assert.equal(other.wires.length, 0)
  })
})

describe('a client that is too slow', () => {
  test('with its head: 408, and its connection is closed', async (t) => {
    const { trial } = await stage(t, {}, { timeout: { httpRequest: 1000 } })
    const client = await trial.ask('GET / HTTP/1.1\r\nHost: a.t')
    await trial.pass(999)
    client.send('e')
    await settled()
    assert.equal(client.pending, '', 'more of it does not prolong the time')
    await trial.pass(1)
    const response = await readResponse(client)
    assert.deepEqual([response.status, response.get('connection')], [408, 'close'])
    assert.equal(await client.ending(), 'end')
    const { termination, status, backend } = await trial.record()
    assert.deepEqual([termination, status, backend], ['cR--', 408, null])
    assert.equal(trial.proxy.frontend('main').counters.requestErrors, 1)
  })

  test('to send anything at all: 408', async (t) => {
    const { trial } = await stage(t, {}, { timeout: { httpRequest: 1000 } })
    const client = await trial.connect()
    await trial.pass(1000)
    assert.equal((await readResponse(client)).status, 408)
    assert.equal(await client.ending(), 'end')
  })

  test('with its second request: its idle connection is closed without a word', async (t) => {
    const { origin, trial } = await stage(t, {}, { timeout: { httpKeepAlive: 500 } })
    origin.answerAll(() => ok())
    const client = await trial.ask()
    await readResponse(client)
    await trial.record()
    await trial.pass(499)
    assert.equal(client.hasEnded, false)
    await trial.pass(1)
    assert.equal(await client.rest(), '')
    assert.equal(trial.records.length, 0)
  })

  test('with the head of its second request: 408', async (t) => {
    const { origin, trial } = await stage(t, {}, { timeout: { httpKeepAlive: 500, httpRequest: 1000 } })
    origin.answerAll(() => ok())
    const client = await trial.ask()
    await readResponse(client)
    await trial.record()
    client.send('GET / HT')
    await trial.pass(1499)
    assert.equal(client.hasEnded, false)
    await trial.pass(1)
    assert.equal((await readResponse(client)).status, 408)
    assert.equal((await trial.record()).termination, 'cR--')
  })

  test('with its upload: 408, and the server gets no whole request', async (t) => {
    const { origin, trial } = await stage(t, {}, { timeout: { client: 400 } })
    const client = await trial.ask(`${post(10)}hello`)
    const wire = await origin.accept()
    await wire.through('hello')
    await trial.pass(400)
    const response = await readResponse(client)
    assert.equal(response.status, 408)
    await wire.ending()
    assert.deepEqual(outcome(await trial.record()), [408, 'cH--', 'client-timeout'])
  })

  test('to read its response: its connection is broken', async (t) => {
    const { origin, trial } = await stage(t, {}, { timeout: { client: 400 } })
    const client = await trial.ask()
    client.socket.pause()
    const { wire } = await origin.receive()
    wire.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    const piece = chunk('x'.repeat(64 * 1024))
    // Until every buffer on the way is full, and the proxy stops reading.
    for (let i = 0; i < 400 && wire.socket.write(piece); i++) await settled()
    await until(() => trial.clock.timers > 0, 'the proxy waits')
    await settled()
    await trial.pass(400)
    await until(() => trial.proxy.frontend('main').counters.sessions.current === 0, 'the connection is gone')
    client.socket.resume()
    await client.ending()
    assert.ok(!client.pending.endsWith('0\r\n\r\n'), 'what came looks whole')
    const { termination, status } = await trial.record()
    assert.deepEqual([termination, status], ['cD--', 200])
  })
})

describe('a tunnel', () => {
  const upgrade = get('/', 'Connection: Upgrade', 'Upgrade: echo')
  const switched = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'

  test('lasts beyond the time limits of requests, and ends after its own of silence', async (t) => {
    const { origin, trial } = await stage(
      t,
      { timeout: { server: 100, tunnel: 1000 } },
      { timeout: { client: 100, httpRequest: 100, httpKeepAlive: 100 } },
    )
    const client = await trial.ask(upgrade)
    const { wire } = await origin.receive()
    wire.send(switched)
    assert.equal((await readHead(client)).status, 101)
    await trial.pass(999)
    client.send('ping')
    assert.equal(await wire.bytes(4), 'ping')
    await trial.pass(999)
    wire.send('pong')
    assert.equal(await client.bytes(4), 'pong')
    await trial.pass(1000)
    await client.ending()
    await wire.ending()
    const { termination, status, bytesIn, bytesOut, Ta } = await trial.record()
    assert.deepEqual([termination, status, bytesIn, bytesOut, Ta], ['cD--', 101, 4, 4, 2998])
  })

  test('that the server refuses is a response like any other', async (t) => {
    const { origin, trial } = await stage(t)
    const client = await trial.ask(upgrade)
    const { wire } = await origin.receive()
    wire.send(ok('no'))
    const response = await readResponse(client)
    assert.deepEqual([response.status, response.body], [200, 'no'])
  })
})

test('a time limit of 0 is none', async (t) => {
  const none = { connect: 0, server: 0, queue: 0, tunnel: 0 }
  const { origin, trial } = await stage(
    t,
    { timeout: none },
    { timeout: { client: 0, httpRequest: 0, httpKeepAlive: 0 } },
  )
  const client = await trial.connect()
  await trial.pass(1e9)
  client.send(get())
  const { wire } = await origin.receive()
  await trial.pass(1e9)
  wire.send(ok())
  assert.equal((await readResponse(client)).status, 200)
  await trial.pass(1e9)
  client.send(get())
  ;(await origin.receive()).wire.send(ok())
  assert.equal((await readResponse(client)).status, 200)
})
