import assert from 'node:assert/strict'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { MockAgent } from 'undici'
import { Backend, type BackendConfig, Server, type ServerOptions, type ServerTlsOptions } from '../src/index.js'
import { Authority } from './support/authority.js'
import { selfSigned } from './support/certificate.js'
import { Loopback } from './support/loopback.js'
import { skipWithout } from './support/programs.js'
import { get, Trial } from './support/trial.js'
import { until } from './support/within.js'

const own = selfSigned('a.test', 'a.test', '127.0.0.1')
const stranger = selfSigned('other.test')

/** A server that answers requests over TLS with what it knows of each. */
async function secureOrigin(t: TestContext, options: TlsOptions = {}) {
  const server = createHttpsServer({ ...own, ...options }, (request, response) => {
    const socket = request.socket as TLSSocket
    const { servername } = socket as unknown as { servername: string | false }
    const client = socket.getPeerX509Certificate()?.subject ?? ''
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const seen = { name: servername || '', resumed: socket.isSessionReused(), version: socket.getProtocol(), client }
      response.end(JSON.stringify({ ...seen, length: Buffer.concat(chunks).length }))
    })
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { server, port, address: `127.0.0.1:${port}` }
}

/** A proxy before one server of these options. */
async function stage(t: TestContext, address: string, tls: boolean | ServerTlsOptions, backend: BackendConfig = {}) {
  const trial = await Trial.start(t, {
    frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
    backends: { app: { servers: { a: { address, tls } }, ...backend } },
  })
  return { trial, server: trial.proxy.server('app/a') }
}

const seenBy = (body: string) => JSON.parse(body) as { name: string; resumed: boolean; client: string; length: number }

