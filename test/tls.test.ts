import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { createProxy, type FrontendConfig, TlsContext, type TlsOptions, tls } from '../src/index.js'
import { seededRandom } from '../src/util/random.js'
import { selfSigned } from './support/certificate.js'
import { Loopback, socketPath } from './support/loopback.js'
import { RawOrigin } from './support/raw-origin.js'
import { refusal, TlsVisitor } from './support/tls-handshake.js'
import { get, ok, Trial } from './support/trial.js'
import { until } from './support/within.js'

const own = selfSigned('a.test', 'a.test', '*.wild.test')
const other = selfSigned('b.test', 'b.test', 'deep.wild.test')

/** A proxy that speaks TLS before a server that answers with the request's first line. */
async function tlsStage(
  t: TestContext,
  options: Partial<TlsOptions> | TlsContext = {},
  frontend: FrontendConfig = {},
  address: number | string = '127.0.0.1:0',
) {
  const origin = await RawOrigin.listen(t)
  const requests = origin.answerAll(({ startLine }) => ok(startLine))
  const context = options instanceof TlsContext ? options : { certificates: [own, other], ...options }
  const trial = await Trial.start(t, {
    frontends: { main: { bind: { address, tls: context }, defaultBackend: 'app', ...frontend } },
    backends: { app: { servers: { a: origin.address } } },
  })
  const { counters } = trial.proxy.frontend('main')
  return { trial, counters, requests, origin }
}

const versions = ['TLSv1.2', 'TLSv1.3'] as const

/** The alert as OpenSSL before 3.2 and after calls it. */
const handshakeFailure = /^ERR_SSL_SSL(V3|\/TLS)_ALERT_HANDSHAKE_FAILURE$/

