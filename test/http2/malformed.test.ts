import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ok, stage } from '../support/trial.js'
import { codes, FrameClient, flags, frame, frameTypes, preface, request } from './frame-client.js'

const { protocol, internal, compression } = codes

/** What is wrong, and the block of fields in which it is. */
const malformedHeads: readonly (readonly [what: string, head: Buffer, outcome: { status?: number; reset?: number }])[] =
  [
    ['without :method', request({ ':method': undefined }), { reset: protocol }],
    ['without :scheme', request({ ':scheme': undefined }), { reset: protocol }],
    ['without :path', request({ ':path': undefined }), { reset: protocol }],
    ['with an empty :path', request({ ':path': '' }), { reset: protocol }],
    ['without :authority and Host', request({ ':authority': undefined }), { reset: protocol }],
    ['with :method twice', request({}, [':method', 'GET']), { reset: protocol }],
    ['with :path twice', request({}, [':path', '/']), { reset: protocol }],
    [
      'with a pseudo field after others',
      request({ ':path': undefined }, ['x-a', '1'], [':path', '/']),
      { reset: protocol },
    ],
    ['with an unknown pseudo field', request({ ':odd': '1' }), { reset: protocol }],
    ['with a pseudo field of responses', request({ ':status': '200' }), { reset: protocol }],
    ['with a name in upper case', request({}, ['X-A', '1']), { reset: protocol }],
    ['with Connection', request({}, ['connection', 'close']), { reset: protocol }],
    ['with Keep-Alive', request({}, ['keep-alive', 'timeout=5']), { reset: protocol }],
    ['with Proxy-Connection', request({}, ['proxy-connection', 'close']), { reset: protocol }],
    ['with Transfer-Encoding', request({}, ['transfer-encoding', 'chunked']), { reset: protocol }],
    ['with Upgrade', request({}, ['upgrade', 'websocket']), { reset: protocol }],
    ['with TE other than trailers', request({}, ['te', 'gzip']), { reset: protocol }],
    ['with two lengths', request({}, ['content-length', '0'], ['content-length', '0']), { reset: protocol }],
    ['with a length that is none', request({}, ['content-length', 'x']), { reset: protocol }],
    ['with a length and no body', request({}, ['content-length', '5']), { reset: protocol }],
    ['with a Host that contradicts :authority', request({}, ['host', 'b.test']), { status: 400 }],
    [
      'with two Hosts',
      request({ ':authority': undefined }, ['host', 'a.test'], ['host', 'a.test']),
      { reset: protocol },
    ],
    ['with a fragment in :path', request({ ':path': '/a#b' }), { status: 400 }],
    ['with a byte above ASCII in :path', request({ ':path': '/\xe9' }), { status: 400 }],
    ['with another scheme', request({ ':scheme': 'ftp' }), { status: 400 }],
    ['with CONNECT and :path', request({ ':method': 'CONNECT' }), { reset: protocol }],
  ]

describe('over HTTP/2, a request', () => {
  test('with a user in :authority is refused, and the connection goes on', async (t) => {
    const { origin, trial } = await stage(t)
    const requests = origin.answerAll(() => ok())
    const client = await FrameClient.connect(t, { port: trial.port() })
    const { status, reset } = await client.ask(1, request({ ':authority': 'me@a.test' })).response(1)
    // nghttp2 refuses it itself by now.
    assert.ok(status === 400 || reset === protocol)
    assert.deepEqual(await client.ask(3).response(3), { status: 200, body: 'ok', reset: undefined })
    assert.equal(requests.length, 1)
  })

  for (const [what, head, outcome] of malformedHeads) {
    test(`${what} is refused, and the connection goes on`, async (t) => {
      const { origin, trial } = await stage(t)
      const requests = origin.answerAll(() => ok())
      const client = await FrameClient.connect(t, { port: trial.port() })
      const { status, reset } = await client.ask(1, head).response(1)
      assert.deepEqual({ status, reset }, { status: undefined, reset: undefined, ...outcome })
      assert.deepEqual(await client.ask(3).response(3), { status: 200, body: 'ok', reset: undefined })
      assert.equal(requests.length, 1)
    })
  }

  for (const [what, name, value] of [
    ['a line break', 'x-a', '1\r\nx-b: 2'],
    ['a NUL', 'x-a', '1\0'],
    ['a blank at the end', 'x-a', '1 '],
  ] as const) {
    test(`with ${what} in a field loses it, and it alone`, async (t) => {
      const { origin, trial } = await stage(t)
      const requests = origin.answerAll(() => ok())
      const client = await FrameClient.connect(t, { port: trial.port() })
      await client.ask(1, request({}, [name, value], ['x-c', '3'])).response(1)
      assert.deepEqual(requests[0]?.fields, [
        ['host', 'a.test'],
        ['x-c', '3'],
      ])
    })
  }

  for (const [what, pieces] of [
    ['more than its length', ['hello!']],
    ['less than its length', ['hell']],
  ] as const) {
    test(`with ${what} in its body reaches no server as a whole one`, async (t) => {
      const { origin, trial } = await stage(t)
      const client = await FrameClient.connect(t, { port: trial.port() })
      client.ask(1, request({ ':method': 'POST' }, ['content-length', '5']), false)
      const wire = await origin.accept()
      await wire.through('\r\n\r\n')
      client.send(...pieces.map((piece) => frame(frameTypes.data, flags.endStream, 1, piece)))
      assert.match(String(await client.errorOf(1)), new RegExp(`^(${protocol}|${internal})$`))
      await wire.ending()
      assert.ok(wire.pending.length < 5)
      assert.equal((await trial.record()).failure, 'client-aborted')
    })
  }

  test('with a field among its trailers that must not be there loses it', async (t) => {
    const { origin, trial } = await stage(t)
    const requests = origin.answerAll(() => ok())
    const client = await FrameClient.connect(t, { port: trial.port() })
    client.ask(1, request({ ':method': 'POST' }), false).send(frame(frameTypes.data, 0, 1, 'hi'))
    const trailers = request(
      { ':method': undefined, ':scheme': undefined, ':authority': undefined, ':path': undefined },
      ['x-sum', '2'],
      ['authorization', 'x'],
    )
    await client.ask(1, trailers).response(1)
    assert.equal(requests[0]?.body, 'hi')
    assert.deepEqual(requests[0]?.trailers, [['x-sum', '2']])
  })
})

