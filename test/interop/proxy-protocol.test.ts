import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { attach, Backend, Frontend, type SendProxyOption, type TlsOptions } from '../../src/index.js'
import { binary, inetBlock, tlvBytes } from '../net/proxy-protocol/headers.js'
import { selfSigned } from '../support/certificate.js'
import { run } from '../support/command.js'
import { freePorts } from '../support/free-ports.js'
import { Haproxy } from '../support/haproxy.js'
import { readRequest, readResponse } from '../support/http-message.js'
import { Nginx } from '../support/nginx.js'
import { skipWithout } from '../support/programs.js'
import { connect } from '../support/raw-client.js'
import { RawOrigin } from '../support/raw-origin.js'
import { get, ok, Trial, until } from '../support/trial.js'
import type { Wire } from '../support/wire.js'

const timeout = 60_000

/** evenkeel before one server; with `acceptProxy` its connections begin with a header. */
async function evenkeel(
  t: TestContext,
  address: string,
  sendProxy?: SendProxyOption,
  acceptProxy = true,
  tls?: TlsOptions,
) {
  const bind = { address: '127.0.0.1:0', acceptProxy, ...(tls === undefined ? {} : { tls }) }
  return Trial.start(t, {
    frontends: { main: { bind, defaultBackend: 'app', forwardFor: true } },
    backends: { app: { servers: [{ name: 'a', address, ...(sendProxy === undefined ? {} : { sendProxy }) }] } },
  })
}

const times = 'timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n'

/** HAProxy in HTTP mode before one server, with keywords of its own on both lines. */
function haproxy(t: TestContext, address: string, bind: string, server: string): Promise<Haproxy> {
  return Haproxy.start(
    t,
    (port) => `defaults
  mode http
  ${times}
frontend web
  bind 127.0.0.1:${port} ${bind}
  option forwardfor
  default_backend app
backend app
  server a ${address} ${server}
`,
  )
}

/** The header of version 2 that a connection begins with, and nothing after it. */
async function takeBinary(wire: Wire): Promise<Buffer> {
  const start = Buffer.from(await wire.bytes(16), 'latin1')
  return Buffer.concat([start, Buffer.from(await wire.bytes(start.readUInt16BE(14)), 'latin1')])
}

const plain: Readonly<Record<string, SendProxyOption>> = {
  'send-proxy': 'v1',
  'send-proxy-v2': 'v2',
  'send-proxy-v2 proxy-v2-options crc32c': { checksum: true },
  'send-proxy-v2-ssl': { ssl: true },
  'send-proxy-v2-ssl-cn proxy-v2-options crc32c,authority': {
    certificateCommonName: true,
    checksum: true,
    authority: true,
  },
}

for (const [keywords, sendProxy] of Object.entries(plain)) {
  test(`the header of the same connection has HAProxy’s bytes: ${keywords}`, {
    skip: skipWithout('haproxy'),
    timeout,
  }, async (t) => {
    const origin = await RawOrigin.listen(t)
    const { port } = await haproxy(t, origin.address, '', keywords)
    const trial = await evenkeel(t, origin.address, sendProxy)
    const take = async (wire: Wire) =>
      sendProxy === 'v1' ? Buffer.from(await wire.through('\r\n'), 'latin1') : takeBinary(wire)
    const first = await connect(t, { port })
    first.send(get())
    const theirs = await take(await origin.accept())
    // What HAProxy says of its client, evenkeel takes in and says again.
    const second = await trial.connect()
    second.send(theirs, get())
    assert.equal((await take(await origin.accept())).toString('hex'), theirs.toString('hex'))
  })
}

const secure: Readonly<Record<string, SendProxyOption>> = {
  'send-proxy-v2': 'v2',
  'send-proxy-v2-ssl': { ssl: true },
  'send-proxy-v2-ssl-cn': { certificateCommonName: true },
  'send-proxy-v2 proxy-v2-options ssl,cert-cn,ssl-cipher,cert-sig,cert-key,authority': {
    ssl: true,
    certificateCommonName: true,
    cipher: true,
    certificateSignature: true,
    certificateKey: true,
    authority: true,
  },
}

