import assert from 'node:assert/strict'
import http2, { type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import https from 'node:https'
import { createServer } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import type { BackendConfig } from '../../src/index.js'
import { type Certificate, selfSigned } from '../support/certificate.js'
import { readResponse } from '../support/http-message.js'
import { get, settled, Trial } from '../support/trial.js'
import { until } from '../support/within.js'
import { codes, flags, frame, frameTypes, literals, preface } from './frame-client.js'

/** A server of HTTP/2 that a test plays stream by stream. */
class StreamOrigin {
  readonly sessions: ServerHttp2Session[] = []
  readonly streams: ServerHttp2Stream[] = []
  /** The fields of each stream. */
  readonly heads: http2.IncomingHttpHeaders[] = []

  private constructor(readonly address: string) {}

  static async listen(t: TestContext, settings: http2.Settings = {}, tls?: Certificate): Promise<StreamOrigin> {
    const server = tls === undefined ? http2.createServer({ settings }) : http2.createSecureServer({ settings, ...tls })
    const address = await listen(t, server)
    const origin = new StreamOrigin(address)
    server.on('session', (session) => {
      origin.sessions.push(session)
      session.on('error', () => {})
      t.after(() => session.destroy())
    })
    server.on('stream', (stream, head) => {
      origin.streams.push(stream)
      origin.heads.push(head)
      stream.on('error', () => {})
    })
    return origin
  }

  /** The stream of that number, from 0, once it is there. */
  async stream(index: number): Promise<ServerHttp2Stream> {
    await until(() => this.streams.length > index, `no stream ${index}`)
    return this.streams[index]!
  }

  answerAll(from = 0): void {
    for (const stream of this.streams.slice(from)) answer(stream)
  }
}

function answer(stream: ServerHttp2Stream, body = 'ok'): void {
  stream.resume()
  stream.respond({ ':status': 200, 'content-length': body.length })
  stream.end(body)
}

async function listen(t: TestContext, server: ReturnType<typeof createServer> | http2.Http2Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => server.close())
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return `127.0.0.1:${address.port}`
}

/** A server that answers each connection's bytes with frames of the test's. */
async function frameOrigin(t: TestContext, play: (send: (...frames: Buffer[]) => void, stream: number) => void) {
  const counts = { connections: 0 }
  const server = createServer((socket) => {
    counts.connections++
    socket.on('error', () => {})
    t.after(() => socket.destroy())
    socket.write(frame(frameTypes.settings, 0, 0))
    let input = Buffer.alloc(0)
    let isGreeted = false
    socket.on('data', (bytes: Buffer) => {
      input = Buffer.concat([input, bytes])
      if (!isGreeted && input.length < preface.length) return
      if (!isGreeted) input = input.subarray(preface.length)
      isGreeted = true
      while (input.length >= 9 && input.length >= 9 + input.readUIntBE(0, 3)) {
        const type = input[3]
        const stream = input.readUInt32BE(5)
        input = input.subarray(9 + input.readUIntBE(0, 3))
        if (type === frameTypes.headers) play((...frames) => void socket.write(Buffer.concat(frames)), stream)
      }
    })
  })
  return { address: await listen(t, server), counts }
}

async function start(t: TestContext, servers: NonNullable<BackendConfig['servers']>, backend: BackendConfig = {}) {
  const trial = await Trial.start(t, {
    frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
    backends: { app: { transport: 'http2', servers, ...backend } },
  })
  return trial
}

const status200 = Buffer.from([0x88])

