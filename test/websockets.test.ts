import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { type RawData, WebSocket, WebSocketServer, type ServerOptions as WebSocketServerOptions } from 'ws'
import { createProxy, type ExchangeRecord } from '../src/index.js'
import { selfSigned } from './support/certificate.js'
import {
  attachedHttp,
  attachedHttps,
  attachedNet,
  attachedTls,
  ownBind,
  ownUnixBind,
  type ProxyOptions,
  type Setup,
  throughUndici,
} from './support/setups.js'
import { until, within } from './support/within.js'

/** A WebSocket server that sends back what it gets. */
async function echoServer(t: TestContext, options: WebSocketServerOptions = {}) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options })
  await once(server, 'listening')
  t.after(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    socket.on('error', () => {})
  })
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** A proxy of that setup before one WebSocket server, and what connects clients to it. */
async function scene(t: TestContext, setup: Setup, options: ProxyOptions = {}, serverOptions?: WebSocketServerOptions) {
  const { server, address } = await echoServer(t, serverOptions)
  const records: ExchangeRecord[] = []
  const proxy = await setup.start(
    t,
    { s1: address },
    { ...options, frontend: { log: (record) => records.push(record), ...options.frontend } },
  )
  const make = (protocols: string[] = [], compresses = false): WebSocket => {
    const at =
      proxy.path === undefined ? `${setup.secure ? 'wss' : 'ws'}://127.0.0.1:${proxy.port}` : `ws+unix:${proxy.path}:`
    const socket = new WebSocket(`${at}/chat`, protocols, { rejectUnauthorized: false, perMessageDeflate: compresses })
    t.after(() => socket.terminate())
    socket.on('error', () => {})
    return socket
  }
  const open = async (...args: Parameters<typeof make>): Promise<WebSocket> => {
    const socket = make(...args)
    await within(once(socket, 'open'), () => 'the upgrade came to nothing')
    return socket
  }
  return { ...proxy, server, records, make, open }
}

/** Sends a message, and gives what comes back. */
async function echo(socket: WebSocket, data: string | Buffer): Promise<{ data: Buffer; isBinary: boolean }> {
  const answer = once(socket, 'message') as Promise<[RawData, boolean]>
  socket.send(data)
  const [back, isBinary] = await within(answer, () => 'no message came back')
  return { data: back as Buffer, isBinary }
}

/** A bind of its own that speaks TLS. */
const ownTlsBind: Setup = {
  name: 'a bind of its own with TLS',
  secure: true,
  async start(t, servers, { frontend, backend }) {
    const bind = { address: '127.0.0.1:0', tls: { certificates: selfSigned('localhost') } }
    const proxy = createProxy({
      frontends: { web: { bind, defaultBackend: 'app', ...frontend } },
      backends: { app: { servers, ...backend } },
    })
    await proxy.listen()
    t.after(() => proxy.close({ timeout: 1 }))
    const { port } = proxy.addresses().web![0] as AddressInfo
    return { port, frontend: proxy.frontend('web'), backend: proxy.backend('app') }
  },
}

const setups = [
  ownBind,
  ownTlsBind,
  ownUnixBind,
  throughUndici({ ...ownBind, name: 'a bind of its own, through undici' }),
  attachedNet,
  attachedTls,
  attachedHttp,
  throughUndici({ ...attachedHttps, name: 'attached to a node:https server, through undici' }),
]

