import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type FrontendConfig, OptionError } from '../../src/index.js'
import { largeBody } from '../support/large-body.js'
import { ok, settled, stage } from '../support/trial.js'
import { until } from '../support/within.js'
import { codes, FrameClient, flags, frame, frameTypes, integer, literals, request } from './frame-client.js'

const cancel = Buffer.from([0, 0, 0, codes.cancel])

/** SETTINGS_INITIAL_WINDOW_SIZE of 0. */
const closedWindow = '000400000000'

describe('over HTTP/2, a client', () => {
  test('that resets more requests than maxResets within 10 seconds is cut off, and no server is left with one', async (t) => {
    const { trial, server, counters } = await stage(t, {}, { http2: { maxResets: 20 } })
    const client = await FrameClient.connect(t, { port: trial.port() })
    for (let stream = 1; stream <= 41; stream += 2) {
      client.ask(stream).send(frame(frameTypes.reset, 0, stream, cancel))
      await settled()
    }
    assert.equal(await client.errorOf(0), codes.calm)
    await client.wire.ending()
    await until(() => server.served === 0, 'requests are left')
    assert.equal(counters.requestErrors, 1)
    assert.equal(counters.sessions.current, 0)
  })

  test('that resets as many in a longer time goes on', async (t) => {
    const { trial, origin } = await stage(t, {}, { http2: { maxResets: 20 }, timeout: { httpKeepAlive: '1h' } })
    const client = await FrameClient.connect(t, { port: trial.port() })
    for (let stream = 1; stream <= 41; stream += 2) {
      client.ask(stream).send(frame(frameTypes.reset, 0, stream, cancel))
      await trial.pass(2000)
    }
    origin.answerAll(() => ok())
    assert.equal((await client.ask(101).response(101)).status, 200)
  })

  test('that resets a thousand requests at once harms nobody', async (t) => {
    const { trial, server, counters } = await stage(t)
    const client = await FrameClient.connect(t, { port: trial.port() })
    const storm: Buffer[] = []
    for (let stream = 1; stream < 2000; stream += 2) {
      storm.push(frame(frameTypes.headers, 5, stream, request()), frame(frameTypes.reset, 0, stream, cancel))
    }
    client.send(...storm)
    assert.equal(await client.errorOf(0), codes.calm)
    await until(() => server.served === 0 && counters.sessions.current === 0, 'something is left')
  })

  test('has no more requests under way than maxConcurrentStreams, and hears of it', async (t) => {
    const { trial, server } = await stage(t, {}, { http2: { maxConcurrentStreams: 3 } })
    const client = await FrameClient.connect(t, { port: trial.port() })
    const settings = await client.until('settings')
    assert.ok(settings.payload.toString('hex').includes('000300000003'))
    for (const stream of [1, 3, 5, 7]) client.ask(stream)
    assert.equal(await client.errorOf(7), codes.refused)
    assert.equal(server.served, 3)
  })

  test('that sends CONTINUATION without end is cut off', async (t) => {
    const { trial, counters } = await stage(t)
    const client = await FrameClient.connect(t, { port: trial.port() })
    client.send(frame(frameTypes.headers, flags.endStream, 1, request()))
    for (let i = 0; i < 100; i++) client.send(frame(frameTypes.continuation, 0, 1, literals([[`x-${i}`, '1']])))
    await client.errorOf(0)
    await trial.pass(70_000)
    assert.equal(counters.sessions.current, 0)
    assert.equal(counters.requests, 0)
  })

  test('that never ends its head is cut off in time', async (t) => {
    const { trial, counters } = await stage(t)
    const client = await FrameClient.connect(t, { port: trial.port() })
    client.send(frame(frameTypes.headers, flags.endStream, 1, request()))
    await trial.pass(10_000)
    assert.equal((await client.until('goaway')).payload.readUInt32BE(4), codes.none)
    await trial.pass(2000)
    await client.wire.ending()
    assert.equal(counters.sessions.current, 0)
  })

  for (const [what, frontend, head] of [
    ['a head above maxHeaderBytes', {}, request({}, ['x-a', 'x'.repeat(16_000)], ['x-b', 'x'.repeat(1000)])],
    ['more than maxHeaders fields', {}, request({}, ...fields(101))],
    ['a head above a low limit', { maxHeaderBytes: 1024 }, request({}, ['x-a', 'x'.repeat(1200)])],
  ] as const) {
    test(`with ${what} gets 431`, async (t) => {
      const { trial } = await stage(t, {}, frontend)
      const client = await FrameClient.connect(t, { port: trial.port() })
      sendHead(client, 1, head)
      assert.equal((await client.response(1)).status, 431)
      assert.equal((await trial.record()).failure, 'head-too-large')
    })
  }

  test('with a target above maxTargetBytes gets 414', async (t) => {
    const { trial } = await stage(t)
    const client = await FrameClient.connect(t, { port: trial.port() })
    client.ask(1, request({ ':path': `/${'x'.repeat(8192)}` }))
    assert.equal((await client.response(1)).status, 414)
  })

  test('with a head that HPACK makes large from little has its stream refused', async (t) => {
    const { trial, counters } = await stage(t)
    const client = await FrameClient.connect(t, { port: trial.port() })
    // A field of 4000 bytes, put into the table, and called up from there again and again.
    const large = Buffer.concat([Buffer.from([0x40, 1, 0x78]), integer(3900, 7), Buffer.alloc(3900, 0x61)])
    sendHead(client, 1, Buffer.concat([request(), large, Buffer.alloc(4000, 0x80 | 62)]))
    assert.equal(await client.errorOf(1), codes.calm)
    assert.equal(counters.requests, 0)
  })

  test('that sends PING after PING is cut off', async (t) => {
    const { trial, counters } = await stage(t, {}, { http2: { maxControlFrames: 50 } })
    const client = await FrameClient.connect(t, { port: trial.port() })
    for (let i = 0; i < 60; i++) client.send(frame(frameTypes.ping, 0, 0, '12345678'))
    assert.equal(await client.errorOf(0), codes.calm)
    assert.equal(counters.requestErrors, 1)
  })

  test('that sends SETTINGS after SETTINGS is cut off', async (t) => {
    const { trial } = await stage(t, {}, { http2: { maxControlFrames: 50 } })
    const client = await FrameClient.connect(t, { port: trial.port() })
    for (let i = 0; i < 60; i++) client.send(frame(frameTypes.settings, 0, 0))
    assert.equal(await client.errorOf(0), codes.calm)
  })

  test('that sends empty DATA after empty DATA is cut off', async (t) => {
    const { trial, counters } = await stage(t, {}, { http2: { maxInvalidFrames: 20 } })
    const client = await FrameClient.connect(t, { port: trial.port() })
    client.ask(1, request({ ':method': 'POST' }), false)
    for (let i = 0; i < 200; i++) client.send(frame(frameTypes.data, 0, 1))
    await client.wire.ending()
    await until(() => counters.sessions.current === 0, 'it is connected')
  })

  test('that never opens its window holds no response for longer than timeout client', async (t) => {
    const { origin, trial, server } = await stage(t)
    origin.answerAll(() => ok('x'.repeat(100_000)))
    const client = await FrameClient.connect(t, { port: trial.port() }, closedWindow)
    client.ask(1)
    await client.until('headers', 1)
    await trial.pass(59_000)
    await settled()
    await trial.pass(1000)
    assert.equal(await client.errorOf(1), codes.internal)
    await until(() => server.served === 0, 'the server is held')
  })

  test('that never opens its window takes no more than a little of a large response from the server', async (t) => {
    const { origin, trial } = await stage(t)
    const client = await FrameClient.connect(t, { port: trial.port() }, closedWindow)
    client.ask(1)
    const { wire } = await origin.receive()
    wire.send(`HTTP/1.1 200 OK\r\nContent-Length: ${largeBody.length * 16}\r\n\r\n`)
    for (let i = 0; i < 16; i++) wire.send(largeBody)
    await client.until('headers', 1)
    await settled()
    assert.ok(wire.socket.writableLength > 0, 'all of it has left the server')
  })

  test('that sends more of a body than initialWindowSize before a server takes it breaks the rules', async (t) => {
    const { trial, server } = await stage(t)
    server.maxConnections = 1
    const client = await FrameClient.connect(t, { port: trial.port() })
    client.ask(1).ask(3, request({ ':method': 'POST' }), false)
    const piece = frame(frameTypes.data, 0, 3, Buffer.alloc(16_384))
    // One byte less than 64 KiB: the client has not yet said that it knows of more.
    client.send(piece, piece, piece, frame(frameTypes.data, 0, 3, Buffer.alloc(16_383)))
    await settled()
    assert.equal(trial.records.length, 0)
    client.send(frame(frameTypes.data, 0, 3, 'x'))
    assert.equal(await client.errorOf(3), codes.flowControl)
    assert.equal((await trial.record()).failure, 'client-aborted')
  })
})

