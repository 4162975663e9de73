import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import tls, { connect as connectTls } from 'node:tls'
import fc from 'fast-check'
import {
  attach,
  Backend,
  type ConnectionRefusal,
  type ExchangeView,
  Frontend,
  type FrontendConfig,
  StickyTable,
  source,
} from '../src/index.js'
import { binaryHeader, textHeader } from '../src/net/proxy-protocol/write-header.js'
import { VirtualClock } from '../src/testing/virtual-clock.js'
import { binary, inetBlock, tlvBytes } from './net/proxy-protocol/headers.js'
import { selfSigned } from './support/certificate.js'
import { readRequest, readResponse } from './support/http-message.js'
import { connect } from './support/raw-client.js'
import { RawOrigin } from './support/raw-origin.js'
import { refuses } from './support/refusals.js'
import { get, ok, settled, stage, Trial, until } from './support/trial.js'
import { within } from './support/within.js'

const ends = { source: { address: '192.0.2.7', port: 56324 }, destination: { address: '198.51.100.1', port: 443 } }
const text = textHeader(ends)
const bind = [{ address: '127.0.0.1:0', acceptProxy: true }] as const

/** A proxy before a server that answers everything, whose connections begin with a header. */
async function answering(t: TestContext, frontend: FrontendConfig = {}) {
  const parts = await stage(t, {}, { bind, ...frontend })
  return { ...parts, requests: parts.origin.answerAll(() => ok()) }
}

describe('a connection with a PROXY protocol header', () => {
  test('is the named client’s for servers, conditions, tables and the log', async (t) => {
    const clock = new VirtualClock()
    const clients = new StickyTable({ type: 'ip', size: 10, store: { httpRequestCount: true }, clock })
    const seen: string[] = []
    const origin = await RawOrigin.listen(t)
    const requests = origin.answerAll(() => ok())
    const when = (exchange: ExchangeView): boolean => {
      seen.push(exchange.source.address)
      return true
    }
    const trial = await Trial.start(t, {
      clock,
      frontends: {
        main: {
          bind,
          defaultBackend: 'app',
          forwardFor: true,
          forwardedHeaders: { port: true },
          track: [{ table: clients, on: source, when }],
        },
      },
      backends: { app: { servers: [origin.address] } },
    })
    for (const header of [text, binaryHeader(ends, {}, true)]) {
      const client = await trial.connect()
      assert.equal((await readResponse(client.send(header, get()))).status, 200)
      client.close()
      const request = requests.at(-1)!
      assert.deepEqual([request.get('x-forwarded-for'), request.get('x-forwarded-port')], ['192.0.2.7', '443'])
      const record = await trial.record()
      assert.deepEqual([record.client, record.clientPort], ['192.0.2.7', 56324])
    }
    assert.deepEqual(new Set(seen), new Set(['192.0.2.7']))
    assert.equal(clients.get('192.0.2.7')?.values.httpRequestCount, 2)
  })

  test('may come with its first request, or be split anywhere', async (t) => {
    const { trial, requests } = await answering(t, { forwardFor: true })
    for (const header of [text, binaryHeader(ends, { authority: 'a.test' }, true)]) {
      const bytes = Buffer.concat([header, Buffer.from(get())])
      for (let at = 0; at < header.length + 4; at++) {
        const client = await trial.connect()
        await client.sendSlowly(bytes.subarray(0, at), bytes.subarray(at))
        assert.equal((await readResponse(client)).status, 200, `split at ${at}`)
        assert.equal(requests.at(-1)!.get('x-forwarded-for'), '192.0.2.7')
        client.close()
      }
    }
  })

  test('keeps its own address where the header names nobody', async (t) => {
    const { trial, requests } = await answering(t, { forwardFor: true })
    const unix = Buffer.alloc(216, 'x')
    for (const header of [
      'PROXY UNKNOWN\r\n',
      binary(0x20, 0),
      binary(0x20, 0x11, inetBlock),
      binary(0x21, 0x31, unix),
    ]) {
      const client = await trial.connect()
      assert.equal((await readResponse(client.send(header, get()))).status, 200)
      client.close()
      assert.equal(requests.at(-1)!.get('x-forwarded-for'), '127.0.0.1')
    }
  })

  test('may be trusted to name a client in X-Forwarded-For, or not, by its header’s address', async (t) => {
    const { trial, requests } = await answering(t, { forwardFor: true, trustedProxies: '127.0.0.1' })
    const client = await trial.connect()
    await readResponse(client.send(text, get('/', 'X-Forwarded-For: 203.0.113.9')))
    assert.equal(requests.at(-1)!.get('x-forwarded-for'), '192.0.2.7')
  })

  test('serves in TCP mode, the bytes after its header first', async (t) => {
    const { trial, origin } = await stage(t, { mode: 'tcp' }, { bind, mode: 'tcp' })
    const client = await trial.connect()
    client.send(Buffer.concat([text, Buffer.from('hello')]))
    const server = await origin.accept()
    assert.equal(await server.bytes(5), 'hello')
    client.end()
    server.end()
    assert.equal((await trial.record()).client, '192.0.2.7')
  })
})