for (const [keywords, sendProxy] of Object.entries(secure)) {
  for (const hasCertificate of [false, true]) {
    const claim = `both tell the same of TLS ${hasCertificate ? 'with' : 'without'} a client’s certificate: ${keywords}`
    test(claim, { skip: skipWithout('haproxy'), timeout }, async (t) => {
      const origin = await RawOrigin.listen(t)
      const [own, client] = [selfSigned('a.test'), selfSigned('client one')]
      const folder = (await haproxy(t, origin.address, '', '')).folder
      await writeFile(join(folder, 'own.pem'), own.key + own.cert)
      await writeFile(join(folder, 'ca.pem'), client.cert)
      const bind = `ssl crt ${folder}/own.pem ca-file ${folder}/ca.pem verify optional alpn http/1.1`
      const theirs = (await haproxy(t, origin.address, bind, keywords)).port
      const server = createTlsServer({
        ...own,
        ca: client.cert,
        requestCert: true,
        rejectUnauthorized: false,
        ALPNProtocols: ['http/1.1'],
      })
      const backend = new Backend('app', { servers: [{ name: 'a', address: origin.address, sendProxy }] })
      t.after(attach(new Frontend('main', { defaultBackend: backend }), server))
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      t.after(() => server.close())
      const headers: string[] = []
      for (const port of [theirs, (server.address() as AddressInfo).port]) {
        const socket = connectTls({
          port,
          host: '127.0.0.1',
          servername: 'a.test',
          ALPNProtocols: ['http/1.1'],
          rejectUnauthorized: false,
          ...(hasCertificate ? client : {}),
        })
        t.after(() => socket.destroy())
        socket.write(get())
        const header = await takeBinary(await origin.accept())
        // Both ports differ by nature.
        headers.push(header.fill(0, 24, 28).toString('hex'))
      }
      assert.equal(headers[1], headers[0])
    })
  }
}

for (const keywords of Object.keys(plain)) {
  test(`a client whom HAProxy announces is seen: ${keywords}`, { skip: skipWithout('haproxy'), timeout }, async (t) => {
    const origin = await RawOrigin.listen(t)
    const requests = origin.answerAll(() => ok())
    const trial = await evenkeel(t, origin.address)
    const { port } = await haproxy(t, `127.0.0.1:${trial.port()}`, '', keywords)
    const client = await connect(t, { port })
    assert.equal((await readResponse(client.send(get()))).status, 200)
    const { client: address, clientPort } = await trial.record()
    assert.deepEqual([address, clientPort], ['127.0.0.1', client.socket.localPort])
    assert.equal(requests.length, 1)
  })
}

const announced = 'PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n'

for (const sendProxy of ['v1', 'v2', { checksum: true, ssl: true, authority: true }] as const) {
  const how = JSON.stringify(sendProxy)
  test(`HAProxy sees the client whom evenkeel announces: ${how}`, {
    skip: skipWithout('haproxy'),
    timeout,
  }, async (t) => {
    const origin = await RawOrigin.listen(t)
    const requests = origin.answerAll(() => ok())
    const { port } = await haproxy(t, origin.address, 'accept-proxy', '')
    const trial = await evenkeel(t, `127.0.0.1:${port}`, sendProxy)
    const client = await trial.connect()
    for (let i = 0; i < 3; i++) {
      client.send(i === 0 ? announced : '', get())
      assert.equal((await readResponse(client)).status, 200)
      // evenkeel's own field, then HAProxy's.
      assert.deepEqual(requests.at(-1)!.all('x-forwarded-for'), ['192.0.2.7', '192.0.2.7'])
    }
  })

  test(`nginx sees the client whom evenkeel announces: ${how}`, { skip: skipWithout('nginx'), timeout }, async (t) => {
    const [port] = await freePorts(1)
    await Nginx.start(
      t,
      `listen 127.0.0.1:${port} proxy_protocol;
      location / { return 200 "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_port"; }`,
    )
    const trial = await evenkeel(t, `127.0.0.1:${port}`, sendProxy)
    const client = await trial.connect()
    client.send(announced, get())
    assert.equal((await readResponse(client)).body, '192.0.2.7 56324 443')
  })
}

