import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { createProxy } from '../src/index.js'
import { readHead, readResponse } from './support/http-message.js'
import { Loopback } from './support/loopback.js'
import { connect } from './support/raw-client.js'
import { attachedHttp, ownBind, requestListener, throughUndici } from './support/setups.js'

const byUser = { algorithm: 'urlParam', name: 'user', checkPost: true, hashType: 'consistent' } as const

/** A server that tells its name and what it got. */
async function origin(t: TestContext, name: string): Promise<string> {
  const server = createServer(async (request, response) => {
    const hash = createHash('sha1')
    for await (const part of request) hash.update(part as Buffer)
    response.end(`${name} ${hash.digest('hex')}`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

function answerOf(name: string | undefined, body: string): string {
  return `${name} ${createHash('sha1').update(body, 'latin1').digest('hex')}`
}

/** A head for a body of that length; without one, of a body in chunks. */
function head(length: number | undefined, ...fields: readonly string[]): string {
  const framing = length === undefined ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`
  return ['POST /save HTTP/1.1', 'Host: a.test', framing, ...fields, '', ''].join('\r\n')
}

function inChunks(body: string, size: number): string {
  let text = ''
  for (let at = 0; at < body.length; at += size) {
    const chunk = body.slice(at, at + size)
    text += `${chunk.length.toString(16)}\r\n${chunk}\r\n`
  }
  return `${text}0\r\n\r\n`
}

const ways = [ownBind, attachedHttp, requestListener].flatMap((setup) => [
  { setup, to: 'http1' },
  { setup: throughUndici(setup), to: 'undici' },
])

for (const { setup, to } of ways) {
  describe(`requests that go by their body, ${setup.name}, through ${to}`, () => {
    const start = async (t: TestContext) => {
      const servers = { a: await origin(t, 'a'), b: await origin(t, 'b'), c: await origin(t, 'c') }
      const proxy = await setup.start(t, servers, { backend: { balance: byUser } })
      const server = (body: string) => proxy.frontend.route({ method: 'POST', payload: body }).server?.name
      return { ...proxy, server }
    }

    test('reach the server of their user, whole, one after the other on one connection', async (t) => {
      const { port, server } = await start(t)
      const client = await connect(t, { port })
      const long = 'x'.repeat(50_000)
      for (const user of ['ann', 'bob', 'cat', 'dan', 'eve']) {
        const bodies = [`user=${user}`, `user=${user}&text=${long}`]
        for (const body of bodies) {
          const expected = answerOf(server(body), body)
          // At once, in two pieces, and in chunks.
          for (const send of [
            () => client.send(head(body.length) + body),
            () => client.sendSlowly(head(body.length), body.slice(0, 7), body.slice(7)),
            () => client.send(head(undefined) + inChunks(body, 7000)),
            () => client.send(head(undefined) + inChunks(body, body.length > 1000 ? 500 : 1)),
          ]) {
            await send()
            assert.equal((await readResponse(client)).body, expected)
          }
        }
      }
    })

    test('are told to continue first where they ask', async (t) => {
      const { port, server } = await start(t)
      const client = await connect(t, { port })
      client.send(head(8, 'Expect: 100-continue'))
      assert.equal((await readHead(client)).status, 100)
      client.send('user=ann')
      assert.equal((await readResponse(client)).body, answerOf(server('user=ann'), 'user=ann'))
    })
  })
}

test('a Remote Desktop connection reaches the server of its cookie, with all that it sent', async (t) => {
  const servers = await Promise.all(
    ['a', 'b', 'c'].map(async (name) => {
      const { address } = await Loopback.listen(t, (socket) => {
        socket.on('data', (bytes) => socket.write(`${name}:${bytes.toString('latin1')}`, 'latin1'))
      })
      return { name, address: `127.0.0.1:${(address as { port: number }).port}` }
    }),
  )
  const proxy = createProxy({ mode: 'tcp', bind: '127.0.0.1:0', balance: 'rdpCookie', servers })
  await proxy.listen()
  t.after(() => proxy.close({ timeout: 1 }))
  const { port } = proxy.addresses().main![0] as AddressInfo
  const seen = new Set<string>()
  for (const user of ['ann', 'bob', 'cat', 'dan', 'eve', 'flo']) {
    const packet = `\u0003\u0000\u0000\u002b\u0026\u00e0\u0000\u0000\u0000\u0000\u0000Cookie: mstshash=${user}\r\n`
    const name = proxy.route('main', { payload: Buffer.from(packet, 'latin1') }).server?.name
    const client = await connect(t, { port })
    await client.sendSlowly(packet.slice(0, 5), packet.slice(5, 25))
    client.send(packet.slice(25))
    assert.equal(await client.bytes(packet.length + 2), `${name}:${packet}`)
    client.send('more')
    assert.equal(await client.bytes(6), `${name}:more`)
    client.close()
    seen.add(String(name))
  }
  assert.equal(seen.size, 3)
})