describe('a server that is spoken to over TLS', () => {
  for (const transport of ['http1', 'undici'] as const) {
    test(`gets requests and bodies by ${transport}, on connections that are kept`, async (t) => {
      const origin = await secureOrigin(t)
      const { trial, server } = await stage(t, origin.address, { ca: own.cert }, { transport, httpReuse: 'always' })
      const client = await trial.connect()
      for (const length of [0, 5, 3_000_000]) {
        const { status, body } = await trial.answer(
          `POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length)}`,
        )
        assert.deepEqual([status, seenBy(body).length], [200, length])
      }
      client.close()
      assert.deepEqual([server.counters.connects, server.counters.reuses], [1, 2])
    })

    test(`must have a certificate of a known authority, by ${transport}`, async (t) => {
      const origin = await secureOrigin(t)
      const { trial, server } = await stage(t, origin.address, true, { transport, retries: 0 })
      assert.equal((await trial.answer()).status, 503)
      const { termination, failure, error } = await trial.record()
      assert.deepEqual([termination, failure], ['SC--', 'connect-refused'])
      assert.match(error!, /self-signed certificate/)
      assert.equal(server.counters.connectionErrors, 1)
    })
  }

  test('must have one for the name that is asked for', async (t) => {
    const origin = await secureOrigin(t)
    const answers = async (tls: ServerTlsOptions): Promise<number> => {
      const { trial } = await stage(t, origin.address, { ca: own.cert, ...tls }, { retries: 0 })
      return (await trial.answer()).status
    }
    assert.equal(await answers({}), 200)
    assert.equal(await answers({ sni: 'a.test' }), 200)
    assert.equal(await answers({ sni: 'b.test' }), 503)
    assert.equal(await answers({ sni: 'b.test', verifyHost: 'a.test' }), 200)
    assert.equal(await answers({ verifyHost: 'b.test' }), 503)
  })

  test('may have any with verify: false', async (t) => {
    const origin = await secureOrigin(t, stranger)
    const { trial } = await stage(t, origin.address, { verify: false })
    assert.equal((await trial.answer()).status, 200)
  })

  test('is asked for the name in its address, or the one that is given, never for an IP address', async (t) => {
    const origin = await secureOrigin(t)
    const nameAt = async (host: string, tls: ServerTlsOptions): Promise<string> => {
      const { trial } = await stage(t, `${host}:${origin.port}`, { verify: false, ...tls })
      return seenBy((await trial.answer()).body).name
    }
    assert.equal(await nameAt('127.0.0.1', {}), '')
    assert.equal(await nameAt('localhost', {}), 'localhost')
    assert.equal(await nameAt('127.0.0.1', { sni: 'a.test' }), 'a.test')
  })

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`takes up sessions of ${maxVersion} again, unless told otherwise`, async (t) => {
      const origin = await secureOrigin(t)
      for (const sessionReuse of [true, false]) {
        const tls = { ca: own.cert, maxVersion, sessionReuse }
        const { trial } = await stage(t, origin.address, tls, { poolPurgeDelay: 0 })
        const resumed: boolean[] = []
        for (let turn = 0; turn < 3; turn++) resumed.push(seenBy((await trial.answer()).body).resumed)
        assert.deepEqual(resumed, [false, sessionReuse, sessionReuse])
      }
    })
  }

  test('that loses its sessions is spoken to all the same', async (t) => {
    const origin = await secureOrigin(t)
    const { trial } = await stage(t, origin.address, { ca: own.cert }, { poolPurgeDelay: 0 })
    assert.equal((await trial.answer()).status, 200)
    origin.server.setTicketKeys(Buffer.alloc(48, 7))
    const { status, body } = await trial.answer()
    assert.deepEqual([status, seenBy(body).resumed], [200, false])
  })

  test('gets the versions that are allowed', async (t) => {
    const origin = await secureOrigin(t, { maxVersion: 'TLSv1.2' })
    const { trial } = await stage(t, origin.address, { ca: own.cert, minVersion: 'TLSv1.3' }, { retries: 0 })
    assert.equal((await trial.answer()).status, 503)
  })

  test('that speaks no TLS, or stops in the middle, fails as one that can’t be connected to', async (t) => {
    for (const [what, serve] of [
      ['another protocol', (socket: import('node:net').Socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
      ['an end', (socket: import('node:net').Socket) => socket.end()],
      ['a reset', (socket: import('node:net').Socket) => socket.once('data', () => socket.resetAndDestroy())],
    ] as const) {
      const bad = await Loopback.listen(t, (socket) => void serve(socket))
      const good = await secureOrigin(t)
      const { port } = bad.address as { port: number }
      const tls = { ca: own.cert }
      const servers = { a: { address: `127.0.0.1:${port}`, tls }, b: { address: good.address, tls } }
      const { trial, server } = await stage(t, '', tls, { servers, retries: 1 })
      assert.equal((await trial.answer()).status, 200, what)
      assert.equal(server.counters.redispatches, 1, what)
      assert.deepEqual((await trial.record()).redispatched, true, what)
    }
  })

  test('that does not answer the handshake costs the time to connect', async (t) => {
    const silent = await Loopback.listen(t, () => {})
    const { port } = silent.address as { port: number }
    const limits = { retries: 0, timeout: { connect: 50 } }
    const { trial } = await stage(t, `127.0.0.1:${port}`, { ca: own.cert }, limits)
    assert.equal((await trial.answer()).status, 503)
    const { termination, error } = await trial.record()
    assert.equal(termination, 'sC--')
    assert.match(error!, /no TLS with 127\.0\.0\.1:\d+ within 50 ms/)
  })

  test('carries TCP mode, with the ends of both sides', async (t) => {
    const server = createServer({ ...own, allowHalfOpen: true }, (socket) => socket.pipe(socket))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const trial = await Trial.start(t, {
      frontends: { main: { mode: 'tcp', bind: '127.0.0.1:0', defaultBackend: 'app' } },
      backends: { app: { mode: 'tcp', servers: { a: { address: `127.0.0.1:${port}`, tls: { ca: own.cert } } } } },
    })
    const client = await trial.connect()
    client.end('x'.repeat(1_000_000))
    assert.equal((await client.rest()).length, 1_000_000)
    assert.equal((await trial.record()).termination, '----')
  })

  test('carries upgrades', async (t) => {
    const server = createServer(own, (socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
        socket.pipe(socket)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const { trial } = await stage(t, `127.0.0.1:${(server.address() as AddressInfo).port}`, { ca: own.cert })
    const client = await trial.ask(get('/', 'Connection: Upgrade', 'Upgrade: echo'))
    assert.match(await client.through('\r\n\r\n'), /^HTTP\/1\.1 101 /)
    client.send('hello')
    assert.equal(await client.bytes(5), 'hello')
  })
})

describe('checks over TLS', () => {
  const found = async (t: TestContext, options: ServerOptions) => {
    const trial = await Trial.start(t, {
      frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
      backends: { app: { servers: { a: options } } },
    })
    const server = trial.proxy.server('app/a')
    await trial.clock.advanceAsync(1)
    await until(() => server.lastCheck !== undefined, 'no check ended')
    const { passed, status } = server.lastCheck!
    return `${status} ${passed}`
  }

  test('speak it as exchanges do, at the server’s own address', async (t) => {
    const { address, port } = await secureOrigin(t)
    const tls = { ca: own.cert }
    assert.equal(await found(t, { address, tls, check: true }), 'L6OK true')
    assert.equal(await found(t, { address, tls: true, check: true }), 'L6RSP false')
    assert.equal(await found(t, { address, tls, check: { http: {} } }), 'L7OK true')
    assert.equal(await found(t, { address, tls, check: { http: { version: '1.0' } } }), 'L7OK true')
    assert.equal(await found(t, { address, tls, check: { tls: false } }), 'L4OK true')
    assert.equal(await found(t, { address, tls, check: { port } }), 'L4OK true')
    assert.equal(await found(t, { address, tls, check: { port, tls: true, http: {} } }), 'L7OK true')
  })

  test('that get no answer to their handshake take too long', async (t) => {
    const silent = await Loopback.listen(t, () => {})
    const { port } = silent.address as { port: number }
    const check = { timeout: 20 }
    assert.match(await found(t, { address: `127.0.0.1:${port}`, tls: { ca: own.cert }, check }), /^L[46]TOUT false$/)
  })
})

describe('certificates between proxy and server', { skip: skipWithout('openssl') }, () => {
  test('are shown to servers that ask, and held against lists of revoked ones', async (t) => {
    const authority = await Authority.make(t)
    const [proxy, good, revoked] = [
      await authority.issue('proxy'),
      await authority.issue('good', { names: ['a.test'] }),
      await authority.issue('revoked', { names: ['a.test'] }),
    ]
    const crl = await authority.revoke(revoked)
    const asking = { ca: authority.cert, requestCert: true, rejectUnauthorized: true }
    const origin = await secureOrigin(t, { ...good, ...asking })
    const trust = { ca: authority.cert, crl, sni: 'a.test' }
    const known = await stage(t, origin.address, { ...trust, cert: proxy.cert + proxy.key })
    assert.equal(seenBy((await known.trial.answer()).body).client, 'CN=proxy')
    const unknown = await stage(t, origin.address, trust, { retries: 0 })
    assert.notEqual((await unknown.trial.answer()).status, 200)
    const bad = await secureOrigin(t, revoked)
    const refused = await stage(t, bad.address, trust, { retries: 0 })
    assert.equal((await refused.trial.answer()).status, 503)
    assert.match((await refused.trial.record()).error!, /revoked/)
  })
})

describe('the tls option of a server', () => {
  const bad: readonly (readonly [tls: unknown, path: string])[] = [
    ['yes', 'servers.a.tls'],
    [{ sni: '127.0.0.1' }, 'servers.a.tls.sni'],
    [{ verify: false, ca: own.cert }, 'servers.a.tls.ca'],
    [{ key: own.key }, 'servers.a.tls.key'],
    [{ cert: own.cert }, 'servers.a.tls.key'],
    [{ ca: '/etc/ssl/ca.pem' }, 'servers.a.tls.ca'],
    [{ ca: own.cert.replace(/\n[\w+/=]{20}/, '\nAAAA') }, 'servers.a.tls'],
    [{ cert: own.cert, key: stranger.key }, 'servers.a.tls'],
    [{ nonsense: 1 }, 'servers.a.tls.nonsense'],
  ]
  for (const [tls, path] of bad) {
    test(`refuses ${JSON.stringify(tls).slice(0, 20)} at ${path}`, () => {
      assert.throws(() => new Server('a', { address: 'a:1', tls: tls as boolean }), {
        code: 'ERR_EVENKEEL_OPTION',
        path,
      })
    })
  }

  test('is refused beside a dispatcher, which connects by itself', () => {
    const dispatcher = new MockAgent()
    assert.throws(() => new Backend('app', { dispatcher, servers: [{ name: 'a', address: 'a:1', tls: true }] }), {
      code: 'ERR_EVENKEEL_OPTION',
      path: /servers.*a\.tls/,
    })
  })

  test('is needed by a check that is to speak it', () => {
    const server = () => new Server('a', { address: 'a:1', check: { tls: true } })
    assert.throws(server, { path: 'servers.a.check.tls' })
  })
})
