import assert from 'node:assert/strict'
import type { BackendOptions, FrontendOptions } from '../../../src/index.js'
import { digest, largeBody } from '../../support/large-body.js'
import { closedAddress } from '../../support/loopback.js'
import { Pour } from '../../support/pour.js'
import { RawOrigin } from '../../support/raw-origin.js'
import type { ProxyOptions } from '../../support/setups.js'
import { silentName } from '../../support/silent-name.js'
import type { Wire } from '../../support/wire.js'
import { until } from '../../support/within.js'
import type { Behaviour, Scene, Stage } from '../scene.js'

function tcp(options: { frontend?: FrontendOptions; backend?: BackendOptions } = {}): ProxyOptions {
  return { frontend: { mode: 'tcp', ...options.frontend }, backend: { mode: 'tcp', ...options.backend } }
}

/** A client and the server that it is joined to. */
async function open(scene: Scene, options = tcp()): Promise<Stage & { server: Wire }> {
  const stage = await scene.open(options)
  return { ...stage, server: await stage.origin.accept() }
}

/** The same, and something has passed: a reset at once could still look like a failed attempt to connect. */
async function openUsed(scene: Scene): Promise<Stage & { server: Wire }> {
  const stage = await open(scene)
  stage.client.send('a')
  await stage.server.bytes(1)
  return stage
}

/** The proxy serves as before. */
async function assertServes({ origin, connect }: Stage): Promise<void> {
  const client = await connect()
  const server = await origin.accept()
  client.send('alive')
  assert.equal(await server.bytes(5), 'alive')
}

/** Everything that holds for connections in TCP mode. */
export const tunnels: readonly Behaviour[] = [
  {
    claim: 'bytes pass both ways at once, unharmed',
    async run(scene) {
      const { client, server } = await open(scene)
      client.send(largeBody)
      server.send(largeBody)
      for (const text of await Promise.all([client.bytes(largeBody.length), server.bytes(largeBody.length)])) {
        assert.equal(digest(text), digest(largeBody))
      }
    },
  },
  {
    claim: 'bytes pass as they come',
    async run(scene) {
      const { client, server } = await open(scene)
      for (const word of ['EHLO\r\n', '\0\xff', 'x']) {
        client.send(word)
        assert.equal(await server.bytes(word.length), word)
        server.send(word)
        assert.equal(await client.bytes(word.length), word)
      }
    },
  },
  {
    claim: 'a server may speak first',
    async run(scene) {
      const { client, server } = await open(scene)
      server.send('220 ready\r\n')
      assert.equal(await client.through('\r\n'), '220 ready\r\n')
    },
  },
  {
    claim: 'the end that a client sends reaches the server, which may go on sending',
    async run(scene) {
      const { client, server, record } = await open(scene)
      client.end('question')
      assert.equal(await server.rest(), 'question')
      await server.sendSlowly('ans', 'wer')
      server.end()
      assert.equal(await client.rest(), 'answer')
      const { termination, bytesIn, bytesOut } = await record()
      assert.deepEqual([termination, bytesIn, bytesOut], ['----', 8, 6])
    },
  },
  {
    claim: 'the end that a server sends reaches the client, which may go on sending',
    async run(scene) {
      const { client, server, record } = await open(scene)
      server.end('greeting')
      assert.equal(await client.rest(), 'greeting')
      await client.sendSlowly('ans', 'wer')
      client.end()
      assert.equal(await server.rest(), 'answer')
      assert.equal((await record()).termination, '----')
    },
  },
  {
    claim: 'what a server sent before its end arrives whole',
    async run(scene) {
      const { client, server } = await open(scene)
      server.send(largeBody).end()
      assert.equal(digest(await client.rest()), digest(largeBody))
    },
  },
  {
    claim: 'a client that ends at once, with all that it has to say, is heard whole',
    async run(scene) {
      const { connect, origin } = await open(scene)
      const client = await connect()
      client.send(largeBody).end()
      const server = await origin.accept()
      assert.equal(digest(await server.rest()), digest(largeBody))
    },
  },
  {
    claim: 'connections to a server that refuses go to another one',
    async run(scene) {
      const live = await RawOrigin.listen(scene.t)
      const { host, port } = await closedAddress()
      const stage = await scene.start({ dead: `${host}:${port}`, live: live.address }, tcp())
      let redispatched = 0
      for (let i = 0; i < 4; i++) {
        const client = i === 0 ? stage.client : await stage.connect()
        const server = await live.accept()
        client.end()
        server.end()
        await Promise.all([client.ending(), server.ending()])
        const record = await stage.record()
        assert.deepEqual([record.server, record.termination], ['live', '----'])
        if (record.redispatched) redispatched++
      }
      assert.ok(redispatched > 0)
    },
  },
  {
    claim: 'a client for whom no server accepts is let go',
    async run(scene) {
      const { host, port } = await closedAddress()
      const options = tcp({ backend: { retries: 0 } })
      const { client, record } = await scene.start({ s1: `${host}:${port}` }, options)
      await client.ending()
      assert.equal(client.pending, '')
      assert.equal((await record()).termination, 'SC--')
    },
  },
  {
    claim: 'a connection on which nothing passes for too long is broken on both sides',
    async run(scene) {
      const { client, server, record } = await open(scene, tcp({ backend: { timeout: { tunnel: '200ms' } } }))
      client.send('a')
      await server.bytes(1)
      await Promise.all([client.ending(), server.ending()])
      assert.equal((await record()).termination, 'cD--')
    },
  },
  {
    claim: 'of 64 MB that a client does not read, no more than 24 MB leave the server',
    async run(scene) {
      const { client, server } = await open(scene)
      await assertHeldBack(scene, server, client)
    },
  },
  {
    claim: 'of 64 MB that a server does not read, no more than 24 MB leave the client',
    async run(scene) {
      const { client, server } = await open(scene)
      await assertHeldBack(scene, client, server)
    },
  },
  {
    claim: 'servers behind Unix sockets serve',
    async run(scene) {
      const origin = await RawOrigin.listen(scene.t, 'unix')
      const { client } = await scene.start({ s1: origin.address }, tcp())
      const server = await origin.accept()
      client.end('question')
      assert.equal(await server.rest(), 'question')
      server.end('answer')
      assert.equal(await client.rest(), 'answer')
    },
  },
]

