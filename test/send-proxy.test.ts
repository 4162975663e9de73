import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { BackendConfig, FrontendConfig, SendProxyOption, ServerOptions } from '../src/index.js'
import { binaryHeader, textHeader } from '../src/net/proxy-protocol/write-header.js'
import { readRequest, readResponse } from './support/http-message.js'
import { socketPath } from './support/loopback.js'
import { connect } from './support/raw-client.js'
import { RawOrigin } from './support/raw-origin.js'
import { refuses } from './support/refusals.js'
import { get, ok, Trial } from './support/trial.js'
import type { Wire } from './support/wire.js'

/** A proxy before a server that is told of clients. */
async function telling(
  t: TestContext,
  sendProxy: SendProxyOption,
  frontend: FrontendConfig = {},
  server: object = {},
  backend: BackendConfig = {},
) {
  const origin = await RawOrigin.listen(t)
  const trial = await Trial.start(t, {
    frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app', ...frontend } },
    backends: {
      app: {
        mode: frontend.mode ?? 'http',
        servers: { a: { address: origin.address, sendProxy, ...server } as ServerOptions },
        ...backend,
      },
    },
  })
  return { origin, trial }
}

/** The ends of a client's connection, as the proxy sees them. */
function endsOf({ socket }: Wire) {
  const { localAddress, localPort, remoteAddress, remotePort } = socket
  return {
    source: { address: localAddress!, port: localPort! },
    destination: { address: remoteAddress!, port: remotePort! },
  }
}

async function takeHeader(server: Wire, expected: Buffer): Promise<void> {
  assert.equal(await server.bytes(expected.length), expected.toString('latin1'))
}

for (const version of [1, 2] as const) {
  describe(`a server that gets headers of version ${version}`, () => {
    const sendProxy = `v${version}` as const
    const header = (client: Wire): Buffer => (version === 1 ? textHeader : binaryHeader)(endsOf(client))

    test('gets one in front of each connection, and none between requests', async (t) => {
      const { origin, trial } = await telling(t, sendProxy)
      const client = await trial.connect()
      client.send(get('/1'))
      const server = await origin.accept()
      await takeHeader(server, header(client))
      for (const target of ['/1', '/2', '/3']) {
        assert.equal((await readRequest(server)).startLine, `GET ${target} HTTP/1.1`)
        server.send(ok())
        await readResponse(client)
        if (target !== '/3') client.send(get(`/${Number(target[1]) + 1}`))
      }
    })

    test('gets it in one piece with the head of the request', async (t) => {
      const { origin, trial } = await telling(t, sendProxy)
      const client = await trial.connect()
      client.send(get())
      const server = await origin.accept()
      while (server.pending === '') await server.news()
      assert.ok(server.pending.startsWith(header(client).toString('latin1')), server.pending)
      assert.match(server.pending, /GET \/ HTTP\/1.1\r\n.*\r\n\r\n$/s)
    })

    test('gets none of another client’s requests on the same connection', async (t) => {
      const { origin, trial } = await telling(t, sendProxy)
      for (let i = 0; i < 3; i++) {
        const client = await trial.connect()
        client.send(get())
        const server = await origin.accept()
        await takeHeader(server, header(client))
        await readRequest(server)
        server.send(ok())
        await readResponse(client)
        client.close()
        // It was that client's alone.
        await server.ending()
      }
    })

    test('gets it in TCP mode, whoever speaks first', async (t) => {
      const { origin, trial } = await telling(t, sendProxy, { mode: 'tcp' })
      const client = await trial.connect()
      const server = await origin.accept()
      await takeHeader(server, header(client))
      server.send('220 ready\r\n')
      assert.equal(await client.through('\r\n'), '220 ready\r\n')
      client.send('quit')
      assert.equal(await server.bytes(4), 'quit')
    })

    test('gets a fresh one with a retry', async (t) => {
      const { origin, trial } = await telling(t, sendProxy, {}, {}, { retryOn: 'empty-response' })
      const client = await trial.connect()
      client.send(get())
      const first = await origin.accept()
      await takeHeader(first, header(client))
      await readRequest(first)
      first.reset()
      await trial.pass(1000)
      const second = await origin.accept()
      await takeHeader(second, header(client))
      assert.equal((await readRequest(second)).startLine, 'GET / HTTP/1.1')
      second.send(ok())
      assert.equal((await readResponse(client)).status, 200)
    })

    test('gets it before an upgrade', async (t) => {
      const { origin, trial } = await telling(t, sendProxy)
      const client = await trial.connect()
      client.send(get('/', 'Connection: Upgrade', 'Upgrade: x'))
      const server = await origin.accept()
      await takeHeader(server, header(client))
      await readRequest(server)
      server.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello')
      await client.through('\r\n\r\n')
      assert.equal(await client.bytes(5), 'hello')
    })
  })
}

test('a server hears of the client whom the header in front of the proxy named', async (t) => {
  const received = { source: { address: '2001:db8::7', port: 1 }, destination: { address: '2001:db8::1', port: 443 } }
  const id = Buffer.from('first-id')
  const { origin, trial } = await telling(
    t,
    { authority: true, uniqueId: 'received', checksum: true, ssl: true },
    { bind: [{ address: '127.0.0.1:0', acceptProxy: true }] },
  )
  const client = await trial.connect()
  client.send(binaryHeader(received, { authority: 'a.test', uniqueId: id, alpn: 'h2' }), get())
  const server = await origin.accept()
  const tls = { isUsed: false, hasCertificate: false, hasSessionCertificate: false, isVerified: true }
  await takeHeader(server, binaryHeader(received, { authority: 'a.test', uniqueId: id, tls }, true))
})

