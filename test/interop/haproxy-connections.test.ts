import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { HttpReuse } from '../../src/index.js'
import { type HttpMessage, readResponse } from '../support/http-message.js'
import { playSeries } from '../support/play-series.js'
import { skipWithout } from '../support/programs.js'
import { connect } from '../support/raw-client.js'
import { RawOrigin } from '../support/raw-origin.js'
import { reuseSeries } from '../support/reuse-series.js'
import { get, ok, settled } from '../support/trial.js'
import type { Wire } from '../support/wire.js'
import { type Side, startBoth, type Twins } from './side-by-side.js'

const skip = skipWithout('haproxy')
const timeout = 60_000

/** Both proxies in front of one server that answers everything. */
async function start(t: TestContext, twins: Omit<Twins, 'servers'>, answer = (_: HttpMessage) => ok()) {
  const origin = await RawOrigin.listen(t)
  const requests = origin.answerAll(answer)
  return { origin, requests, sides: await startBoth(t, { ...twins, servers: { a: origin.address } }) }
}

const modes = { keepAlive: {}, httpServerClose: { httpServerClose: true }, httpClose: { httpClose: true } } as const
const lines = { keepAlive: 'http-keep-alive', httpServerClose: 'http-server-close', httpClose: 'httpclose' } as const
type ModeName = keyof typeof modes

const clients: Readonly<Record<string, string>> = {
  'HTTP/1.1': get(),
  'HTTP/1.1 that closes': get('/', 'Connection: close'),
  'HTTP/1.1 that keeps': get('/', 'Connection: keep-alive'),
  'HTTP/1.0': 'GET / HTTP/1.0\r\nHost: a.test\r\n\r\n',
  'HTTP/1.0 that keeps': 'GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n',
}

/** Whether a message tells its reader that the connection ends with it, in its own version's words. */
function tellsEnd(message: HttpMessage): boolean {
  const connection = message.get('connection')?.toLowerCase() ?? ''
  return message.startLine.endsWith('HTTP/1.0') ? connection !== 'keep-alive' : connection === 'close'
}

/** What both sides are told of their connections, and whether the client's ends. */
async function observe(t: TestContext, { port }: Side, requests: readonly HttpMessage[], text: string) {
  const client = await connect(t, { port })
  const response = await readResponse(client.send(text))
  const server = tellsEnd(requests.at(-1)!) ? 'closes' : 'keeps'
  const told = response.get('connection')?.toLowerCase()
  // A connection that goes on serves a second request; one that ends, ends.
  const goesOn = await Promise.race([
    client.ending().then(() => false),
    readResponse(client.send(text)).then(
      () => true,
      () => false,
    ),
  ])
  client.close()
  return { server, told, goesOn }
}

for (const frontend of Object.keys(modes) as ModeName[]) {
  for (const backend of Object.keys(modes) as ModeName[]) {
    const claim = `HAProxy and evenkeel say the same of connections: ${frontend} before, ${backend} behind`
    test(claim, { skip, timeout }, async (t) => {
      const { requests, sides } = await start(t, {
        haproxy: { frontend: [`option ${lines[frontend]}`], backend: [`option ${lines[backend]}`] },
        frontend: modes[frontend],
        backend: modes[backend],
      })
      for (const [what, text] of Object.entries(clients)) {
        const [haproxy, own] = [await observe(t, sides[0], requests, text), await observe(t, sides[1], requests, text)]
        assert.deepEqual(own, haproxy, `a client of ${what}`)
      }
    })
  }
}

for (const httpReuse of ['never', 'safe', 'aggressive', 'always'] as const satisfies readonly HttpReuse[]) {
  test(`with http-reuse ${httpReuse} servers see as many connections from both`, { skip, timeout }, async (t) => {
    for (const { name, steps, haproxy, own } of reuseSeries) {
      const { origin, sides } = await start(t, {
        haproxy: { backend: [`http-reuse ${httpReuse}`] },
        backend: { httpReuse },
      })
      const seen: number[] = []
      for (const side of sides) {
        const before = origin.wires.length
        await playSeries(steps, () => connect(t, side))
        seen.push(origin.wires.length - before)
      }
      const expected = haproxy[httpReuse]
      assert.deepEqual(seen, [expected, own?.[httpReuse] ?? expected], `${name}: ${steps.join(', ')}`)
    }
  })
}