/** Frames that end a connection, and the code with which it ends. */
const malformedFrames: readonly (readonly [what: string, frames: readonly Buffer[], code: number])[] = [
  ['DATA on no stream', [frame(frameTypes.data, 0, 0, 'x')], protocol],
  ['DATA on a stream that never began', [frame(frameTypes.data, 0, 5, 'x')], protocol],
  ['HEADERS on an even stream', [frame(frameTypes.headers, 5, 2, request())], internal],
  ['fields that HPACK does not know', [frame(frameTypes.headers, 5, 1, Buffer.from([0xff, 0xff, 0x7f]))], compression],
  ['a frame that is too large', [frame(frameTypes.headers, 5, 1, Buffer.alloc(20_000))], 6],
  ['CONTINUATION without a beginning', [frame(frameTypes.continuation, 4, 1, request())], protocol],
  [
    'another frame amid CONTINUATION',
    [frame(frameTypes.headers, 1, 1, request()), frame(frameTypes.ping, 0, 0, '12345678')],
    protocol,
  ],
  ['PING of a wrong length', [frame(frameTypes.ping, 0, 0, '1234')], 6],
  ['SETTINGS of a wrong length', [frame(frameTypes.settings, 0, 0, '12345')], 6],
  ['WINDOW_UPDATE of 0', [frame(frameTypes.windowUpdate, 0, 0, '\0\0\0\0')], internal],
  ['a push from a client', [frame(5, 4, 1, `\0\0\0\x02${request().toString('latin1')}`)], internal],
]

describe('over HTTP/2, a connection', () => {
  for (const [what, frames, code] of malformedFrames) {
    test(`ends by ${what}, and others go on`, async (t) => {
      const { origin, trial, proxy } = await stage(t)
      origin.answerAll(() => ok())
      const client = await FrameClient.connect(t, { port: trial.port() })
      client.send(...frames)
      // Where nghttp2 once told of an error of its own, it tells of the protocol's by now.
      const codes = code === internal ? [internal, protocol] : [code]
      assert.ok(codes.includes(await client.errorOf(0)))
      // Whatever a client does then, it is rid of soon.
      await trial.pass(10_000)
      await client.wire.ending()
      await trial.pass(60_000)
      const other = await FrameClient.connect(t, { port: trial.port() })
      assert.equal((await other.ask(1).response(1)).status, 200)
      assert.equal(proxy.frontend('main').counters.sessions.current, 1)
    })
  }

  test('is known by its preface, wherever that is split', async (t) => {
    const { origin, trial } = await stage(t)
    origin.answerAll(() => ok())
    const hello = preface + frame(frameTypes.settings, 0, 0).toString('latin1')
    for (let at = 1; at < hello.length; at++) {
      const wire = await trial.connect()
      await wire.sendSlowly(hello.slice(0, at), hello.slice(at))
      const settings = Buffer.from(await wire.bytes(9), 'latin1')
      assert.equal(settings[3], frameTypes.settings, `split at ${at}`)
      wire.close()
    }
    assert.equal(trial.proxy.frontend('main').counters.sessions.total, hello.length - 1)
  })

  test('that only begins like the preface is HTTP/1', async (t) => {
    const { trial } = await stage(t)
    for (const text of ['PRI * HTTP/2.0\r\n\r\nSX', 'PRIX / HTTP/1.1\r\n\r\n', `\r\n${preface}`]) {
      const wire = await trial.connect()
      wire.send(text)
      assert.match(await wire.through('\r\n'), /^HTTP\/1\.1 400 /)
    }
  })

  test('is refused where HTTP/2 is not spoken', async (t) => {
    const { trial } = await stage(t, {}, { http2: false })
    const wire = await trial.connect()
    wire.send(preface)
    assert.match(await wire.through('\r\n'), /^HTTP\/1\.1 400 /)
    assert.equal((await trial.record()).failure, 'bad-request')
  })
})