test('a client at a Unix socket has no address that could be told', async (t) => {
  assert.equal(await unixClient(t, 'v1'), 'PROXY UNKNOWN\r\n')
  assert.equal(await unixClient(t, 'v2'), binaryHeader(undefined).toString('latin1'))
})

async function unixClient(t: TestContext, sendProxy: 'v1' | 'v2'): Promise<string> {
  const path = await socketPath(t)
  const { origin } = await telling(t, sendProxy, { bind: `unix:${path}` })
  const client = await connect(t, { path })
  client.send(get())
  const server = await origin.accept()
  return sendProxy === 'v1' ? server.through('\r\n') : server.bytes(16)
}

describe('what identifies a connection', () => {
  test('is what the application says, once for each connection', async (t) => {
    let count = 0
    const { origin, trial } = await telling(t, { uniqueId: ({ address }) => `${address}#${++count}` })
    const client = await trial.connect()
    client.send(get())
    const server = await origin.accept()
    await takeHeader(server, binaryHeader(endsOf(client), { uniqueId: Buffer.from('127.0.0.1#1') }))
    await readRequest(server)
    server.send(ok())
    await readResponse(client)
    client.send(get())
    await readRequest(server)
    assert.equal(count, 1)
  })

  test('is left out where the application’s function fails, which is a fault', async (t) => {
    for (const bad of [
      () => {
        throw new Error('no id')
      },
      () => 'x'.repeat(129),
      () => 7 as never,
    ]) {
      const { origin, trial } = await telling(t, { uniqueId: bad })
      const client = await trial.connect()
      client.send(get())
      const server = await origin.accept()
      await takeHeader(server, binaryHeader(endsOf(client)))
      await readRequest(server)
      assert.match(trial.faults[0]!.where, /uniqueId of backends.app.servers.a/)
    }
  })
})

describe('a check of a server that gets headers', () => {
  async function checked(t: TestContext, sendProxy: SendProxyOption | undefined, check: object): Promise<Wire> {
    const options = sendProxy === undefined ? {} : { sendProxy }
    const { origin, trial } = await telling(t, 'v1', {}, { sendProxy: undefined, ...options, check })
    await trial.pass(1)
    return origin.accept()
  }

  test('says that it is the proxy’s own', async (t) => {
    const server = await checked(t, 'v2', {})
    assert.equal(await server.rest(), binaryHeader(undefined).toString('latin1'))
    const checksummed = await checked(t, { checksum: true, authority: true }, {})
    assert.equal(await checksummed.rest(), binaryHeader(undefined, {}, true).toString('latin1'))
  })

  test('names its own ends in version 1, which knows no other way', async (t) => {
    const server = await checked(t, 'v1', {})
    const { remoteAddress, remotePort, localAddress, localPort } = server.socket
    const own = {
      source: { address: remoteAddress!, port: remotePort! },
      destination: { address: localAddress!, port: localPort! },
    }
    assert.equal(await server.rest(), textHeader(own).toString())
  })

  test('sends it before its request', async (t) => {
    for (const version of ['1.0', '1.1']) {
      const server = await checked(t, 'v2', { http: { path: '/health', version } })
      await takeHeader(server, binaryHeader(undefined))
      assert.equal((await readRequest(server)).startLine, `GET /health HTTP/${version}`)
    }
  })

  test('sends it elsewhere, or not here, where its options say so', async (t) => {
    const http = { path: '/' }
    const silent = await checked(t, 'v2', { http, sendProxy: false })
    assert.match((await readRequest(silent)).startLine, /^GET/)
    const asked = await checked(t, undefined, { http, sendProxy: true })
    assert.match(await asked.through('\r\n'), /^PROXY TCP4 127.0.0.1 127.0.0.1 /)
  })

  test('sends none to another port, as in HAProxy, unless its options say so', async (t) => {
    const other = await RawOrigin.listen(t)
    const port = Number(other.address.split(':')[1])
    for (const sendProxy of [undefined, true]) {
      const { trial } = await telling(t, 'v2', {}, { check: { port, http: { path: '/' }, sendProxy } })
      await trial.pass(1)
      const server = await other.accept()
      if (sendProxy) await takeHeader(server, binaryHeader(undefined))
      assert.match((await readRequest(server)).startLine, /^GET/)
    }
  })
})

test('wrong values of sendProxy are refused', () => {
  const at = (sendProxy: unknown, backend: object = {}) => ({
    frontends: {},
    backends: { app: { servers: { a: { address: 'a:1', sendProxy } }, ...backend } },
  })
  const path = 'backends.app.servers.a.sendProxy'
  refuses(at('v3'), path, 'v3')
  refuses(at(true), path, true)
  refuses(at({ version: 3 }), `${path}.version`, 3)
  refuses(at({ version: 1, ssl: true }), path)
  refuses(at({ version: 1, uniqueId: 'received' }), path)
  refuses(at({ uniqueId: 'mine' }), `${path}.uniqueId`, 'mine')
  refuses(at({ nonsense: true }), `${path}.nonsense`)
  for (const transport of ['undici', 'http2']) refuses(at('v1', { transport }), path)
})