describe('a bind that speaks TLS', () => {
  for (const version of versions) {
    test(`carries requests over ${version}, and tells servers and rules so`, async (t) => {
      const { trial, requests } = await tlsStage(t, {}, { forwardedHeaders: { proto: true } })
      const visitor = await TlsVisitor.connect(t, trial.port(), { maxVersion: version })
      assert.equal(visitor.socket.getProtocol(), version)
      assert.equal((await visitor.ask(get('/one'))).body, 'GET /one HTTP/1.1')
      assert.equal((await visitor.ask(get('/two'))).body, 'GET /two HTTP/1.1')
      assert.deepEqual(requests[0]!.all('x-forwarded-proto'), ['https'])
    })
  }

  test('chooses its certificate by the name that the client asks for', async (t) => {
    const { trial } = await tlsStage(t)
    const expected: Readonly<Record<string, string>> = {
      'a.test': 'a.test',
      'b.test': 'b.test',
      'B.TEST': 'b.test',
      'x.wild.test': 'a.test',
      // An exact name goes before a wildcard, wherever its certificate stands.
      'deep.wild.test': 'b.test',
      // One label, no more and no less: the first certificate is for everybody else.
      'x.b.test': 'a.test',
      'wild.test': 'a.test',
      'unknown.test': 'a.test',
    }
    for (const [servername, certificate] of Object.entries(expected)) {
      const visitor = await TlsVisitor.connect(t, trial.port(), { servername })
      assert.equal(visitor.certificate, certificate, servername)
    }
    assert.equal((await TlsVisitor.connect(t, trial.port())).certificate, 'a.test')
  })

  test('takes names for a certificate in the place of those that it bears', async (t) => {
    const { trial } = await tlsStage(t, { certificates: [own, { ...other, names: ['*.else.test'] }] })
    const named = async (servername: string) => (await TlsVisitor.connect(t, trial.port(), { servername })).certificate
    assert.deepEqual([await named('x.else.test'), await named('b.test')], ['b.test', 'a.test'])
  })

  test('takes certificate and key from one text, and as bytes', async (t) => {
    const { trial } = await tlsStage(t, { certificates: Buffer.from(own.key + own.cert) })
    assert.equal((await TlsVisitor.connect(t, trial.port())).certificate, 'a.test')
  })

  for (const maxVersion of versions) {
    test(`strictSni refuses by an alert of ${maxVersion} who asks for no name, or for none of its own`, async (t) => {
      const { trial, counters } = await tlsStage(t, { strictSni: true })
      assert.match(await refusal(t, trial.port(), { maxVersion }), handshakeFailure)
      assert.match(await refusal(t, trial.port(), { maxVersion, servername: 'c.test' }), handshakeFailure)
      assert.equal(
        (await TlsVisitor.connect(t, trial.port(), { maxVersion, servername: 'b.test' })).certificate,
        'b.test',
      )
      assert.equal(counters.failedHandshakes, 2)
    })
  }

  test('speaks TLS 1.2 and 1.3, and other versions if it is told to', async (t) => {
    const old: ConnectionOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }
    const usual = await tlsStage(t)
    assert.equal(await refusal(t, usual.trial.port(), old), 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
    const newest = await tlsStage(t, { minVersion: 'TLSv1.3' })
    const alert = await refusal(t, newest.trial.port(), { maxVersion: 'TLSv1.2' })
    assert.equal(alert, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
    const oldest = await tlsStage(t, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.2', ciphers: 'DEFAULT@SECLEVEL=0' })
    const visitor = await TlsVisitor.connect(t, oldest.trial.port(), old)
    assert.equal(visitor.socket.getProtocol(), 'TLSv1.1')
    assert.equal((await TlsVisitor.connect(t, oldest.trial.port())).socket.getProtocol(), 'TLSv1.2')
  })

  test('takes the ciphers that it is given, in its own order', async (t) => {
    const ciphers = 'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256'
    const { trial } = await tlsStage(t, { maxVersion: 'TLSv1.2', ciphers })
    const both = 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384'
    const visitor = await TlsVisitor.connect(t, trial.port(), { ciphers: both })
    assert.equal(visitor.socket.getCipher().name, 'ECDHE-ECDSA-AES256-GCM-SHA384')
    const alert = await refusal(t, trial.port(), { ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305' })
    assert.match(alert, handshakeFailure)
  })

  test('agrees on http/1.1 by ALPN, and refuses who can’t speak it', async (t) => {
    const { trial, counters } = await tlsStage(t)
    const visitor = await TlsVisitor.connect(t, trial.port(), { ALPNProtocols: ['other', 'http/1.1'] })
    assert.equal(visitor.socket.alpnProtocol, 'http/1.1')
    assert.equal((await visitor.ask(get('/'))).status, 200)
    assert.equal((await TlsVisitor.connect(t, trial.port())).socket.alpnProtocol, false)
    const alert = await refusal(t, trial.port(), { ALPNProtocols: ['other'] })
    assert.equal(alert, 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL')
    assert.equal(counters.failedHandshakes, 1)
  })

  test('carries any protocol in TCP mode, and its end', async (t) => {
    const server = await Loopback.listen(t, (socket) => socket.pipe(socket))
    const bind = { address: '127.0.0.1:0', tls: { certificates: own, alpn: ['smtp'] } }
    const { host, port } = server.address as { host: string; port: number }
    const trial = await Trial.start(t, {
      frontends: { main: { mode: 'tcp', bind, defaultBackend: 'app' } },
      backends: { app: { mode: 'tcp', servers: { a: `${host}:${port}` } } },
    })
    const visitor = await TlsVisitor.connect(t, trial.port(), { ALPNProtocols: ['smtp'] })
    assert.equal(visitor.socket.alpnProtocol, 'smtp')
    visitor.wire.end('x'.repeat(1_000_000))
    assert.equal((await visitor.wire.bytes(1_000_000)).length, 1_000_000)
    assert.equal((await trial.record()).termination, '----')
  })

  test('listens at a Unix socket too', async (t) => {
    const path = await socketPath(t)
    await tlsStage(t, {}, {}, `unix:${path}`)
    const visitor = await TlsVisitor.connect(t, 0, { path, port: undefined } as ConnectionOptions)
    assert.equal((await visitor.ask(get('/'))).status, 200)
  })

  test('carries large bodies both ways at the pace of who reads', async (t) => {
    const { trial, origin } = await tlsStage(t)
    const body = Buffer.alloc(8_000_000, 'abcdefgh').toString()
    origin.answerAll((request) => ok(request.body))
    const visitor = await TlsVisitor.connect(t, trial.port())
    const response = await visitor.ask(
      `POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    assert.equal(response.body === body, true)
  })

  test('staples what an authority says of a certificate', async (t) => {
    const said = Buffer.from('the proxy does not look into it')
    const { trial } = await tlsStage(t, { certificates: [own, { ...other, ocspResponse: said }] })
    const stapled = async (servername: string): Promise<Buffer | null> => {
      const asking = { host: '127.0.0.1', port: trial.port(), servername, requestOCSP: true, rejectUnauthorized: false }
      const socket = connectTls(asking)
      t.after(() => socket.destroy())
      const [response] = (await once(socket, 'OCSPResponse')) as [Buffer | null]
      return response
    }
    assert.equal(await stapled('a.test'), null)
    assert.deepEqual(await stapled('b.test'), said)
  })
})

describe('a TLS session', () => {
  for (const maxVersion of versions) {
    const resumes = async (t: TestContext, port: number, session: Buffer): Promise<boolean> => {
      const visitor = await TlsVisitor.connect(t, port, { maxVersion, session, servername: 'a.test' })
      assert.equal((await visitor.ask(get('/'))).status, 200)
      return visitor.socket.isSessionReused()
    }
    const sessionAt = async (t: TestContext, port: number): Promise<Buffer> =>
      (await TlsVisitor.connect(t, port, { maxVersion, servername: 'a.test' })).session(get('/'))

    test(`of ${maxVersion} is taken up again, unless tickets are off`, async (t) => {
      const { trial } = await tlsStage(t)
      assert.equal(await resumes(t, trial.port(), await sessionAt(t, trial.port())), true)
      const off = await tlsStage(t, { sessionTickets: false })
      assert.equal(await resumes(t, off.trial.port(), await sessionAt(t, off.trial.port())), false)
    })

    test(`of ${maxVersion} outlives new certificates, and no other change`, async (t) => {
      const context = new TlsContext({ certificates: own })
      const { trial } = await tlsStage(t, context)
      const session = await sessionAt(t, trial.port())
      context.update({ certificates: other })
      assert.equal(await resumes(t, trial.port(), session), true)
      context.update({ strictSni: false })
      assert.equal(await resumes(t, trial.port(), session), false)
    })
  }
})

describe('a change of a TlsContext', () => {
  test('holds for handshakes to come, and leaves open connections alone', async (t) => {
    const context = new TlsContext({ certificates: own })
    const { trial } = await tlsStage(t, context)
    const before = await TlsVisitor.connect(t, trial.port())
    context.update({ certificates: [other] })
    const after = await TlsVisitor.connect(t, trial.port())
    assert.deepEqual([before.certificate, after.certificate], ['a.test', 'b.test'])
    for (const visitor of [before, after]) assert.equal((await visitor.ask(get('/'))).status, 200)
  })

  test('comes to nothing when an option is bad', async (t) => {
    const context = new TlsContext({ certificates: own })
    const { trial } = await tlsStage(t, context)
    assert.throws(() => context.update({ certificates: { cert: other.cert, key: own.key } }), {
      code: 'ERR_EVENKEEL_OPTION',
      path: 'tls.certificates',
    })
    assert.throws(() => context.update({ minVersion: 'TLSv9' as 'TLSv1' }), { path: 'tls.minVersion' })
    assert.equal((await TlsVisitor.connect(t, trial.port(), { maxVersion: 'TLSv1.2' })).certificate, 'a.test')
  })

  test('holds at every bind that has it', async (t) => {
    const context = new TlsContext({ certificates: own })
    const binds = [1, 2].map(() => ({ address: '127.0.0.1:0', tls: context }))
    const proxy = createProxy({ frontends: { main: { bind: binds } } })
    await proxy.listen()
    t.after(() => proxy.close({ timeout: 1 }))
    for (const certificates of [own, other]) {
      context.update({ certificates })
      for (const bound of proxy.addresses().main!) {
        const visitor = await TlsVisitor.connect(t, (bound as { port: number }).port)
        assert.equal(visitor.socket.getPeerX509Certificate()!.toString(), certificates.cert)
      }
    }
  })
})

/** The bytes of a real ClientHello. */
async function clientHello(t: TestContext): Promise<Buffer> {
  const server = await Loopback.listen(t, () => {})
  const client = connectTls({ ...(server.address as { port: number }), servername: 'a.test' }).on('error', () => {})
  const [hello] = (await once(await server.accepted(0), 'data')) as [Buffer]
  client.destroy()
  return hello
}

describe('a handshake that fails', () => {
  /** Sends bytes, waits until the proxy has taken them in, and ends as told. */
  async function send(
    t: TestContext,
    port: number,
    bytes: Uint8Array,
    ending: 'end' | 'reset' | 'wait',
  ): Promise<Socket> {
    const socket = connectTcp({ host: '127.0.0.1', port, allowHalfOpen: true }).on('error', () => {})
    t.after(() => socket.destroy())
    await once(socket, 'connect')
    socket.resume()
    if (bytes.length > 0) await new Promise((resolve) => socket.write(bytes, resolve))
    if (ending === 'end') socket.end()
    else if (ending === 'reset') socket.resetAndDestroy()
    return socket
  }

  /** Resolves when the other side has ended the connection, in whichever way. */
  function gone(socket: Socket): Promise<unknown> {
    return Promise.race([once(socket, 'end'), once(socket, 'close')])
  }

  test('is refused and counted, wherever a ClientHello is cut', async (t) => {
    const { trial, counters } = await tlsStage(t, {}, { maxConnections: 4 })
    const hello = await clientHello(t)
    let sent = 0
    for (let length = 0; length < hello.length; length++) {
      for (const ending of ['end', 'reset'] as const) {
        const socket = await send(t, trial.port(), Buffer.from(hello.subarray(0, length)), ending)
        if (ending === 'end') await once(socket, 'close')
        sent++
      }
    }
    await until(() => counters.failedHandshakes === sent, `${counters.failedHandshakes} of ${sent} were counted`)
    assert.equal(counters.sessions.total, 0)
    // No place within the limits is lost.
    assert.equal((await (await TlsVisitor.connect(t, trial.port())).ask(get('/'))).status, 200)
  })

  test('is refused and counted, whatever else comes', async (t) => {
    const { trial, counters } = await tlsStage(t)
    const random = seededRandom(5)
    const hello = await clientHello(t)
    const junk = (length: number): Buffer => Buffer.from(Array.from({ length }, () => Math.floor(random.next() * 256)))
    const inputs: Uint8Array[] = [
      Buffer.from(get('/')),
      Buffer.from('SSH-2.0-x\r\n'),
      Buffer.alloc(20_000),
      Buffer.from([22, 3, 1, 255, 255]),
    ]
    for (let turn = 0; turn < 50; turn++) inputs.push(junk(1 + turn * 7))
    for (let turn = 0; turn < 50; turn++) {
      const broken = Buffer.from(hello)
      broken.set(junk(3), 5 + Math.floor(random.next() * (hello.length - 8)))
      inputs.push(Buffer.concat([broken, junk(40)]))
    }
    for (const input of inputs) await once(await send(t, trial.port(), input, 'end'), 'close')
    await until(() => counters.failedHandshakes === inputs.length, `${counters.failedHandshakes} of ${inputs.length}`)
    assert.equal((await (await TlsVisitor.connect(t, trial.port())).ask(get('/'))).status, 200)
    assert.deepEqual(trial.faults, [])
  })

  test('because it takes too long, is ended', async (t) => {
    const { trial, counters } = await tlsStage(t, {}, { timeout: { clientHandshake: '3s' } })
    const hello = await clientHello(t)
    const silent = await send(t, trial.port(), Buffer.alloc(0), 'wait')
    const slow = await send(t, trial.port(), Buffer.from(hello.subarray(0, 30)), 'wait')
    const closings = [silent, slow].map(gone)
    await trial.pass(2999)
    assert.deepEqual([silent.readableEnded, slow.readableEnded, counters.failedHandshakes], [false, false, 0])
    await trial.clock.advanceAsync(1)
    await Promise.all(closings)
    assert.equal(counters.failedHandshakes, 2)
  })

  test('does not hold back others, and holds its place in the meantime', async (t) => {
    const { trial, counters } = await tlsStage(t, {}, { maxConnections: 1 })
    const silent = await send(t, trial.port(), Buffer.alloc(0), 'wait')
    let isIn = false
    const next = TlsVisitor.connect(t, trial.port()).then((visitor) => {
      isIn = true
      return visitor
    })
    await trial.pass(0)
    assert.equal(isIn, false)
    silent.destroy()
    assert.equal((await (await next).ask(get('/'))).status, 200)
    await until(() => counters.failedHandshakes === 1, 'the silent one was counted')
    assert.equal(counters.sessions.max, 1)
  })

  test('is ended by close(), which waits for none', async (t) => {
    const { trial } = await tlsStage(t)
    const silent = await send(t, trial.port(), Buffer.alloc(0), 'wait')
    await trial.pass(0)
    const closed = gone(silent)
    await trial.proxy.close()
    await closed
    assert.equal(trial.clock.timers, 0)
  })
})

describe('conditions on TLS', () => {
  test('choose the route', async (t) => {
    const { trial } = await tlsStage(
      t,
      {},
      {
        routes: [
          { backend: 'app', when: tls.sni.is('B.test') },
          { backend: 'app', when: tls.version.is('TLSv1.2') },
          { backend: 'app', when: tls.alpn.is('http/1.1') },
        ],
        defaultBackend: undefined as unknown as string,
      },
    )
    const status = async (options: ConnectionOptions): Promise<number> =>
      (await (await TlsVisitor.connect(t, trial.port(), options)).ask(get('/'))).status
    assert.equal(await status({}), 503)
    assert.equal(await status({ servername: 'b.test' }), 200)
    assert.equal(await status({ maxVersion: 'TLSv1.2' }), 200)
    assert.equal(await status({ ALPNProtocols: ['http/1.1'] }), 200)
  })
})
