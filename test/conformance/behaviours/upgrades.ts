import assert from 'node:assert/strict'
import { readHead, readResponse } from '../../support/http-message.js'
import { digest, largeBody } from '../../support/large-body.js'
import type { Wire } from '../../support/wire.js'
import { type Behaviour, endToEnd, pass, requestText, responseText, type Scene, type Stage } from '../scene.js'

const needs = ['upgrade']
const offer = requestText('GET /chat', 'Connection: keep-alive, Upgrade', 'Upgrade: websocket', 'X-Key: a')
const acceptance =
  'HTTP/1.1 101 Switching Protocols\r\nX-Before: 1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-After: 2\r\n\r\n'

/** A tunnel between a client and a server, right after the switch. */
async function openTunnel(scene: Scene): Promise<Stage & { server: Wire }> {
  const stage = await scene.open()
  stage.client.send(offer)
  const { wire } = await stage.origin.receive()
  wire.send(acceptance)
  assert.equal((await readHead(stage.client)).status, 101)
  return { ...stage, server: wire }
}

/** The proxy serves as before. */
async function assertServes({ origin, connect }: Stage): Promise<void> {
  const { response } = await pass({ client: await connect(), origin }, requestText('GET /'), responseText('alive'))
  assert.equal(response.body, 'alive')
}

export const upgrades: readonly Behaviour[] = [
  {
    claim: 'an upgrade arrives as one, and so does the switch, with its fields',
    needs,
    async run(scene) {
      const { client, origin } = await scene.open()
      client.send(offer)
      const { request, wire } = await origin.receive()
      assert.deepEqual(
        [request.startLine, request.get('upgrade'), request.get('x-key')],
        ['GET /chat HTTP/1.1', 'websocket', 'a'],
      )
      assert.equal(request.get('connection')?.toLowerCase(), 'upgrade')
      wire.send(acceptance)
      const response = await readHead(client)
      assert.equal(response.startLine, 'HTTP/1.1 101 Switching Protocols')
      assert.equal(response.get('connection')?.toLowerCase(), 'upgrade')
      assert.equal(response.get('upgrade'), 'websocket')
      assert.deepEqual(
        endToEnd(response).filter((field) => !field.startsWith('Upgrade')),
        ['X-Before: 1', 'X-After: 2'],
      )
    },
  },
  {
    claim: 'bytes that come together with the heads of an upgrade arrive, both ways',
    needs,
    async run(scene) {
      const { client, origin } = await scene.open()
      client.send(`${offer}from the client`)
      const { wire } = await origin.receive()
      wire.send(`${acceptance}from the server`)
      await readHead(client)
      assert.equal(await client.bytes(15), 'from the server')
      assert.equal(await wire.bytes(15), 'from the client')
    },
  },
  {
    claim: 'after an upgrade bytes pass both ways, unharmed and as they come',
    needs,
    async run(scene) {
      const { client, server } = await openTunnel(scene)
      for (const word of ['a', '\0\xff\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n']) {
        client.send(word)
        assert.equal(await server.bytes(word.length), word)
        server.send(word)
        assert.equal(await client.bytes(word.length), word)
      }
      client.send(largeBody)
      server.send(largeBody)
      for (const text of await Promise.all([client.bytes(largeBody.length), server.bytes(largeBody.length)])) {
        assert.equal(digest(text), digest(largeBody))
      }
    },
  },
  {
    claim: 'after an upgrade, the end that the client sends reaches the server, which may go on sending',
    needs,
    async run(scene) {
      const { client, server, record } = await openTunnel(scene)
      client.end('last')
      assert.equal(await server.rest(), 'last')
      await server.sendSlowly('still', 'here')
      server.end()
      assert.equal(await client.rest(), 'stillhere')
      const { termination, status, bytesIn, bytesOut } = await record()
      assert.deepEqual([termination, status, bytesIn, bytesOut], ['----', 101, 4, 9])
    },
  },
  {
    claim: 'after an upgrade, the end that the server sends reaches the client, which may go on sending',
    needs,
    async run(scene) {
      const { client, server, record } = await openTunnel(scene)
      server.end('last')
      assert.equal(await client.rest(), 'last')
      await client.sendSlowly('still', 'here')
      client.end()
      assert.equal(await server.rest(), 'stillhere')
      assert.equal((await record()).termination, '----')
    },
  },
  {
    claim: 'after an upgrade, a client that breaks off takes the server’s connection with it',
    needs,
    async run(scene) {
      const stage = await openTunnel(scene)
      stage.client.reset()
      assert.equal(await stage.server.ending(), 'reset')
      assert.equal((await stage.record()).termination, 'CD--')
      await assertServes(stage)
    },
  },
  {
    claim: 'after an upgrade, a server that breaks off takes the client’s connection with it',
    needs,
    async run(scene) {
      const stage = await openTunnel(scene)
      stage.server.reset()
      assert.equal(await stage.client.ending(), 'reset')
      assert.equal((await stage.record()).termination, 'SD--')
      await assertServes(stage)
    },
  },
  {
    claim: 'a server that refuses an upgrade is heard whole',
    needs,
    async run(scene) {
      const stage = await scene.open()
      const body = 'x'.repeat(100_000)
      stage.client.send(offer)
      const { wire } = await stage.origin.receive()
      wire.send(`HTTP/1.1 403 Forbidden\r\nContent-Length: ${body.length}\r\nX-Why: because\r\n\r\n`, body)
      const response = await readResponse(stage.client)
      assert.deepEqual([response.status, response.get('x-why'), response.body], [403, 'because', body])
      await assertServes(stage)
    },
  },
  {
    claim: 'a server that refuses an upgrade in chunks is heard whole',
    needs,
    async run(scene) {
      const { client, origin } = await scene.open()
      client.send(offer)
      const { wire } = await origin.receive()
      wire.send('HTTP/1.1 426 Upgrade Required\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n')
      const response = await readResponse(client)
      assert.deepEqual([response.status, response.body], [426, 'no'])
    },
  },
  {
    claim: 'a client that leaves before its upgrade is answered frees the server at once',
    needs,
    async run(scene) {
      const { client, origin, record } = await scene.open()
      client.send(offer)
      const { wire } = await origin.receive()
      client.reset()
      await wire.ending()
      assert.equal((await record()).termination, 'CH--')
    },
  },
  {
    claim: 'an upgrade request with a body goes on as a request with a body, without its Upgrade field',
    needs: ['upgrade-with-body'],
    async run(scene) {
      const stage = await scene.open()
      const fields = ['Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 5']
      const { request, response } = await pass(stage, `${requestText('POST /', ...fields)}hello`)
      assert.deepEqual([request.get('upgrade'), request.body, response.body], [undefined, 'hello', 'ok'])
      assert.doesNotMatch(request.get('connection') ?? '', /upgrade/i)
      assert.equal((await pass(stage, requestText('GET /'))).response.body, 'ok')
    },
  },
]
