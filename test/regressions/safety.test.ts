import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chunk, readHead, readResponse } from '../support/http-message.js'
import { openSockets } from '../support/loopback.js'
import { get, ok, post, settled, stage, until } from '../support/trial.js'
import type { Wire } from '../support/wire.js'

// What users of other proxies suffered (crashes, leaks and wrong bytes), as claims that it can't happen here.
// Each names issues of theirs; what other suites claim already is not repeated.

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