test('with a pool of none both open a connection for each request', { skip, timeout }, async (t) => {
  const { origin, sides } = await start(t, {
    haproxy: { backend: ['http-reuse always'], server: 'pool-max-conn 0' },
    backend: { httpReuse: 'always', poolMaxConnections: 0 },
  })
  for (const side of sides) {
    const before = origin.wires.length
    await playSeries(['A POST', 'A POST', 'B POST', 'A POST'], () => connect(t, side))
    assert.equal(origin.wires.length - before, 4, side.name)
  }
})

for (const challenge of ['NTLM', 'Negotiate', 'Basic realm="x"']) {
  test(`HAProxy and evenkeel share connections alike after ${challenge}`, { skip, timeout }, async (t) => {
    const { origin, sides } = await start(
      t,
      { haproxy: { backend: ['http-reuse always'] }, backend: { httpReuse: 'always' } },
      ({ startLine }) =>
        startLine.includes('/login')
          ? `HTTP/1.1 401 No\r\nWWW-Authenticate: ${challenge}\r\nContent-Length: 0\r\n\r\n`
          : ok(),
    )
    for (const side of sides) {
      const before = origin.wires.length
      const [first, second] = [await connect(t, side), await connect(t, side)]
      for (const [client, target] of [
        [first, '/login'],
        [second, '/a'],
        [first, '/b'],
        [second, '/c'],
      ] as const) {
        await readResponse(client.send(get(target)))
        await settled()
      }
      assert.equal(origin.wires.length - before, challenge.startsWith('Basic') ? 1 : 2, side.name)
    }
  })
}

test('a client that a server knows by its connection goes there again through both', { skip, timeout }, async (t) => {
  const origins = [await RawOrigin.listen(t), await RawOrigin.listen(t)]
  for (const [index, origin] of origins.entries()) {
    origin.answerAll(({ startLine }) =>
      startLine.includes('/login')
        ? `HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM\r\nContent-Length: 1\r\n\r\n${index}`
        : ok(String(index)),
    )
  }
  const sides = await startBoth(t, { servers: { a: origins[0]!.address, b: origins[1]!.address } })
  for (const side of sides) {
    const [bound, other] = [await connect(t, side), await connect(t, side)]
    let seen = ''
    for (const [client, target] of [
      [bound, '/login'],
      ...Array.from({ length: 8 }, (_, i) => [i % 2 === 0 ? other : bound, '/'] as const),
    ] as const) {
      seen += (await readResponse(client.send(get(target)))).body
      await settled()
    }
    assert.equal(seen, '010001000', side.name)
  }
})

const expecting = 'POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n'

/** One request whose client awaits a 100, played by the test on both ends. */
async function playExpect(
  t: TestContext,
  side: Side,
  origin: RawOrigin,
  play: (client: Wire, server: Wire) => unknown,
) {
  const client = await connect(t, side)
  client.send(expecting)
  const server = await origin.accept()
  const head = await server.through('\r\n\r\n')
  assert.match(head, /^POST \/ HTTP\/1\.1\r\n[\s\S]*expect: 100-continue\r\n/i, side.name)
  assert.deepEqual([client.pending, server.pending], ['', ''])
  await play(client, server)
  return client
}

async function startExpect(t: TestContext, twins: Omit<Twins, 'servers'> = {}) {
  const origin = await RawOrigin.listen(t)
  return { origin, sides: await startBoth(t, { ...twins, servers: { a: origin.address } }) }
}

