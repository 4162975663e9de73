import assert from 'node:assert/strict'
import type { HttpMessage } from '../../support/http-message.js'
import type { ProxyOptions } from '../../support/setups.js'
import { type Behaviour, pass, requestText, type Scene, type Stage } from '../scene.js'

/** Passes two requests of one client; gives the first as the server got it, and how many connections both took. */
async function passTwo(scene: Scene, options: ProxyOptions, client = (stage: Stage) => Promise.resolve(stage.client)) {
  const stage = await scene.open(options)
  const { request, response, server } = await pass({ ...stage, client: await client(stage) }, requestText('GET /'))
  return { stage, request, response, server }
}

/** Whether a message says that its connection ends. */
function closes(message: HttpMessage): boolean {
  return /close/i.test(message.get('connection') ?? '')
}

function serverCloses(where: string, options: ProxyOptions): Behaviour {
  return {
    claim: `${where} closes the server’s connection after each response, and says so; the client’s goes on`,
    async run(scene) {
      const { stage, request, response, server } = await passTwo(scene, options)
      assert.deepEqual([closes(request), closes(response)], [true, false])
      assert.equal(await server.ending(), 'end')
      assert.equal((await pass(stage, requestText('GET /'))).response.body, 'ok')
      assert.equal(stage.origin.wires.length, 2)
    },
  }
}

export const connectionModes: readonly Behaviour[] = [
  serverCloses('httpServerClose of a backend', { backend: { httpServerClose: true } }),
  serverCloses('httpServerClose of a frontend', { frontend: { httpServerClose: true } }),
  serverCloses('httpClose of a backend', { backend: { httpClose: true } }),
  {
    claim: 'httpClose of a frontend closes both connections after each response, and says so to both',
    async run(scene) {
      const { stage, request, response, server } = await passTwo(scene, { frontend: { httpClose: true } })
      assert.deepEqual([closes(request), closes(response)], [true, true])
      assert.equal(await stage.client.ending(), 'end')
      assert.equal(await server.ending(), 'end')
    },
  },
  {
    claim: 'the stronger word of frontend and backend counts',
    async run(scene) {
      const options = { frontend: { httpClose: true }, backend: { httpServerClose: true } }
      const { stage, response } = await passTwo(scene, options)
      assert.equal(closes(response), true)
      assert.equal(await stage.client.ending(), 'end')
    },
  },
  {
    claim: 'httpServerClose leaves a client of HTTP/1.0 its connection, where it asks for that',
    async run(scene) {
      const stage = await scene.open({ backend: { httpServerClose: true } })
      for (let i = 0; i < 2; i++) {
        const { response } = await pass(stage, 'GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n')
        assert.equal(response.get('connection')?.toLowerCase(), 'keep-alive')
      }
      assert.equal(stage.origin.wires.length, 2)
    },
  },
  {
    claim:
      'a connection to a server carries as many further requests as maxReuse says, and the last one says that it is',
    needs: ['pool-options'],
    async run(scene) {
      const stage = await scene.open({ backend: { maxReuse: 1 } })
      const said: boolean[] = []
      for (let i = 0; i < 4; i++) said.push(closes((await pass(stage, requestText('GET /'))).request))
      assert.deepEqual(said, [false, true, false, true])
      assert.equal(stage.origin.wires.length, 2)
      assert.equal(await stage.origin.wires[0]!.ending(), 'end')
    },
  },
  {
    claim: 'with a maxReuse of 0 each request has a connection of its own',
    needs: ['pool-options'],
    async run(scene) {
      const { stage, request, server } = await passTwo(scene, { backend: { maxReuse: 0 } })
      assert.equal(closes(request), true)
      assert.equal(await server.ending(), 'end')
      assert.equal((await pass(stage, requestText('GET /'))).response.body, 'ok')
    },
  },
  {
    claim: 'an idle connection to a server closes after poolPurgeDelay',
    needs: ['pool-options'],
    async run(scene) {
      const { server } = await passTwo(scene, { backend: { poolPurgeDelay: 30 } })
      assert.equal(await server.ending(), 'end')
    },
  },
  {
    claim: 'with a poolPurgeDelay of 0 no connection to a server is kept',
    needs: ['pool-options'],
    async run(scene) {
      const { server } = await passTwo(scene, { backend: { poolPurgeDelay: 0 } })
      assert.equal(await server.ending(), 'end')
    },
  },
  {
    claim: 'with a poolMaxConnections of 0 no connection to a server is kept',
    needs: ['idle-limit'],
    async run(scene) {
      const { server } = await passTwo(scene, { backend: { poolMaxConnections: 0 } })
      assert.equal(await server.ending(), 'end')
    },
  },
  {
    claim: 'httpReuse never: no client’s request rides on a connection that served another client',
    needs: ['reuse-modes'],
    async run(scene) {
      const stage = await scene.open({ backend: { httpReuse: 'never' } })
      const other = await stage.connect()
      for (const client of [stage.client, other, stage.client, other])
        await pass({ ...stage, client }, requestText('GET /'))
      assert.equal(stage.origin.wires.length, 2)
    },
  },
]
