import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { attach, Backend, Frontend } from '../../src/index.js'
import { ok, settled, stage } from '../support/trial.js'
import { until } from '../support/within.js'
import { codes, FrameClient, flags, frame, frameTypes, literals, request, statusOf } from './frame-client.js'

const post = request({ ':method': 'POST' })

describe('a request over HTTP/2', () => {
  test('arrives in HTTP/1.1: with Host first, one Cookie, and without what concerns the hop', async (t) => {
    const { origin, trial } = await stage(t)
    const requests = origin.answerAll(() => ok())
    const client = await FrameClient.connect(t, { port: trial.port() })
    const fields = [
      ['x-b', '2'],
      ['cookie', 'a=1'],
      ['x-b', '3'],
      ['te', 'trailers'],
      ['cookie', 'b=2'],
    ] as const
    await client.ask(1, request({ ':path': '/p?q=%20' }, ...fields)).response(1)
    assert.equal(requests[0]?.startLine, 'GET /p?q=%20 HTTP/1.1')
    assert.deepEqual(requests[0]?.fields, [
      ['host', 'a.test'],
      ['x-b', '2'],
      ['cookie', 'a=1; b=2'],
      ['x-b', '3'],
    ])
    assert.equal((await trial.record()).version, 'HTTP/2.0')
  })

  test('with Host in the place of :authority, or both alike, has one Host', async (t) => {
    const { origin, trial } = await stage(t)
    const requests = origin.answerAll(() => ok())
    const client = await FrameClient.connect(t, { port: trial.port() })
    await client.ask(1, request({ ':authority': undefined }, ['host', 'b.test'])).response(1)
    await client.ask(3, request({ ':authority': 'B.test:80' }, ['host', 'b.test'])).response(3)
    assert.deepEqual(
      requests.map(({ fields }) => fields),
      [[['host', 'b.test']], [['host', 'b.test']]],
    )
  })

  test('with a length keeps it, without one comes in chunks, and trailers arrive', async (t) => {
    const { origin, trial } = await stage(t)
    const requests = origin.answerAll(() => ok())
    const client = await FrameClient.connect(t, { port: trial.port() })
    client.ask(1, request({ ':method': 'POST' }, ['content-length', '5']), false)
    await client.send(frame(frameTypes.data, flags.endStream, 1, 'hello')).response(1)
    client.ask(3, post, false).send(frame(frameTypes.data, 0, 3, 'hel'), frame(frameTypes.data, 0, 3, 'lo'))
    await client.ask(3, literals([['x-sum', '9']])).response(3)
    assert.deepEqual(
      requests.map(({ body, isChunked, trailers }) => ({ body, isChunked, trailers })),
      [
        { body: 'hello', isChunked: false, trailers: [] },
        { body: 'hello', isChunked: true, trailers: [['x-sum', '9']] },
      ],
    )
  })

  test('shares its connection with others, which is one session', async (t) => {
    const { origin, trial, counters } = await stage(t)
    const client = await FrameClient.connect(t, { port: trial.port() })
    for (const stream of [1, 3, 5]) client.ask(stream, request({ ':path': `/${stream}` }))
    const received = [await origin.receive(), await origin.receive(), await origin.receive()]
    // The last that was asked is the first to be answered.
    for (const { request: asked, wire } of received.reverse()) wire.send(ok(asked.startLine))
    const bodies = []
    for (let ended = 0; ended < 3; ) {
      const { type, payload, flags: flag } = await client.next()
      if (type === frameTypes.data) bodies.push(payload.toString())
      if (type === frameTypes.data && (flag & flags.endStream) !== 0) ended++
    }
    assert.deepEqual(bodies.filter((body) => body !== '').sort(), [
      'GET /1 HTTP/1.1',
      'GET /3 HTTP/1.1',
      'GET /5 HTTP/1.1',
    ])
    assert.equal(counters.sessions.total, 1)
    assert.equal(counters.requests, 3)
  })

  test('that expects 100 Continue gets it from the server', async (t) => {
    const { origin, trial } = await stage(t)
    const client = await FrameClient.connect(t, { port: trial.port() })
    client.ask(1, request({ ':method': 'POST' }, ['expect', '100-continue'], ['content-length', '2']), false)
    const wire = await origin.accept()
    assert.match(await wire.through('\r\n\r\n'), /expect: 100-continue/)
    wire.send('HTTP/1.1 100 Continue\r\n\r\n')
    const { payload, flags: flag } = await client.until('headers', 1)
    assert.equal(statusOf(payload), 100)
    assert.equal(flag & flags.endStream, 0)
    client.send(frame(frameTypes.data, flags.endStream, 1, 'hi'))
    assert.equal(await wire.bytes(2), 'hi')
    wire.send(ok())
    assert.equal((await client.response(1)).body, 'ok')
  })

  for (const code of [codes.none, codes.cancel, codes.internal]) {
    test(`that its client resets with ${code} amid its upload reaches no server as a whole one`, async (t) => {
      const { origin, trial, server } = await stage(t)
      const client = await FrameClient.connect(t, { port: trial.port() })
      client.ask(1, post, false).send(frame(frameTypes.data, 0, 1, 'half'))
      const wire = await origin.accept()
      await wire.through('half\r\n')
      client.send(frame(frameTypes.reset, 0, 1, Buffer.from([0, 0, 0, code])))
      await wire.ending()
      assert.equal(wire.pending, '')
      assert.equal((await trial.record()).failure, 'client-aborted')
      assert.equal(server.served, 0)
    })
  }

  test('whose client leaves frees the server at once, in the middle of a response too', async (t) => {
    for (const start of ['', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe']) {
      const { origin, trial, server, counters } = await stage(t)
      const client = await FrameClient.connect(t, { port: trial.port() })
      client.ask(1)
      const { wire } = await origin.receive()
      wire.send(start)
      if (start !== '') await client.until('data', 1)
      client.wire.reset()
      await wire.ending()
      assert.equal((await trial.record()).failure, 'client-aborted')
      assert.equal(server.served, 0)
      await until(() => counters.sessions.current === 0, 'the session goes on')
    }
  })

  test('of a client that ends its connection without a word is over, and so is the session', async (t) => {
    const { origin, trial, counters } = await stage(t)
    const client = await FrameClient.connect(t, { port: trial.port() })
    client.ask(1)
    const { wire } = await origin.receive()
    client.wire.end()
    await wire.ending()
    await until(() => counters.sessions.current === 0, 'the session goes on')
  })
})

describe('a response over HTTP/2', () => {
  test('has its fields, without those of the hop', async (t) => {
    const { origin, trial } = await stage(t)
    const proxied = http2.connect(`http://127.0.0.1:${trial.port()}`)
    t.after(() => proxied.destroy())
    origin.answerAll(() =>
      ok(
        'ok',
        'Connection: x-hop',
        'X-Hop: 1',
        'Keep-Alive: timeout=9',
        'X-A: 1',
        'x-a: 2',
        'Set-Cookie: a',
        'Set-Cookie: b',
        'Content-Type: a/b',
        'Content-Type: a/b',
        'ETag: 1',
        'ETag: 2',
        'Date: x',
      ),
    )
    const stream = proxied.request({ ':path': '/' })
    const raw = await new Promise<string[]>((resolve) =>
      stream.on('response', (_head, _flags, list?: string[]) => resolve(list!)),
    )
    assert.deepEqual(raw, [
      ':status',
      '200',
      'content-length',
      '2',
      'x-a',
      '1',
      'x-a',
      '2',
      'set-cookie',
      'a',
      'set-cookie',
      'b',
      'content-type',
      'a/b',
      'etag',
      '1, 2',
      'date',
      'x',
    ])
  })

  for (const [method, text, body] of [
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', ''],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', ''],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', ''],
    ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', ''],
    ['GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n', 'hi'],
  ] as const) {
    test(`to ${method} ends where ${JSON.stringify(text)} does`, async (t) => {
      const { origin, trial } = await stage(t)
      origin.answerAll(() => text)
      const client = await FrameClient.connect(t, { port: trial.port() })
      const status = Number(text.slice(9, 12))
      assert.deepEqual(await client.ask(1, request({ ':method': method })).response(1), {
        status,
        body,
        reset: undefined,
      })
      assert.deepEqual(await client.ask(3, request({ ':method': method })).response(3), {
        status,
        body,
        reset: undefined,
      })
    })
  }

  test('has its trailers', async (t) => {
    const { origin, trial } = await stage(t)
    origin.answerAll(() => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 9\r\n\r\n')
    const proxied = http2.connect(`http://127.0.0.1:${trial.port()}`)
    t.after(() => proxied.destroy())
    const stream = proxied.request({ ':path': '/' }).resume()
    const trailers = await new Promise<http2.IncomingHttpHeaders>((resolve) => stream.on('trailers', resolve))
    assert.equal(trailers['x-sum'], '9')
  })

  for (const [how, start, finish] of [
    ['chunks', 'Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n', 'end'],
    ['known length', 'Content-Length: 9\r\n\r\nhi', 'end'],
    ['no length', '\r\nhi', 'reset'],
  ] as const) {
    test(`of ${how} whose server breaks off is reset, and never looks whole`, async (t) => {
      const { origin, trial } = await stage(t)
      const client = await FrameClient.connect(t, { port: trial.port() })
      client.ask(1)
      const { wire } = await origin.receive()
      wire.send(`HTTP/1.1 200 OK\r\n${start}`)
      const first = await client.until('data', 1)
      assert.equal(first.flags & flags.endStream, 0)
      if (finish === 'end') wire.end()
      else wire.reset()
      const next = await client.next()
      assert.deepEqual([next.type, next.payload.readUInt32BE(0)], [frameTypes.reset, codes.internal])
      assert.equal((await trial.record()).failure, 'server-lost')
    })
  }

  test('that comes before the upload is whole is passed on, and then the upload is called off', async (t) => {
    const { origin, trial, server } = await stage(t)
    const client = await FrameClient.connect(t, { port: trial.port() })
    client.ask(1, post, false).send(frame(frameTypes.data, 0, 1, 'much'))
    const wire = await origin.accept()
    await wire.through('much\r\n')
    wire.send('HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\nno')
    assert.deepEqual(await client.response(1), { status: 413, body: 'no', reset: undefined })
    assert.equal(await client.errorOf(1), codes.none)
    await until(() => server.served === 0, 'the server is held')
    origin.answerAll(() => ok())
    assert.equal((await client.ask(3).response(3)).status, 200)
  })

  test('of the proxy’s own to an upload is passed on likewise', async (t) => {
    const { trial, server } = await stage(t)
    server.maintenance()
    const client = await FrameClient.connect(t, { port: trial.port() })
    const { status, body } = await client.ask(1, post, false).response(1)
    assert.equal(status, 503)
    assert.match(body, /503 Service Unavailable/)
    assert.equal(await client.errorOf(1), codes.none)
  })
})

describe('a connection of HTTP/2', () => {
  test('is told to go when the proxy closes, and its requests are finished first', async (t) => {
    const { origin, trial } = await stage(t)
    const client = await FrameClient.connect(t, { port: trial.port() })
    client.ask(1)
    const { wire } = await origin.receive()
    const closed = trial.proxy.close()
    const goaway = await client.until('goaway')
    assert.deepEqual([goaway.payload.readUInt32BE(0), goaway.payload.readUInt32BE(4)], [1, codes.none])
    client.ask(3)
    wire.send(ok())
    assert.deepEqual(await client.response(1), { status: 200, body: 'ok', reset: undefined })
    await client.wire.ending()
    client.wire.close()
    await closed
    assert.equal((await trial.record()).failure, null)
    assert.equal(trial.records.length, 0)
  })

  test('that the proxy waits for in vain has its requests ended', async (t) => {
    const { origin, trial } = await stage(t)
    const client = await FrameClient.connect(t, { port: trial.port() })
    client.ask(1)
    const { wire } = await origin.receive()
    const closed = trial.proxy.close({ timeout: '5s' })
    await trial.pass(5000)
    await closed
    await wire.ending()
    await client.wire.ending()
    assert.equal((await trial.record()).failure, 'shutdown')
  })

  test('on which nothing is asked for timeout.httpKeepAlive is closed', async (t) => {
    const { origin, trial, counters } = await stage(t, {}, { timeout: { httpKeepAlive: '3s' } })
    origin.answerAll(() => ok())
    const client = await FrameClient.connect(t, { port: trial.port() })
    await client.ask(1).response(1)
    await trial.pass(2999)
    assert.equal(counters.sessions.current, 1)
    await trial.pass(1)
    assert.equal(await client.errorOf(0), codes.none)
    await client.wire.ending()
  })

  test('with httpClose serves what came first and ends', async (t) => {
    const { origin, trial } = await stage(t, {}, { httpClose: true })
    origin.answerAll(() => ok())
    const client = await FrameClient.connect(t, { port: trial.port() })
    client.ask(1)
    assert.equal(await client.errorOf(0), codes.none)
    assert.equal((await client.response(1)).status, 200)
    await client.wire.ending()
  })

  test('counts against maxConnections as any other', async (t) => {
    const { origin, trial, counters } = await stage(t, {}, { maxConnections: 1 })
    origin.answerAll(() => ok())
    const first = await FrameClient.connect(t, { port: trial.port() })
    await first.ask(1).response(1)
    const second = await FrameClient.connect(t, { port: trial.port() })
    second.ask(1)
    await settled()
    assert.equal(counters.sessions.current, 1)
    first.wire.close()
    assert.equal((await second.response(1)).status, 200)
  })
})

describe('a node:http2 server of the application', () => {
  test('serves a frontend until it is detached', async (t) => {
    const { origin } = await stage(t)
    origin.answerAll(() => ok())
    const frontend = new Frontend('web', { defaultBackend: new Backend('app', { servers: { a: origin.address } }) })
    const server = http2.createServer()
    const detach = attach(frontend, server)
    t.after(() => server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = await FrameClient.connect(t, { port: (server.address() as AddressInfo).port })
    assert.equal((await client.ask(1).response(1)).body, 'ok')
    assert.equal(frontend.counters.sessions.current, 1)
    detach()
    assert.equal(await client.errorOf(0), codes.none)
    await client.wire.ending()
    client.wire.close()
    await until(() => frontend.counters.sessions.current === 0, 'the session goes on')
  })
})