test('a client that awaits 100 gets the server’s from both, and the body flows then', { skip, timeout }, async (t) => {
  const { origin, sides } = await startExpect(t)
  for (const side of sides) {
    await playExpect(t, side, origin, async (client, server) => {
      server.send('HTTP/1.1 100 Continue\r\n\r\n')
      assert.equal(await client.through('\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n')
      client.send('hello')
      assert.equal(await server.bytes(5), 'hello')
      server.send(ok())
      assert.equal((await readResponse(client)).body, 'ok')
      // The connection goes on.
      client.send(get('/next'))
      await server.through('\r\n\r\n')
      server.send(ok('next'))
      assert.equal((await readResponse(client)).body, 'next')
    })
  }
})

test('a client that sends its body without a 100 is heard by both', { skip, timeout }, async (t) => {
  const { origin, sides } = await startExpect(t)
  for (const side of sides) {
    await playExpect(t, side, origin, async (client, server) => {
      client.send('hello')
      assert.equal(await server.bytes(5), 'hello')
      server.send(ok())
      const response = await readResponse(client)
      assert.deepEqual([response.status, response.get('connection')], [200, undefined])
    })
  }
})

test('a 417 in the place of a 100 passes; HAProxy then waits for the body, evenkeel ends the connection', {
  skip,
  timeout,
}, async (t) => {
  const { origin, sides } = await startExpect(t)
  for (const side of sides) {
    await playExpect(t, side, origin, async (client, server) => {
      server.send('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno')
      const response = await readResponse(client)
      assert.deepEqual([response.status, response.body], [417, 'no'])
      if (side.name === 'HAProxy') {
        assert.equal(response.get('connection'), undefined)
        return
      }
      assert.equal(response.get('connection'), 'close')
      assert.equal(await client.ending(), 'end')
      await server.ending()
    })
  }
})

test('a server that neither says 100 nor answers is at fault in both logs', { skip, timeout }, async (t) => {
  const { origin, sides } = await startExpect(t, {
    haproxy: { defaults: ['timeout client 300ms', 'timeout server 300ms'] },
    frontend: { timeout: { client: '300ms' } },
    backend: { timeout: { server: '300ms' } },
  })
  for (const side of sides) {
    const client = await playExpect(t, side, origin, () => {})
    const response = await readResponse(client)
    assert.deepEqual([response.status, response.get('connection')], [504, 'close'], side.name)
    const { status, termination } = await side.logged()
    assert.deepEqual([status, termination], [504, 'sH--'], side.name)
  }
})

test('a request with a body is no offer to switch protocols for either', { skip, timeout }, async (t) => {
  const { requests, sides } = await start(t, {})
  for (const { port, name } of sides) {
    const client = await connect(t, { port })
    const fields = ['Connection: upgrade', 'Upgrade: websocket', 'Content-Length: 5']
    await readResponse(client.send(['POST / HTTP/1.1', 'Host: a.test', ...fields, '', 'hello'].join('\r\n')))
    assert.deepEqual([requests.at(-1)!.get('upgrade'), requests.at(-1)!.body], [undefined, 'hello'], name)
  }
})

test('CONNECT makes a tunnel through both, where evenkeel is told to allow it', { skip, timeout }, async (t) => {
  const origin = await RawOrigin.listen(t)
  const sides = await startBoth(t, { servers: { a: origin.address }, frontend: { allowConnect: true } })
  for (const side of sides) {
    const client = (await connect(t, side)).send('CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n')
    const server = await origin.accept()
    assert.match(await server.through('\r\n\r\n'), /^CONNECT a\.test:443 HTTP\/1\.1\r\n/)
    server.send('HTTP/1.1 200 Connected\r\n\r\nraw')
    assert.equal(await client.through('\r\n\r\n'), 'HTTP/1.1 200 Connected\r\n\r\n')
    assert.equal(await client.bytes(3), 'raw')
    client.send('bytes')
    assert.equal(await server.bytes(5), 'bytes')
    client.close()
  }
})