/** So many small fields. */
function fields(count: number): [string, string][] {
  return Array.from({ length: count }, (_, index) => [`x-${index}`, '1'])
}

/** Sends a head that need not fit into one frame. */
function sendHead(client: FrameClient, stream: number, head: Buffer): void {
  const frames: Buffer[] = []
  for (let at = 0; at < head.length; at += 16_384) {
    const isLast = at + 16_384 >= head.length
    const type = at === 0 ? frameTypes.headers : frameTypes.continuation
    const flag = (isLast ? flags.endHeaders : 0) | (at === 0 ? flags.endStream : 0)
    frames.push(frame(type, flag, stream, head.subarray(at, at + 16_384)))
  }
  client.send(...frames)
}

describe('the option http2', () => {
  for (const [value, path, expectation] of [
    ['yes', 'http2', /options/],
    [{ maxStreams: 1 }, 'http2.maxStreams', /./],
    [{ maxConcurrentStreams: 0 }, 'http2.maxConcurrentStreams', /1 to 1000/],
    [{ initialWindowSize: '1k' }, 'http2.initialWindowSize', /64k to 16m/],
    [{ maxResets: 0 }, 'http2.maxResets', /1 to 1000/],
    [{ maxControlFrames: 1 }, 'http2.maxControlFrames', /10 to 100000/],
    [{ maxInvalidFrames: 0 }, 'http2.maxInvalidFrames', /1 to 100000/],
    [{ maxSessionMemory: '2g' }, 'http2.maxSessionMemory', /1m to 1g/],
  ] as const) {
    test(`refuses ${JSON.stringify(value)}`, async (t) => {
      const frontend = { http2: value } as unknown as FrontendConfig
      await assert.rejects(stage(t, {}, frontend), (error: unknown) => {
        assert.ok(error instanceof OptionError)
        assert.ok(error.message.includes(path), error.message)
        assert.match(error.message, expectation)
        return true
      })
    })
  }
})