/** What a Unix socket can't tell from an end. */
export const breaks: readonly Behaviour[] = [
  {
    claim: 'a client that breaks off takes the server’s connection with it',
    async run(scene) {
      const stage = await openUsed(scene)
      stage.client.reset()
      assert.equal(await stage.server.ending(), 'reset')
      assert.equal((await stage.record()).termination, 'CD--')
      assert.equal(stage.backend.server('s1').served, 0)
      await assertServes(stage)
    },
  },
  {
    claim: 'a server that breaks off takes the client’s connection with it',
    async run(scene) {
      const stage = await openUsed(scene)
      stage.server.reset()
      assert.equal(await stage.client.ending(), 'reset')
      assert.equal((await stage.record()).termination, 'SD--')
      assert.equal(stage.backend.server('s1').served, 0)
      await assertServes(stage)
    },
  },
  {
    claim: 'a client that leaves while a server is being connected to frees its place at once',
    async run(scene) {
      const { client, backend, record } = await scene.start({ s1: `${silentName(scene.t)}:80` }, tcp())
      const server = backend.server('s1')
      await until(() => server.served > 0, 'no server was chosen')
      client.reset()
      assert.equal((await record()).termination, 'CC--')
      assert.equal(server.served, 0)
    },
  },
]

async function assertHeldBack(scene: Scene, from: Wire, to: Wire): Promise<void> {
  to.socket.pause()
  const pour = new Pour(from.socket)
  await pour.stuck()
  scene.t.diagnostic(`left: ${(pour.sent / 2 ** 20).toFixed(1)} MB`)
  assert.ok(pour.sent < Pour.bound)
  to.socket.resume()
  await pour.takeAll(to)
}