for (const [what, args] of [
  ['HTTP/1.1', []],
  ['HTTP/2', ['--http2-prior-knowledge']],
  ['HTTP/1.1 over TLS', ['-k', '--http1.1']],
  ['HTTP/2 over TLS', ['-k']],
] as const) {
  test(`curl with --haproxy-protocol is seen over ${what}`, { skip: skipWithout('curl'), timeout }, async (t) => {
    const origin = await RawOrigin.listen(t)
    origin.answerAll(() => ok('hello'))
    const isSecure = what.endsWith('TLS')
    const trial = await evenkeel(
      t,
      origin.address,
      undefined,
      true,
      isSecure ? { certificates: selfSigned('a.test') } : undefined,
    )
    const url = `http${isSecure ? 's' : ''}://127.0.0.1:${trial.port()}/`
    const { stdout } = await run('curl', ['-s', ...args, '--haproxy-protocol', '-w', ' %{http_version}', url])
    assert.equal(stdout, `hello ${what.startsWith('HTTP/2') ? '2' : '1.1'}`)
    assert.equal((await trial.record()).client, '127.0.0.1')
    const refused = await run('curl', ['-s', ...args, url])
    assert.notEqual(refused.code, 0)
  })
}

for (const sendProxy of ['v1', 'v2'] as const) {
  const claim = `HAProxy gets the header before the handshake of TLS, in traffic and in checks: ${sendProxy}`
  test(claim, { skip: skipWithout('haproxy'), timeout }, async (t) => {
    const origin = await RawOrigin.listen(t)
    const requests = origin.answerAll(() => ok())
    const { key, cert } = selfSigned('a.test')
    const { folder } = await haproxy(t, origin.address, '', '')
    await writeFile(join(folder, 'own.pem'), key + cert)
    const { port } = await haproxy(t, origin.address, `accept-proxy ssl crt ${folder}/own.pem`, '')
    const server = { name: 'a', address: `127.0.0.1:${port}`, sendProxy, tls: { verify: false } }
    const trial = await Trial.start(t, {
      frontends: { main: { bind: { address: '127.0.0.1:0', acceptProxy: true }, defaultBackend: 'app' } },
      backends: { app: { servers: [server], check: { http: { path: '/health' } } } },
    })
    const client = await trial.connect()
    client.send(announced, get())
    assert.equal((await readResponse(client)).status, 200)
    assert.equal(requests.at(-1)!.get('x-forwarded-for'), '192.0.2.7')
    const checked = trial.proxy.server('app/a')
    await trial.pass(1)
    await until(() => checked.lastCheck !== undefined, 'a check has ended')
    assert.equal(checked.lastCheck?.status, 'L7OK')
  })
}

const inet = (...values: readonly Buffer[]): Buffer => binary(0x21, 0x11, Buffer.concat([inetBlock, ...values]))