describe('a connection with a PROXY protocol header before TLS', () => {
  const tls = { certificates: selfSigned('a.test') }

  test('is the named client’s, wherever the header is cut from what follows', async (t) => {
    const { trial, requests } = await answering(t, { bind: [{ ...bind[0], tls }], forwardFor: true })
    const hello = async (raw: Socket): Promise<void> => {
      const socket = connectTls({ socket: raw, rejectUnauthorized: false, servername: 'a.test' })
      socket.write(get())
      await within(once(socket, 'data'), () => 'no answer over TLS')
    }
    for (const header of [text, binaryHeader(ends, {}, true)]) {
      const apart = (await trial.connect()).socket.removeAllListeners('data')
      apart.write(header)
      await settled()
      await hello(apart)
      // Header and the client's first record in one piece.
      const together = (await trial.connect()).socket.removeAllListeners('data')
      together.cork()
      together.write(header)
      const answered = hello(together)
      await settled()
      together.uncork()
      await answered
    }
    assert.deepEqual(
      requests.map((request) => request.get('x-forwarded-for')),
      Array.from({ length: 4 }, () => '192.0.2.7'),
    )
  })

  test('is refused where TLS comes first', async (t) => {
    const { trial, counters } = await stage(t, {}, { bind: [{ ...bind[0], tls }] })
    const socket = connectTls({ port: trial.port(), host: '127.0.0.1', rejectUnauthorized: false })
    const [error] = await within(once(socket, 'error'), () => 'no error')
    assert.equal(error.code, 'ECONNRESET')
    assert.deepEqual([counters.proxyHeaderErrors, counters.sessions.total], [1, 0])
  })
})

test('conditions see what a header told beside addresses', async (t) => {
  const { trial, origin } = await stage(
    t,
    {},
    { bind, defaultBackend: 'app', routes: [{ backend: 'app', unless: isOurs }] },
  )
  origin.answerAll(() => ok())
  const seen: (string | undefined)[] = []
  function isOurs({ proxied }: ExchangeView): boolean {
    seen.push(proxied?.authority)
    return proxied?.authority === 'a.test'
  }
  for (const header of [text, binaryHeader(ends, { authority: 'a.test' })]) {
    const client = await trial.connect()
    assert.equal((await readResponse(client.send(header, get()))).status, 200)
  }
  assert.deepEqual(seen, [undefined, 'a.test'])
})

