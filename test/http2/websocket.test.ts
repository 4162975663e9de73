import assert from 'node:assert/strict'
import http2 from 'node:http2'
import { describe, type TestContext, test } from 'node:test'
import { answerToKey } from '../../src/http2/websocket-key.js'
import { ok, settled, stage, type Trial } from '../support/trial.js'
import { until } from '../support/within.js'
import { codes, FrameClient, flags, frame, frameTypes, request } from './frame-client.js'

const extended = request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat' }, [
  'sec-websocket-version',
  '13',
])

async function open(t: TestContext, trial: Trial): Promise<FrameClient> {
  const client = await FrameClient.connect(t, { port: trial.port() })
  const { payload } = await client.until('settings')
  assert.ok(payload.toString('hex').includes('000800000001'), 'it takes no extended CONNECT')
  return client.ask(1, extended, false)
}

function switched(key: string): string {
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${key}\r\nX-Room: 1\r\n\r\n`
}

describe('a WebSocket over HTTP/2', () => {
  test('becomes an upgrade towards a server of HTTP/1.1, and bytes pass both ways', async (t) => {
    const { origin, trial, server } = await stage(t)
    const client = await open(t, trial)
    const { request: asked, wire } = await origin.receive()
    assert.equal(asked.startLine, 'GET /chat HTTP/1.1')
    assert.deepEqual(
      [asked.get('host'), asked.get('connection'), asked.get('upgrade')],
      ['a.test', 'Upgrade', 'websocket'],
    )
    assert.equal(asked.get('sec-websocket-version'), '13')
    wire.send(switched(answerToKey(asked.get('sec-websocket-key')!)), 'first')
    const head = await client.until('headers', 1)
    assert.equal(head.payload[0], 0x88)
    assert.equal(head.flags & flags.endStream, 0)
    assert.equal((await client.until('data', 1)).payload.toString(), 'first')
    client.send(frame(frameTypes.data, 0, 1, 'hello'))
    assert.equal(await wire.bytes(5), 'hello')
    client.send(frame(frameTypes.data, flags.endStream, 1, 'bye'))
    assert.equal(await wire.rest(), 'bye')
    wire.end('end')
    assert.deepEqual(await client.response(1), { status: undefined, body: 'end', reset: undefined })
    const record = await trial.record()
    assert.deepEqual([record.status, record.failure, record.bytesIn, record.bytesOut], [101, null, 8, 8])
    assert.equal(server.served, 0)
  })

  test('whose server does not know the key is none', async (t) => {
    const { origin, trial, server } = await stage(t)
    const client = await open(t, trial)
    const { wire } = await origin.receive()
    wire.send(switched('wrong'))
    assert.equal(await client.errorOf(1), codes.internal)
    await wire.ending()
    await until(() => server.served === 0, 'the server is held')
  })

  test('that the server refuses is refused', async (t) => {
    const { origin, trial } = await stage(t)
    const client = await open(t, trial)
    const { wire } = await origin.receive()
    wire.send('HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno')
    assert.deepEqual(await client.response(1), { status: 404, body: 'no', reset: undefined })
  })

  test('that the server answers as any other request is no tunnel: 502', async (t) => {
    const { origin, trial } = await stage(t)
    const client = await open(t, trial)
    const { wire } = await origin.receive()
    wire.send(ok())
    assert.equal((await client.response(1)).status, 502)
  })

  test('whose client leaves takes the server’s connection with it', async (t) => {
    const { origin, trial } = await stage(t)
    const client = await open(t, trial)
    const { request: asked, wire } = await origin.receive()
    wire.send(switched(answerToKey(asked.get('sec-websocket-key')!)))
    await client.until('headers', 1)
    client.send(frame(frameTypes.reset, 0, 1, Buffer.from([0, 0, 0, codes.cancel])))
    await wire.ending()
    assert.equal((await trial.record()).failure, 'client-aborted')
  })

  test('whose server breaks off is reset', async (t) => {
    const { origin, trial } = await stage(t)
    const client = await open(t, trial)
    const { request: asked, wire } = await origin.receive()
    wire.send(switched(answerToKey(asked.get('sec-websocket-key')!)))
    await client.until('headers', 1)
    wire.reset()
    assert.equal(await client.errorOf(1), codes.connect)
    assert.equal((await trial.record()).failure, 'server-lost')
  })
})

describe('CONNECT over HTTP/2', () => {
  const connect = request({
    ':method': 'CONNECT',
    ':authority': 'db.test:5432',
    ':scheme': undefined,
    ':path': undefined,
  })

  test('is refused unless it is allowed', async (t) => {
    const { trial } = await stage(t)
    const client = await FrameClient.connect(t, { port: trial.port() })
    assert.equal((await client.ask(1, connect, false).response(1)).status, 501)
  })

  test('opens a tunnel where it is', async (t) => {
    const { origin, trial } = await stage(t, {}, { allowConnect: true })
    const client = await FrameClient.connect(t, { port: trial.port() })
    client.ask(1, connect, false)
    const wire = await origin.accept()
    assert.match(await wire.through('\r\n\r\n'), /^CONNECT db\.test:5432 HTTP\/1\.1\r\n/)
    wire.send('HTTP/1.1 200 OK\r\n\r\n')
    await client.until('headers', 1)
    client.send(frame(frameTypes.data, 0, 1, 'hello'))
    assert.equal(await wire.bytes(5), 'hello')
  })
})

describe('an upgrade towards a server of HTTP/2', () => {
  const upgrade =
    'GET /chat HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n'

  async function start(t: TestContext, enableConnectProtocol: boolean) {
    const server = http2.createServer({ settings: { enableConnectProtocol } })
    const sessions: http2.ServerHttp2Session[] = []
    server.on('session', (session) => {
      sessions.push(session)
      session.on('error', () => {})
    })
    server.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    t.after(() => {
      for (const session of sessions) session.destroy()
      server.close()
    })
    const address = server.address() as { port: number }
    const { trial } = await stage(t, { transport: 'http2', servers: { a: `127.0.0.1:${address.port}` } })
    return { trial, server }
  }

  test('becomes an extended CONNECT, and the answer a switch', async (t) => {
    const { trial, server } = await start(t, true)
    server.on('stream', (stream, head) => {
      assert.deepEqual([head[':method'], head[':protocol'], head[':path']], ['CONNECT', 'websocket', '/chat'])
      stream.on('error', () => {})
      stream.respond({ ':status': 200 })
      stream.on('data', (chunk) => stream.write(chunk))
    })
    const client = await trial.ask(upgrade)
    const head = await client.through('\r\n\r\n')
    assert.match(head, /^HTTP\/1\.1 101 /)
    assert.ok(head.toLowerCase().includes(`sec-websocket-accept: ${answerToKey('x').toLowerCase()}`))
    client.send('hello')
    assert.equal(await client.bytes(5), 'hello')
    client.reset()
    assert.equal((await trial.record()).failure, 'client-aborted')
  })

  test('that knows nothing of that: 501', async (t) => {
    const { trial } = await start(t, false)
    assert.equal((await trial.answer(upgrade)).status, 501)
    await settled()
  })
})