for (const setup of setups) {
  describe(`WebSockets, ${setup.name}`, () => {
    test('carry text, bytes, nothing at all, and large messages', async (t) => {
      const { open } = await scene(t, setup)
      const socket = await open()
      const text = await echo(socket, 'grüße')
      assert.deepEqual([text.data.toString(), text.isBinary], ['grüße', false])
      for (const size of [0, 1, 125, 126, 65_535, 65_536, 3_000_000]) {
        const bytes = Buffer.alloc(size, 'abc')
        const { data, isBinary } = await echo(socket, bytes)
        assert.ok(isBinary && data.equals(bytes), `${size} bytes`)
      }
    })

    test('carry messages in fragments, with control frames between them', async (t) => {
      const { open } = await scene(t, setup)
      const socket = await open()
      const answer = once(socket, 'message')
      const pong = once(socket, 'pong')
      socket.send('one ', { fin: false })
      socket.ping('now')
      socket.send('two ', { fin: false })
      socket.send('three', { fin: true })
      assert.equal(String((await within(answer, () => 'no message'))[0]), 'one two three')
      assert.equal(String((await within(pong, () => 'no pong'))[0]), 'now')
    })

    test('agree on compression, subprotocol and their ends’ own fields', async (t) => {
      const { open } = await scene(t, setup, {}, { perMessageDeflate: { threshold: 0 } })
      const socket = await open(['chat', 'superchat'], true)
      assert.deepEqual([socket.protocol, socket.extensions], ['chat', 'permessage-deflate'])
      const text = 'again and '.repeat(10_000)
      assert.equal((await echo(socket, text)).data.toString(), text)
    })

    test('close with the code and the reason that either side gave', async (t) => {
      const { open, server, records, backend } = await scene(t, setup)
      const first = await open()
      const [peer] = [...server.clients]
      const heard = once(peer!, 'close')
      first.close(4001, 'had enough')
      assert.deepEqual((await heard).map(String), ['4001', 'had enough'])
      const second = await open()
      const told = once(second, 'close')
      for (const client of server.clients) client.close(1012, 'restarting')
      assert.deepEqual((await told).map(String), ['1012', 'restarting'])
      await until(() => records.length === 2, 'both exchanges ended')
      assert.deepEqual(
        records.map(({ status, termination }) => [status, termination]),
        [
          [101, '----'],
          [101, '----'],
        ],
      )
      assert.equal(backend.server('s1').served, 0)
    })

    test('are exchanges of their server as long as they stand', async (t) => {
      const { open, backend, frontend } = await scene(t, setup)
      const sockets = [await open(), await open(), await open()]
      assert.deepEqual([backend.server('s1').served, frontend.counters.sessions.current], [3, 3])
      for (const socket of sockets) socket.terminate()
      await until(() => backend.server('s1').served === 0, 'the slots are free')
      await until(() => frontend.counters.sessions.current === 0, 'the sessions are closed')
    })

    test('that say nothing for too long are broken off', async (t) => {
      const { open, records } = await scene(t, setup, { backend: { timeout: { tunnel: '100ms' } } })
      const socket = await open()
      const [code] = await within(once(socket, 'close'), () => 'it stands')
      assert.equal(code, 1006)
      await until(() => records.length === 1, 'the exchange ended')
      assert.equal(records[0]!.termination, 'cD--')
    })

    test('get the server’s own answer where it refuses them', async (t) => {
      const refuse: RequestListener = (request, response) => {
        const status = Number(request.url!.slice(1))
        response.writeHead(status, { 'X-Why': 'because' }).end(`no: ${status}`)
      }
      // node:http takes an upgrade that nobody listens to for a plain request.
      const origin = createServer(refuse).listen(0, '127.0.0.1')
      await once(origin, 'listening')
      t.after(() => origin.close())
      const { port, path } = await setup.start(t, { s1: `127.0.0.1:${(origin.address() as AddressInfo).port}` }, {})
      const at = path === undefined ? `${setup.secure ? 'wss' : 'ws'}://127.0.0.1:${port}` : `ws+unix:${path}:`
      for (const status of [200, 302, 400, 401, 403, 426, 500, 503]) {
        const socket = new WebSocket(`${at}/${status}`, { rejectUnauthorized: false })
        socket.on('error', () => {})
        const [, response] = await within(once(socket, 'unexpected-response'), () => `no answer of ${status}`)
        const body: Buffer[] = await response.toArray()
        assert.deepEqual(
          [response.statusCode, response.headers['x-why'], Buffer.concat(body).toString()],
          [status, 'because', `no: ${status}`],
        )
      }
    })
  })
}