describe('a connection without a good PROXY protocol header', () => {
  const noHeader = 'Received something which does not look like a PROXY protocol header'
  const invalid = 'Received an invalid PROXY protocol header'
  const unhandled = 'Received an unhandled protocol in the PROXY protocol header'
  const refused: Readonly<Record<string, readonly [Buffer | string, string]>> = {
    'another protocol': [get(), noHeader],
    'another version': [binary(0x11, 0x11, inetBlock), noHeader],
    'a missing field': ['PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n', invalid],
    'two blanks': ['PROXY TCP4  192.0.2.7 198.51.100.1 56324 443\r\n', invalid],
    'a line feed alone': ['PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\n', invalid],
    'another protocol word': ['PROXY UDP4 192.0.2.7 198.51.100.1 56324 443\r\n', unhandled],
    'more after UNKNOWN': ['PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n', unhandled],
    'a line that never ends': [`PROXY TCP4 ${'1'.repeat(200)}`, invalid],
    'a bad command': [binary(0x22, 0x11, inetBlock), invalid],
    'no family': [binary(0x21, 0), invalid],
    UDP: [binary(0x21, 0x12, inetBlock), invalid],
    'a short length': [binary(0x21, 0x11, inetBlock.subarray(2)), invalid],
    'a bad checksum': [binary(0x21, 0x11, Buffer.concat([inetBlock, tlvBytes(3, 'abcd')])), invalid],
    'a value that is cut off': [binary(0x21, 0x11, Buffer.concat([inetBlock, Buffer.of(1, 0, 9, 0)])), invalid],
  }

  for (const [what, [bytes, reason]] of Object.entries(refused)) {
    test(`is reset, counted, told of and nothing else: ${what}`, async (t) => {
      const { trial, counters, proxy } = await stage(t, {}, { bind })
      const told: ConnectionRefusal[] = []
      proxy.on('connection:refused', (refusal) => told.push(refusal))
      const client = await trial.connect()
      const { localPort: port } = client.socket
      client.send(bytes)
      assert.equal(await client.ending(), 'reset')
      assert.equal(client.pending, '')
      assert.deepEqual([counters.proxyHeaderErrors, counters.sessions.total, counters.requests], [1, 0, 0])
      assert.equal(trial.proxy.stats().frontends.main!.proxyHeaderErrors, 1)
      assert.deepEqual(told, [{ frontend: proxy.frontend('main'), client: { address: '127.0.0.1', port }, reason }])
      assert.deepEqual(trial.records, [])
    })
  }

  test('is counted where it ends before its header does', async (t) => {
    const { trial, counters, proxy } = await stage(t, {}, { bind })
    const reasons: string[] = []
    proxy.on('connection:refused', ({ reason }) => reasons.push(reason))
    for (const [index, bytes] of ['', 'PROXY TCP4 192.0.2', text.subarray(0, -1)].entries()) {
      const client = await trial.connect()
      client.send(bytes as string).end()
      await client.ending()
      await until(() => counters.proxyHeaderErrors === index + 1, 'it is counted')
    }
    const truncated = 'Truncated PROXY protocol header received'
    assert.deepEqual(reasons, ['Connection closed while waiting for PROXY protocol header', truncated, truncated])
  })

  test('is waited for as long as the time limit for handshakes says', async (t) => {
    const { trial, counters } = await stage(t, {}, { bind, timeout: { clientHandshake: '3s', client: '1m' } })
    const client = await trial.connect()
    client.send(text.subarray(0, 10))
    await trial.pass(2999)
    assert.deepEqual([client.hasEnded, counters.proxyHeaderErrors], [false, 0])
    await trial.pass(1)
    await client.ending()
    assert.equal(counters.proxyHeaderErrors, 1)
  })

  test('takes up its place among the connections that are allowed', async (t) => {
    const { trial, origin } = await stage(t, {}, { bind, maxConnections: 1 })
    origin.answerAll(() => ok())
    const silent = await trial.connect()
    await settled()
    const waiting = await trial.connect()
    waiting.send(text, get())
    await settled()
    assert.equal(waiting.pending, '')
    silent.reset()
    assert.equal((await readResponse(waiting)).status, 200)
  })

  test('brings nothing down, whatever it sends', async (t) => {
    const { trial, counters, origin } = await stage(t, {}, { bind })
    origin.answerAll(() => ok())
    const start = fc.constantFrom(Buffer.alloc(0), Buffer.from('PROXY TCP'), text, binary(0x21, 0x11))
    await fc.assert(
      fc.asyncProperty(start, fc.uint8Array({ maxLength: 200 }), async (first, rest) => {
        const client = await trial.connect()
        client.send(first, Buffer.from(rest)).end()
        await client.ending()
      }),
      { numRuns: 100 },
    )
    await until(() => counters.sessions.current === 0, 'no session is left')
    const client = await trial.connect()
    assert.equal((await readResponse(client.send(text, get()))).status, 200)
  })
})

