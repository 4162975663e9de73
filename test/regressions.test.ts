import assert from 'node:assert/strict'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import http from 'node:http'
import type net from 'node:net'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import {
  attach,
  Backend,
  type BackendConfig,
  type EvenkeelError,
  Frontend,
  type FrontendConfig,
  handler,
  path,
} from '../src/index.js'
import { chunk, readHead, readResponse } from './support/http-message.js'
import { closedAddress, openSockets } from './support/loopback.js'
import { connect } from './support/raw-client.js'
import { RawOrigin } from './support/raw-origin.js'
import { get, ok, post, settled, Trial, until } from './support/trial.js'
import type { Wire } from './support/wire.js'

// What users of other proxies suffered, each as a claim that it can't happen here. What conformance suites, and the
// tests of failures, limits and closing claim already is not repeated.

async function stage(t: TestContext, backend: BackendConfig = {}, frontend: FrontendConfig = {}) {
  const origin = await RawOrigin.listen(t)
  const trial = await Trial.start(t, {
    frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app', ...frontend } },
    backends: { app: { servers: { a: origin.address }, ...backend } },
  })
  return { origin, trial, server: trial.proxy.server('app/a'), counters: trial.proxy.frontend('main').counters }
}

/** A server of the application, until the test is over. Gives its port. */
async function listen(t: TestContext, server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket: net.Socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

// node-http-proxy#1586, #1559, http-proxy-middleware#782, configurable-http-proxy#434
test('a thousand aborted requests leave no connection to a server', async (t) => {
  const { origin, trial, server, counters } = await stage(t)
  const before = openSockets()
  for (let batch = 0; batch < 20; batch++) {
    const clients = await Promise.all(Array.from({ length: 50 }, () => trial.ask()))
    for (let i = 0; i < clients.length; i++) {
      const { wire } = await origin.receive()
      // Half of them leave in the middle of their response.
      if (i % 2 === 0) wire.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello')
    }
    await settled()
    for (const client of clients) client.reset()
    await until(() => counters.sessions.current === 0, 'the clients are gone')
    await until(() => origin.wires.every((wire) => wire.hasEnded), 'their server connections are gone')
    for (const wire of origin.wires.splice(0)) wire.close()
    trial.clients.length = 0
  }
  assert.equal(server.served, 0)
  assert.equal(server.counters.sessions.total, 1000)
  await until(() => openSockets() <= before, 'no socket is left')
})

// node-http-proxy#1439, #1468, http-proxy-middleware#327, vite#2974
for (const side of ['client', 'server'] as const) {
  test(`a ${side} that breaks an upgraded connection ends that one, and nothing else`, async (t) => {
    const { origin, trial, server } = await stage(t)
    const client = await trial.ask(get('/', 'Connection: Upgrade', 'Upgrade: websocket'))
    const { wire } = await origin.receive()
    wire.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    await readHead(client)
    const [breaking, other] = side === 'client' ? [client, wire] : [wire, client]
    // In the middle of traffic in both directions, so that there are writes to fail.
    for (let i = 0; i < 10; i++) {
      client.send('x'.repeat(10_000))
      wire.send('y'.repeat(10_000))
    }
    breaking.reset()
    await other.ending()
    const { termination, status } = await trial.record()
    assert.deepEqual([termination, status], [side === 'client' ? 'CD--' : 'SD--', 101])
    assert.equal(server.served, 0)
    const next = await trial.ask()
    const fresh = await origin.accept()
    await fresh.through('\r\n\r\n')
    fresh.send(ok())
    assert.equal((await readResponse(next)).status, 200)
  })
}

// node-http-proxy#1721 (CVE-2026-29057), #960
for (const method of ['DELETE', 'OPTIONS', 'GET']) {
  test(`the body of a chunked ${method} never becomes a request of its own`, async (t) => {
    const { origin, trial } = await stage(t)
    const requests = origin.answerAll(() => ok())
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n'
    const head = `${method} / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n`
    const client = await trial.ask(`${head}${chunk(smuggled)}0\r\n\r\n`)
    assert.equal((await readResponse(client)).status, 200)
    client.send(get('/next'))
    assert.equal((await readResponse(client)).status, 200)
    assert.deepEqual(
      requests.map(({ startLine, body }) => [startLine, body]),
      [
        [`${method} / HTTP/1.1`, smuggled],
        ['GET /next HTTP/1.1', ''],
      ],
    )
    assert.equal(requests[0]?.get('content-length'), undefined)
  })
}

// node#27880, tinyproxy#616
for (const [what, fields] of [
  ['a length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
  ['two lengths', ['Content-Length: 5', 'Content-Length: 6']],
  ['a coding after chunked', ['Transfer-Encoding: chunked, gzip']],
] as const) {
  test(`a request with ${what} is refused, and its connection closed`, async (t) => {
    const { origin, trial } = await stage(t)
    const text = ['POST / HTTP/1.1', 'Host: a.test', ...fields, '', '0\r\n\r\n'].join('\r\n')
    const client = await trial.ask(`${text}${get('/smuggled')}`)
    const { status } = await readResponse(client)
    assert.ok(status === 400 || status === 501, String(status))
    await client.ending()
    await settled()
    assert.equal(origin.wires.filter((wire) => wire.pending !== '').length, 0)
  })
}

// node#47130, agentkeepalive#23, fastify/help#413, reply-from#167
test('a kept connection that the server gave up is replaced for a GET', async (t) => {
  const { origin, trial, server } = await stage(t)
  const first = await trial.ask()
  const { wire } = await origin.receive()
  wire.send(ok())
  await readResponse(first)
  // It reads the next request, and dies of it.
  first.send(get('/again'))
  await wire.through('\r\n\r\n')
  wire.reset()
  const { request, wire: fresh } = await origin.receive()
  assert.equal(request.startLine, 'GET /again HTTP/1.1')
  fresh.send(ok('fresh'))
  assert.equal((await readResponse(first)).body, 'fresh')
  assert.deepEqual([server.counters.retries, server.counters.responseErrors], [1, 0])
  assert.deepEqual(
    [await trial.record(), await trial.record()].map(({ retries, termination }) => [retries, termination]),
    [
      [0, '----'],
      [1, '----'],
    ],
  )
})

// undici#3288, #470: bodies are gone at retry time
test('a kept connection that dies is replaced for a PUT, with its whole body', async (t) => {
  const { origin, trial } = await stage(t)
  const client = await trial.ask()
  const { wire } = await origin.receive()
  wire.send(ok())
  await readResponse(client)
  client.send('PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nhelloworld')
  await wire.through('helloworld')
  wire.reset()
  const { request, wire: fresh } = await origin.receive()
  assert.deepEqual([request.body, request.get('content-length')], ['helloworld', '10'])
  fresh.send(ok())
  assert.equal((await readResponse(client)).status, 200)
})

// reply-from#167 ("you can't retry POSTs"), node-http-proxy#514
test('a POST is sent once, whatever becomes of its connection', async (t) => {
  const origin = await RawOrigin.listen(t)
  const other = await RawOrigin.listen(t)
  const trial = await Trial.start(t, {
    frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
    backends: { app: { servers: { a: origin.address, b: { address: other.address, backup: true } } } },
  })
  const client = await trial.ask()
  const { wire } = await origin.receive()
  wire.send(ok())
  await readResponse(client)
  client.send(`${post(5)}hello`)
  // The request came on the kept connection, or on one of its own: a transport may choose.
  const { request, wire: used } = await origin.receive()
  assert.equal(request.body, 'hello')
  used.reset()
  assert.equal((await readResponse(client)).status, 502)
  await settled()
  assert.equal(other.wires.length, 0)
  assert.ok(origin.wires.every((wire) => wire.pending === ''))
  assert.equal((await trial.record()).method, 'GET')
  const { retries, termination } = await trial.record()
  assert.deepEqual([retries, termination], [0, 'SH--'])
})

// reply-from#449, #450
test('a client can’t strip what the proxy says by naming it in Connection', async (t) => {
  const { origin, trial } = await stage(
    t,
    { sendServerName: 'X-Server' },
    { forwardFor: true, forwardedHeaders: true, forwarded: true, via: true },
  )
  const names = 'X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, X-Forwarded-Port, Forwarded, Via, X-Server, Host'
  const client = await trial.ask(get('/', `Connection: ${names}`))
  const { request, wire } = await origin.receive()
  for (const name of names.split(', ')) assert.notEqual(request.get(name), undefined, `${name} is gone`)
  wire.send(ok())
  await readResponse(client)
})

// go#36672, nginx-proxy-manager#5586: what is the client's address is decided once, for conditions and log alike
test('a client’s own X-Forwarded-For decides nothing', async (t) => {
  const seen: string[] = []
  const { origin, trial } = await stage(
    t,
    {},
    { routes: [{ backend: 'app', when: ({ source }) => seen.push(source.address) > 0 }] },
  )
  origin.answerAll(() => ok())
  await trial.answer(get('/', 'X-Forwarded-For: 203.0.113.1'))
  assert.deepEqual([seen, (await trial.record()).client], [['127.0.0.1'], '127.0.0.1'])
})

// node-http-proxy#964, #1394, node#21509
test('characters that no field may have, from a server, end no process', async (t) => {
  const { origin, trial } = await stage(t)
  for (const value of ['a\x00b', 'a\x01b', 'a\x7fb', '\x80\xff', 'a\rb']) {
    const client = await trial.ask()
    const { wire } = await origin.receive()
    wire.send(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Odd: ${value}\r\n\r\nok`)
    const response = await readResponse(client)
    assert.ok(response.status === 502 || response.get('x-odd') === value, JSON.stringify(response.head))
    if (response.status === 502) assert.equal(response.get('x-odd'), undefined)
    client.close()
  }
  const client = await trial.ask()
  ;(await origin.receive()).wire.send(ok())
  assert.equal((await readResponse(client)).status, 200)
})

// express-http-proxy#236, commandcode-proxy#20 (68 to 646 MB measured)
test('a client that does not read makes the server wait, not the memory grow', async (t) => {
  const { origin, trial } = await stage(t)
  const client = await trial.ask()
  client.socket.pause()
  const { wire } = await origin.receive()
  wire.send('HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n')
  const taken = await pour(wire, 64)
  assert.ok(taken < 32 * 2 ** 20, `${taken} bytes of 64 MiB were taken`)
  client.reset()
  await wire.ending()
})

test('a server that does not read makes the client wait, not the memory grow', async (t) => {
  const { origin, trial } = await stage(t)
  const client = await trial.ask(`${post(64 * 2 ** 20)}x`)
  const wire = await origin.accept()
  await wire.through('\r\n\r\n')
  wire.socket.pause()
  const taken = await pour(client, 64)
  assert.ok(taken < 32 * 2 ** 20, `${taken} bytes of 64 MiB were taken`)
  client.reset()
})

/** Sends up to so many MiB until the other side takes no more. Gives the bytes that it took. */
async function pour(wire: Wire, megabytes: number): Promise<number> {
  const piece = Buffer.alloc(2 ** 20, 'x')
  let accepted = 0
  for (let sent = 0; sent < megabytes; sent++) {
    const { socket } = wire
    if (!socket.write(piece)) {
      let isDrained = false
      socket.once('drain', () => {
        isDrained = true
      })
      for (let turns = 0; turns < 200 && !isDrained; turns++) await settled()
      if (!isDrained) return accepted
    }
    accepted += piece.length
  }
  return accepted
}

// undici#4424, #4223
test('a server that is removed keeps no connection', async (t) => {
  const { origin, trial } = await stage(t)
  const clients = [await trial.ask(get('/1')), await trial.ask(get('/2'))]
  const wires = [(await origin.receive()).wire, (await origin.receive()).wire]
  for (const wire of wires) wire.send(ok())
  for (const client of clients) await readResponse(client)
  await trial.proxy.backend('app').removeServer('a')
  for (const wire of wires) assert.equal(await wire.ending(), 'end')
  assert.equal((await trial.answer()).status, 503)
  trial.proxy.backend('app').addServer({ name: 'a', address: origin.address })
  const client = await trial.ask()
  ;(await origin.receive()).wire.send(ok())
  assert.equal((await readResponse(client)).status, 200)
})

// node#46574, immich#2766
test('a frontend behind a server with shorter time limits says so, once', async (t) => {
  const heard: string[] = []
  const listener = (warning: Error & { code?: string }): void => {
    if (warning.code === 'EVENKEEL_W_SERVER_TIMEOUT') heard.push(warning.message)
  }
  process.on('warning', listener)
  t.after(() => process.off('warning', listener))
  const web = new Frontend('web', { timeout: { httpKeepAlive: '1m', httpRequest: '10s' } })
  const server = http.createServer({ keepAliveTimeout: 5000, headersTimeout: 60_000, requestTimeout: 300_000 })
  const before = [server.keepAliveTimeout, server.headersTimeout, server.requestTimeout]
  for (let i = 0; i < 2; i++) attach(web, server)()
  const patient = http.createServer({ keepAliveTimeout: 60_000, headersTimeout: 0, requestTimeout: 0 })
  attach(web, patient)()
  await until(() => heard.length > 0, 'a warning')
  await settled()
  assert.equal(heard.length, 1)
  assert.match(String(heard[0]), /frontends\.web.*keepAliveTimeout 5000ms is under timeout\.httpKeepAlive 60000ms/)
  assert.match(String(heard[0]), /requestTimeout 300000ms/)
  assert.deepEqual([server.keepAliveTimeout, server.headersTimeout, server.requestTimeout], before)
})

// node-http-proxy#44, #414, undici#4839
test('a server that checks find dead gets no traffic, and its share again when it is back', async (t) => {
  const origins = [await RawOrigin.listen(t), await RawOrigin.listen(t)]
  for (const origin of origins) origin.answerAll(() => ok())
  let isWell = true
  const trial = await Trial.start(t, {
    frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
    backends: {
      app: {
        servers: { a: origins[0]!.address, b: origins[1]!.address },
        check: {
          interval: 1000,
          probe: async (target) => {
            const isDead = !isWell && 'port' in target && origins[0]!.address.endsWith(`:${target.port}`)
            return { passed: !isDead, status: 'L7OK', reason: '' }
          },
        },
      },
    },
  })
  const { counters } = trial.proxy.server('app/a')
  const statuses = new Set<number>()
  const ask = async (times: number): Promise<number> => {
    const before = counters.chosen
    for (let i = 0; i < times; i++) statuses.add((await trial.answer()).status)
    return counters.chosen - before
  }
  assert.equal(await ask(10), 5)
  isWell = false
  await trial.clock.advanceAsync(4000)
  assert.equal(trial.proxy.server('app/a').operational, 'stopped')
  assert.equal(await ask(10), 0)
  isWell = true
  await trial.clock.advanceAsync(4000)
  // undici#1959, #3648: after an outage two equal servers have equal shares again.
  const share = await ask(20)
  assert.ok(share >= 9 && share <= 11, `${share} of 20`)
  assert.deepEqual([...statuses], [200])
})

// traefik#41, #963
test('a server that drains finishes its requests, and can be taken away without one that fails', async (t) => {
  const origins = [await RawOrigin.listen(t), await RawOrigin.listen(t)]
  const trial = await Trial.start(t, {
    frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
    backends: { app: { servers: { a: origins[0]!.address } } },
  })
  const backend = trial.proxy.backend('app')
  const slow = await trial.ask(get('/slow'))
  const { wire } = await origins[0]!.receive()
  backend.addServer({ name: 'b', address: origins[1]!.address })
  backend.server('a').drain()
  origins[1]!.answerAll(() => ok('b'))
  for (let i = 0; i < 4; i++) assert.equal((await trial.answer()).body, 'b')
  let isRemoved = false
  const removed = backend.removeServer('a').then(() => {
    isRemoved = true
  })
  await trial.pass(50_000)
  assert.equal(isRemoved, false)
  wire.send(ok('slow'))
  assert.equal((await readResponse(slow)).body, 'slow')
  await removed
  assert.equal(backend.servers.length, 1)
})

// caddy#7037, #7036
test('servers that join and leave change nothing about those that stay', async (t) => {
  const trial = Trial.make(t, {
    frontends: {},
    backends: { app: { servers: { a: '127.0.0.1:1', b: '127.0.0.1:2' }, check: { fall: 2 } } },
  })
  const backend = trial.proxy.backend('app')
  const failed = { passed: false, status: 'L4CON', reason: '', duration: 1 } as const
  for (let i = 0; i < 2; i++) backend.server('a').observeCheck(failed)
  backend.server('b').observeCheck(failed)
  backend.server('b').weight = 7
  const state = (): unknown =>
    backend.servers.slice(0, 2).map(({ name, status, weight, id, lastCheck }) => [name, status, weight, id, lastCheck])
  const before = state()
  backend.addServer('127.0.0.1:3')
  await backend.removeServer('127.0.0.1:3')
  assert.deepEqual(state(), before)
  assert.equal(backend.server('a').operational, 'stopped')
})

// http-proxy-middleware#371, node-http-proxy#921
test('the head of an event stream is there before the first event', async (t) => {
  const { origin, trial } = await stage(t)
  const client = await trial.ask(get('/events', 'Accept: text/event-stream'))
  const { wire } = await origin.receive()
  wire.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
  assert.equal((await readHead(client)).get('content-type'), 'text/event-stream')
  wire.send(chunk('data: 1\n\n'))
  await client.through('data: 1\n\n')
})

// node-http-proxy#180, http-proxy-middleware#40, express-http-proxy#36, crow#276
test('a body that somebody has read already fails at once, and says so', async (t) => {
  const backend = new Backend('app', { servers: ['127.0.0.1:1'] })
  const web = new Frontend('web', { defaultBackend: backend })
  const faults: EvenkeelError[] = []
  web.on('fault', ({ error }) => faults.push(error))
  const handle = handler(web)
  const port = await listen(
    t,
    http.createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
      for await (const _piece of request);
      handle(request, response)
    }),
  )
  const client = (await connect(t, { port })).send(`${post(5)}hello`)
  assert.equal((await readResponse(client)).status, 500)
  const causes = faults.map(({ code, cause }) => [code, (cause as { code?: string } | undefined)?.code])
  assert.ok(causes.flat().includes('ERR_EVENKEEL_BODY_CONSUMED'), JSON.stringify(causes))
  assert.equal(faults.length, 1)
})

test('a request without a body is no matter of who reads bodies', async (t) => {
  const origin = await RawOrigin.listen(t)
  const requests = origin.answerAll(() => ok())
  const backend = new Backend('app', { servers: [origin.address] })
  const handle = handler(new Frontend('web', { defaultBackend: backend }))
  const port = await listen(
    t,
    http.createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
      for await (const _piece of request);
      handle(request, response)
    }),
  )
  const client = (await connect(t, { port })).send(get())
  assert.equal((await readResponse(client)).status, 200)
  assert.equal(requests.length, 1)
})

// node-http-proxy#775, #959, veryfront#584: matching sees the path, and servers what was sent
test('a target is matched as it came, and sent on as it came', async (t) => {
  const { origin, trial } = await stage(
    t,
    {},
    { routes: [{ backend: 'app', when: path.startsWith('/static') }], defaultBackend: undefined as never },
  )
  const requests = origin.answerAll(() => ok())
  const targets = ['/static/../x', '/static//a%2Fb', '/static?u=//c%00']
  for (const target of targets) assert.equal((await trial.answer(get(target))).status, 200)
  for (const target of ['//static', '/%73tatic', '/x/../static']) {
    assert.equal((await trial.answer(get(target))).status, 503)
  }
  assert.deepEqual(
    requests.map(({ startLine }) => startLine.split(' ')[1]),
    targets,
  )
})

// node#40702, http-proxy-middleware#783
for (const address of ['127.0.0.1', '::1']) {
  test(`a server called localhost is found at ${address}`, async (t) => {
    const addresses = await lookup('localhost', { all: true })
    if (!addresses.some((known) => known.address === address)) return t.skip('localhost has no such address here')
    const server = http.createServer((_request, response) => response.end(address))
    server.listen(0, address)
    await once(server, 'listening')
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    const { trial } = await stage(t, { servers: { a: `localhost:${port}` } })
    const client = await trial.ask(get('/', 'Connection: close'))
    assert.equal((await readResponse(client)).status, 200)
  })
}

test('an error of a name with two addresses tells what was tried', async (t) => {
  const { port } = await closedAddress()
  const { trial } = await stage(t, { servers: { a: `localhost:${port}` }, retries: 0 })
  assert.equal((await trial.answer()).status, 503)
  const { error } = await trial.record()
  assert.match(String(error), new RegExp(`(127\\.0\\.0\\.1|::1):${port}`))
  assert.match(String(error), /ECONNREFUSED/)
})

// node-http-proxy#1331, #1535: each failure has a status, a state and an error of its own
test('a refused connection, a silent server and one that breaks off can be told apart', async (t) => {
  const { host, port } = await closedAddress()
  const silent = await stage(t, { timeout: { server: 100 } })
  const broken = await stage(t)
  const refused = await stage(t, { servers: { a: `${host}:${port}` }, retries: 0 })
  const clients = [await refused.trial.ask(), await silent.trial.ask(), await broken.trial.ask()]
  await silent.origin.receive()
  ;(await broken.origin.receive()).wire.reset()
  await silent.trial.pass(100)
  const statuses = await Promise.all(clients.map(async (client) => (await readResponse(client)).status))
  assert.deepEqual(statuses, [503, 504, 502])
  const records = await Promise.all([refused, silent, broken].map(({ trial }) => trial.record()))
  assert.deepEqual(
    records.map(({ termination, failure }) => [termination, failure]),
    [
      ['SC--', 'connect-refused'],
      ['sH--', 'server-timeout'],
      ['SH--', 'server-closed'],
    ],
  )
  assert.match(String(records[0]?.error), /ECONNREFUSED/)
})

// node-http-proxy#1017, #813, #1455, go#28239
test('a client that leaves is nobody else’s error', async (t) => {
  const { origin, trial, server, counters } = await stage(t)
  const client = await trial.ask()
  const { wire } = await origin.receive()
  client.reset()
  await wire.ending()
  const { termination, failure, status } = await trial.record()
  assert.deepEqual([termination, failure, status], ['CH--', 'client-aborted', -1])
  const { clientAborts, serverAborts, responseErrors, connectionErrors } = server.counters
  assert.deepEqual([clientAborts, serverAborts, responseErrors, connectionErrors], [1, 0, 0, 0])
  assert.deepEqual([counters.internalErrors, counters.responses.serverError, trial.faults], [0, 0, []])
})

// Fastllm-proxy#4, llm-simple-router#140
test('every decision can say why', async (t) => {
  const { trial } = await stage(t, {}, { routes: [{ backend: 'app', when: path.startsWith('/static') }] })
  const { trace } = trial.proxy.route('main', { url: '/other' })
  const said = trace.map((step) => (step.step === 'route' ? `${step.condition}: ${step.matched}` : step.step))
  assert.deepEqual(said, ['path starts with /static: false', 'default-backend', 'persistence', 'balance'])
  const balance = trace.at(-1)
  assert.ok(balance?.step === 'balance' && balance.server === 'a' && balance.reason !== '')
})

// configurable-http-proxy#434, node#57946
test('an upload that its client breaks off never looks whole to the server', async (t) => {
  const { origin, trial } = await stage(t)
  for (const [head, first] of [
    ['Content-Length: 10', 'hello'],
    ['Transfer-Encoding: chunked', chunk('hello')],
  ] as const) {
    const client = await trial.ask(`POST / HTTP/1.1\r\nHost: a.test\r\n${head}\r\n\r\n${first}`)
    const wire = await origin.accept()
    await wire.through('hello')
    client.reset()
    await wire.ending()
    assert.ok(!wire.pending.includes('0\r\n\r\n'), JSON.stringify(wire.pending))
  }
})