describe('to a server over HTTP/2', () => {
  test('a request goes as it came, without what concerns the hop', async (t) => {
    const origin = await StreamOrigin.listen(t)
    const trial = await start(t, { a: origin.address })
    const client = await trial.ask(
      'POST /p?q HTTP/1.1\r\nHost: a.test\r\nX-B: 1\r\nConnection: x-hop, te\r\nX-Hop: 1\r\nTE: trailers, deflate\r\nKeep-Alive: 5\r\nX-B: 2\r\nCookie: a=1\r\nContent-Length: 2\r\n\r\nhi',
    )
    answer(await origin.stream(0))
    assert.equal((await readResponse(client)).body, 'ok')
    assert.deepEqual(
      { ...origin.heads[0] },
      {
        ':method': 'POST',
        ':scheme': 'http',
        ':authority': 'a.test',
        ':path': '/p?q',
        'x-b': '1, 2',
        te: 'trailers',
        cookie: 'a=1',
        'content-length': '2',
        [http2.sensitiveHeaders]: ['cookie'],
      },
    )
    const record = await trial.record()
    assert.deepEqual([record.status, record.version, record.termination], [200, 'HTTP/1.1', '----'])
  })

  test('a server with tls is spoken to over TLS, and a request says so', async (t) => {
    const certificate = selfSigned('localhost')
    const origin = await StreamOrigin.listen(t, {}, certificate)
    const trial = await start(t, { a: { address: origin.address, tls: { ca: certificate.cert, sni: 'localhost' } } })
    const clients = [await trial.ask(get()), await trial.ask(get())]
    for (const index of clients.keys()) answer(await origin.stream(index))
    for (const client of clients) assert.equal((await readResponse(client)).body, 'ok')
    assert.deepEqual([origin.sessions.length, origin.heads[0]![':scheme']], [1, 'https'])
  })

  test('a server that agrees on HTTP/1.1 over TLS gets no request: 503', async (t) => {
    const certificate = selfSigned('localhost')
    let requests = 0
    const server = https.createServer({ ...certificate, ALPNProtocols: ['http/1.1'] }, () => requests++)
    const address = await listen(t, server)
    const trial = await start(t, { a: { address, tls: { ca: certificate.cert, sni: 'localhost' } } }, { retries: 0 })
    assert.equal((await readResponse(await trial.ask(get()))).status, 503)
    assert.equal(requests, 0)
  })

  test('an absolute target becomes authority and path, and the target * stays', async (t) => {
    const origin = await StreamOrigin.listen(t)
    const trial = await start(t, { a: origin.address })
    await trial.ask('GET http://b.test?q HTTP/1.1\r\nHost: b.test\r\n\r\n')
    await trial.ask('OPTIONS * HTTP/1.1\r\nHost: c.test\r\n\r\n')
    await origin.stream(1)
    const told = origin.heads.map((head) => [head[':method'], head[':authority'], head[':path']])
    assert.deepEqual(told.sort(), [
      ['GET', 'b.test', '/?q'],
      ['OPTIONS', 'c.test', '*'],
    ])
  })

  test('requests of many clients share a connection', async (t) => {
    const origin = await StreamOrigin.listen(t)
    const trial = await start(t, { a: origin.address })
    const clients = await Promise.all(Array.from({ length: 20 }, () => trial.ask()))
    await origin.stream(19)
    origin.answerAll()
    for (const client of clients) assert.equal((await readResponse(client)).status, 200)
    assert.equal(origin.sessions.length, 1)
  })

  test('more requests than the server takes at a time go on further connections', async (t) => {
    const origin = await StreamOrigin.listen(t, { maxConcurrentStreams: 3 })
    const trial = await start(t, { a: origin.address })
    const clients = await Promise.all(Array.from({ length: 7 }, () => trial.ask()))
    await origin.stream(6)
    assert.equal(origin.sessions.length, 3)
    origin.answerAll()
    for (const client of clients) assert.equal((await readResponse(client)).status, 200)
    const next = await trial.ask()
    answer(await origin.stream(7))
    assert.equal((await readResponse(next)).status, 200)
    assert.equal(origin.sessions.length, 3)
  })

  test('a connection that carried a request and is idle is closed after poolPurgeDelay', async (t) => {
    const origin = await StreamOrigin.listen(t)
    const trial = await start(t, { a: origin.address }, { poolPurgeDelay: '2s' })
    const client = await trial.ask()
    answer(await origin.stream(0))
    await readResponse(client)
    await trial.pass(1999)
    assert.equal(origin.sessions[0]!.destroyed, false)
    await trial.pass(1)
    await until(() => origin.sessions[0]!.destroyed, 'it stands')
  })

  test('with a maxReuse of 0, or httpServerClose, each request has a connection of its own', async (t) => {
    for (const option of [{ maxReuse: 0 }, { httpServerClose: true }]) {
      const origin = await StreamOrigin.listen(t)
      const trial = await start(t, { a: origin.address }, option)
      for (let i = 0; i < 2; i++) {
        const client = await trial.ask()
        answer(await origin.stream(i))
        await readResponse(client)
      }
      assert.equal(origin.sessions.length, 2)
      await until(() => origin.sessions.every(({ destroyed }) => destroyed), 'one stands')
    }
  })

  test('a request that the server refuses goes elsewhere, whatever its method', async (t) => {
    const refusing = await frameOrigin(t, (send, stream) =>
      send(frame(frameTypes.reset, 0, stream, Buffer.from([0, 0, 0, codes.refused]))),
    )
    const origin = await StreamOrigin.listen(t)
    const trial = await start(t, { a: refusing.address, b: origin.address })
    const client = await trial.ask('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n')
    answer(await origin.stream(0))
    assert.equal((await readResponse(client)).status, 200)
    const record = await trial.record()
    assert.deepEqual([record.server, record.retries, record.redispatched], ['b', 1, true])
  })

  test('a request that the server says it has not looked at, as it goes, goes elsewhere', async (t) => {
    const going = await frameOrigin(t, (send) =>
      send(frame(frameTypes.goaway, 0, 0, Buffer.from([0, 0, 0, 0, 0, 0, 0, codes.none]))),
    )
    const origin = await StreamOrigin.listen(t)
    const trial = await start(t, { a: going.address, b: origin.address })
    const client = await trial.ask('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n')
    answer(await origin.stream(0))
    assert.equal((await readResponse(client)).status, 200)
    assert.equal((await trial.record()).retries, 1)
  })

  test('a request that the server refuses after its body has come goes elsewhere only where the body was kept', async (t) => {
    const refusing = await frameOrigin(t, (send, stream) =>
      send(frame(frameTypes.reset, 0, stream, Buffer.from([0, 0, 0, codes.refused]))),
    )
    const origin = await StreamOrigin.listen(t)
    const trial = await start(t, { a: refusing.address, b: origin.address }, { balance: 'first' })
    const bodied = (method: string): string => `${method} / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi`
    assert.equal((await trial.answer(bodied('POST'))).status, 502)
    assert.equal(origin.streams.length, 0)
    const client = await trial.ask(bodied('PUT'))
    const stream = await origin.stream(0)
    let body = ''
    for await (const chunk of stream) body += String(chunk)
    assert.equal(body, 'hi')
    answer(stream)
    assert.equal((await readResponse(client)).status, 200)
  })

  test('requests that a server has begun when it says that it goes are finished, and new ones get a new connection', async (t) => {
    const origin = await StreamOrigin.listen(t)
    const trial = await start(t, { a: origin.address })
    const first = await trial.ask()
    const stream = await origin.stream(0)
    origin.sessions[0]!.close()
    await settled()
    const second = await trial.ask()
    answer(await origin.stream(1))
    assert.equal((await readResponse(second)).status, 200)
    assert.equal(origin.sessions.length, 2)
    answer(stream, 'late')
    assert.equal((await readResponse(first)).body, 'late')
  })

  for (const [code, failure] of [
    [codes.none, 'server-closed'],
    [codes.internal, 'server-closed'],
    [codes.cancel, 'server-closed'],
    [codes.protocol, 'bad-response'],
  ] as const) {
    test(`a reset with ${code} before the response: 502, and it is not sent again`, async (t) => {
      const breaking = await frameOrigin(t, (send, stream) =>
        send(frame(frameTypes.reset, 0, stream, Buffer.from([0, 0, 0, code]))),
      )
      const trial = await start(t, { a: breaking.address })
      assert.equal((await trial.answer()).status, 502)
      const record = await trial.record()
      assert.deepEqual([record.failure, record.retries], [failure, 0])
      // The connection is as good as before.
      await trial.answer()
      assert.equal(breaking.counts.connections, 1)
    })

    test(`a reset with ${code} amid the response leaves none that looks whole`, async (t) => {
      const resets: (() => void)[] = []
      const breaking = await frameOrigin(t, (send, stream) => {
        send(frame(frameTypes.headers, flags.endHeaders, stream, status200), frame(frameTypes.data, 0, stream, 'half'))
        resets.push(() => send(frame(frameTypes.reset, 0, stream, Buffer.from([0, 0, 0, code]))))
      })
      const trial = await start(t, { a: breaking.address })
      const client = await trial.ask()
      await client.through('half\r\n')
      resets[0]!()
      assert.equal(await client.ending(), 'reset')
      assert.equal(client.pending, '')
      assert.equal((await trial.record()).failure, 'server-lost')
    })

    test(`a reset with ${code} that comes along with the beginning of the response: 502`, async (t) => {
      const breaking = await frameOrigin(t, (send, stream) =>
        send(
          frame(frameTypes.headers, flags.endHeaders, stream, status200),
          frame(frameTypes.data, 0, stream, 'half'),
          frame(frameTypes.reset, 0, stream, Buffer.from([0, 0, 0, code])),
        ),
      )
      const trial = await start(t, { a: breaking.address })
      assert.equal((await trial.answer()).status, 502)
      assert.equal((await trial.record()).failure, 'bad-response')
    })
  }

  test('a server that breaks its connection amid the response leaves none that looks whole', async (t) => {
    for (const end of ['destroy', 'end'] as const) {
      const origin = await StreamOrigin.listen(t)
      const trial = await start(t, { a: origin.address })
      const client = await trial.ask()
      const stream = await origin.stream(0)
      stream.respond({ ':status': 200 })
      stream.write('half')
      await client.through('half')
      if (end === 'destroy') stream.session!.destroy()
      else stream.session!.goaway(codes.internal)
      assert.equal(await client.ending(), 'reset')
      assert.equal((await trial.record()).failure, 'server-lost')
    }
  })

  test('a server that speaks no HTTP/2 gets no request: 503, after retries', async (t) => {
    const received: string[] = []
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (bytes) => received.push(bytes.toString('latin1')))
      socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')
      t.after(() => socket.destroy())
    })
    const trial = await start(t, { a: await listen(t, server) }, { retries: 0 })
    assert.equal((await trial.answer()).status, 503)
    assert.equal((await trial.record()).failure, 'connect-refused')
    assert.ok(received.every((text) => !text.includes('a.test')))
  })

  test('a server that is not there: 503', async (t) => {
    const server = createServer()
    const address = await listen(t, server)
    server.close()
    const trial = await start(t, { a: address }, { retries: 0 })
    assert.equal((await trial.answer()).status, 503)
    assert.equal((await trial.record()).failure, 'connect-refused')
  })

  test('a server that accepts and says nothing: 503 after timeout.connect', async (t) => {
    const server = createServer((socket) => t.after(() => socket.destroy()))
    const trial = await start(t, { a: await listen(t, server) }, { retries: 0, timeout: { connect: '3s' } })
    const client = await trial.ask()
    await until(() => trial.proxy.backend('app').counters.sessions.current === 1, 'no request')
    await settled()
    await trial.pass(3000)
    assert.equal((await readResponse(client)).status, 503)
    assert.equal((await trial.record()).failure, 'connect-timeout')
  })

  test('a client that leaves takes its stream with it, and not the connection', async (t) => {
    const origin = await StreamOrigin.listen(t)
    const trial = await start(t, { a: origin.address })
    const client = await trial.ask('POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n')
    const stream = await origin.stream(0)
    let hasEnded = false
    stream.resume().on('end', () => {
      hasEnded = !stream.aborted
    })
    await settled()
    client.reset()
    await until(() => stream.closed, 'it goes on')
    assert.equal(stream.rstCode, codes.cancel)
    assert.equal(hasEnded, false)
    assert.equal(origin.sessions[0]!.destroyed, false)
    assert.equal(trial.proxy.server('app/a').served, 0)
  })

  test('trailers arrive both ways, and data as it comes', async (t) => {
    const origin = await StreamOrigin.listen(t)
    const trial = await start(t, { a: origin.address })
    const client = await trial.ask('POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n')
    const stream = await origin.stream(0)
    const asked = new Promise((resolve) => stream.on('trailers', resolve))
    let body = ''
    stream.on('data', (chunk) => {
      body += String(chunk)
    })
    await until(() => body === 'hi', 'the first piece')
    stream.respond({ ':status': 200 }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '2' }))
    stream.write('ho')
    await client.through('ho\r\n')
    client.send('0\r\nX-Sum: 1\r\n\r\n')
    assert.equal(((await asked) as Record<string, string>)['x-sum'], '1')
    stream.end()
    assert.equal(await client.through('\r\n\r\n'), '0\r\nx-sum: 2\r\n\r\n')
  })

  test('a response that comes before the upload is whole ends the upload', async (t) => {
    const origin = await StreamOrigin.listen(t)
    const trial = await start(t, { a: origin.address })
    const client = await trial.ask('POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n')
    const stream = await origin.stream(0)
    stream.respond({ ':status': 413, 'content-length': 2 })
    stream.end('no')
    assert.equal((await readResponse(client)).status, 413)
    await until(() => stream.closed, 'it goes on')
  })

  test('informational responses arrive', async (t) => {
    const origin = await StreamOrigin.listen(t)
    const trial = await start(t, { a: origin.address })
    const client = await trial.ask(get('/', 'Expect: 100-continue'))
    const stream = await origin.stream(0)
    stream.additionalHeaders({ ':status': 103, link: '</a.css>' })
    assert.match(await client.through('\r\n\r\n'), /^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a\.css>\r\n/)
    answer(stream)
    assert.equal((await readResponse(client)).status, 200)
  })

  test('a head of more fields than maxResponseHeaders: 502', async (t) => {
    const many = literals(Array.from({ length: 20 }, (_, index) => [`x-${index}`, '1']))
    const origin = await frameOrigin(t, (send, stream) =>
      send(frame(frameTypes.headers, 5, stream, Buffer.concat([status200, many]))),
    )
    const trial = await start(t, { a: origin.address }, { maxResponseHeaders: 10 })
    assert.equal((await trial.answer()).status, 502)
    assert.equal((await trial.record()).failure, 'bad-response')
  })
})