test('a header is expected from the named networks alone', async (t) => {
  const far = await answering(t, { bind: [{ address: '127.0.0.1:0', acceptProxy: { from: ['10.0.0.0/8'] } }] })
  assert.equal((await far.trial.answer()).status, 200)
  const client = await far.trial.connect()
  assert.equal((await readResponse(client.send(text))).status, 400)
  const near = await answering(t, { bind: [{ address: '127.0.0.1:0', acceptProxy: { from: '127.0.0.0/8' } }] })
  const other = await near.trial.connect()
  assert.equal(await other.send(get()).ending(), 'reset')
})

test('each bind expects headers or not by itself', async (t) => {
  const { proxy, origin } = await stage(t, {}, { bind: [...bind, '127.0.0.1:0'] })
  origin.answerAll(() => ok())
  const [strict, plain] = proxy.addresses().main! as AddressInfo[]
  assert.equal((await readResponse((await connect(t, plain!)).send(get()))).status, 200)
  assert.equal((await readResponse((await connect(t, strict!)).send(text, get()))).status, 200)
})

test('wrong values of acceptProxy are refused', () => {
  const at = (acceptProxy: unknown) => ({ bind: { address: 0, acceptProxy }, servers: [] })
  refuses(at('yes'), 'bind.acceptProxy', 'yes')
  refuses(at({ from: [] }), 'bind.acceptProxy.from')
  refuses(at({ from: ['nowhere'] }), 'bind.acceptProxy.from[0]', 'nowhere')
  refuses(at({ to: '::/0' }), 'bind.acceptProxy.to')
})

describe('a server of the application’s own', () => {
  function web(): Frontend {
    return new Frontend('web', { defaultBackend: new Backend('app', { servers: ['127.0.0.1:1'], retries: 0 }) })
  }

  test('reads headers where it is a node:net server', async (t) => {
    const server = net.createServer()
    const frontend = web()
    const detach = attach(frontend, server, { acceptProxy: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => {
      detach()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    const client = await connect(t, { port })
    assert.equal((await readResponse(client.send(text, get()))).status, 503)
    client.close()
    const other = await connect(t, { port })
    assert.equal(await other.send(get()).ending(), 'reset')
    assert.equal(frontend.counters.proxyHeaderErrors, 1)
  })

  test('can’t where it reads connections itself', () => {
    for (const server of [http.createServer(), https.createServer(), tls.createServer()]) {
      assert.throws(() => attach(web(), server, { acceptProxy: true }), {
        code: 'ERR_EVENKEEL_STATE',
        message: /acceptProxy takes a node:net server/,
      })
    }
    assert.throws(() => attach(web(), net.createServer(), { acceptProxies: true } as object), {
      message: /attach\(options\)\.acceptProxies/,
    })
  })
})

test('a client’s request is read whole after a header in one piece with it', async (t) => {
  const { trial, origin } = await stage(t, {}, { bind })
  const client = await trial.connect()
  const body = 'x'.repeat(300_000)
  client.send(
    Buffer.concat([text, Buffer.from(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`)]),
  )
  client.send(body)
  const server = await origin.accept()
  assert.equal((await readRequest(server)).body.length, body.length)
  server.send(ok())
  assert.equal((await readResponse(client)).status, 200)
})