/** What stands in the place of a header, and whether evenkeel differs from HAProxy on purpose. */
const starts: Readonly<Record<string, { readonly bytes: Buffer | string; readonly differs?: true }>> = {
  TCP4: { bytes: announced },
  TCP6: { bytes: 'PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n' },
  UNKNOWN: { bytes: 'PROXY UNKNOWN\r\n' },
  LOCAL: { bytes: binary(0x20, 0) },
  'LOCAL with anything': { bytes: binary(0x20, 0x55, Buffer.from('anything')) },
  IPv4: { bytes: inet() },
  values: { bytes: inet(tlvBytes(1, 'h2'), tlvBytes(2, 'a.test'), tlvBytes(4, ''), tlvBytes(0xea, 'x')) },
  'no header': { bytes: '' },
  'another version': { bytes: binary(0x11, 0x11, inetBlock) },
  'a missing field': { bytes: 'PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n' },
  'two blanks': { bytes: 'PROXY TCP4  192.0.2.7 198.51.100.1 56324 443\r\n' },
  'a line feed alone': { bytes: 'PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\n' },
  'more after UNKNOWN': { bytes: 'PROXY UNKNOWN x\r\n' },
  UDP4: { bytes: 'PROXY UDP4 192.0.2.7 198.51.100.1 56324 443\r\n' },
  'a bad command': { bytes: binary(0x22, 0x11, inetBlock) },
  'no family': { bytes: binary(0x21, 0) },
  UDP: { bytes: binary(0x21, 0x12, inetBlock) },
  'a short length': { bytes: binary(0x21, 0x11, inetBlock.subarray(1)) },
  'a bad checksum': { bytes: inet(tlvBytes(3, 'abcd')) },
  'a value that is cut off': { bytes: inet(Buffer.of(1, 0, 9, 0)) },
  'a long identifier': { bytes: inet(tlvBytes(5, 'x'.repeat(129))) },
  'a long authority': { bytes: inet(tlvBytes(2, 'x'.repeat(256))) },
  'a Unix socket': { bytes: binary(0x21, 0x31, Buffer.alloc(216)), differs: true },
  'a port that is none': { bytes: 'PROXY TCP4 192.0.2.7 198.51.100.1 70000 443\r\n', differs: true },
}

test('HAProxy and evenkeel take and refuse the same headers', { skip: skipWithout('haproxy'), timeout }, async (t) => {
  const origin = await RawOrigin.listen(t)
  origin.answerAll(() => ok())
  const ports = [
    (await haproxy(t, origin.address, 'accept-proxy', '')).port,
    (await evenkeel(t, origin.address)).port(),
  ]
  for (const [what, { bytes, differs }] of Object.entries(starts)) {
    const outcomes: (number | string)[] = []
    for (const port of ports) {
      const client = await connect(t, { port })
      client.send(Buffer.concat([Buffer.from(bytes as string, 'latin1'), Buffer.from(get())]))
      outcomes.push(
        await readResponse(client).then(
          ({ status }) => status,
          () => client.ending(),
        ),
      )
      client.close()
    }
    if (differs) assert.notEqual(outcomes[1], outcomes[0], what)
    else assert.equal(outcomes[1], outcomes[0], what)
  }
})

test('both say the same to a server that they check', { skip: skipWithout('haproxy'), timeout }, async (t) => {
  for (const [keywords, sendProxy] of [
    ['send-proxy-v2', 'v2'],
    ['send-proxy-v2 proxy-v2-options crc32c', { checksum: true }],
    ['send-proxy-v2-ssl', { ssl: true }],
    ['send-proxy', 'v1'],
  ] as const) {
    const origin = await RawOrigin.listen(t)
    const theirs = await Haproxy.start(
      t,
      (port) => `defaults
  mode http
  ${times}
frontend web
  bind 127.0.0.1:${port}
  default_backend app
backend app
  option httpchk GET /health
  server a ${origin.address} check inter 60s ${keywords}
`,
    )
    assert.ok(theirs.port > 0)
    const first = await origin.accept()
    const said = await takeOwn(first, sendProxy)
    assert.match((await readRequest(first)).startLine, /^GET \/health/)
    const trial = await Trial.start(t, {
      frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
      backends: {
        app: { servers: [{ name: 'a', address: origin.address, sendProxy }], check: { http: { path: '/health' } } },
      },
    })
    await trial.pass(1)
    const second = await origin.accept()
    assert.equal(await takeOwn(second, sendProxy), said, keywords)
    assert.match((await readRequest(second)).startLine, /^GET \/health/)
  }
})

/** The header of a check, its sender's port left out. */
async function takeOwn(wire: Wire, sendProxy: SendProxyOption): Promise<string> {
  if (sendProxy === 'v1') return (await wire.through('\r\n')).replace(String(wire.socket.remotePort), 'port')
  return (await takeBinary(wire)).toString('hex')
}
