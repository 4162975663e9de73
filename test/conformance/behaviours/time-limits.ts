import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { readHead, readResponse } from '../../support/http-message.js'
import { type Behaviour, pass, requestText, responseText } from '../scene.js'

/** Long enough for what comes before it on loopback, short enough to wait for. */
const short = '200ms'

export const timeLimits: readonly Behaviour[] = [
  {
    claim: 'a head that is not whole in time gets 408, and the end of the connection',
    needs: ['own-time-limits'],
    async run(scene) {
      const { client } = await scene.open({ frontend: { timeout: { httpRequest: short } } })
      client.send('GET / HTTP/1.1\r\nHost: a.te')
      assert.equal((await readResponse(client)).status, 408)
      assert.equal(await client.ending(), 'end')
    },
  },
  {
    claim: 'a kept connection on which nothing comes for too long is closed without a word',
    needs: ['own-time-limits'],
    async run(scene) {
      const stage = await scene.open({ frontend: { timeout: { httpKeepAlive: short } } })
      await pass(stage, requestText('GET /'))
      assert.equal(await stage.client.rest(), '')
    },
  },
  {
    claim: 'a client that stops in the middle of its upload gets 408',
    async run(scene) {
      const { client, origin, record } = await scene.open({ frontend: { timeout: { client: short } } })
      client.send(requestText('POST /', 'Content-Length: 10'), 'start')
      const wire = await origin.accept()
      assert.equal((await readHead(client)).status, 408)
      await wire.ending()
      assert.equal((await record()).failure, 'client-timeout')
    },
  },
  {
    claim: 'a server that does not answer in time: 504, and its connection is closed',
    async run(scene) {
      const { client, origin, record } = await scene.open({ backend: { timeout: { server: short } } })
      client.send(requestText('GET /'))
      const { wire } = await origin.receive()
      assert.equal((await readResponse(client)).status, 504)
      await wire.ending()
      assert.equal((await record()).termination, 'sH--')
    },
  },
  {
    claim: 'a server that stops in the middle of its response leaves none that looks whole',
    async run(scene) {
      const { client, origin, record } = await scene.open({ backend: { timeout: { server: short } } })
      client.send(requestText('GET /'))
      const { wire } = await origin.receive()
      wire.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nstart\r\n')
      await client.through('start')
      await Promise.all([client.ending(), wire.ending()])
      assert.equal(client.pending, '\r\n')
      assert.equal((await record()).termination, 'sD--')
    },
  },
  {
    claim: 'a tunnel in which nothing passes for too long is broken on both sides',
    needs: ['upgrade'],
    async run(scene) {
      const { client, origin } = await scene.open({ backend: { timeout: { tunnel: short } } })
      client.send(requestText('GET /', 'Connection: Upgrade', 'Upgrade: x'))
      const { wire } = await origin.receive()
      wire.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
      assert.deepEqual(await Promise.all([client.ending(), wire.ending()]), ['reset', 'reset'])
    },
  },
  {
    claim: 'events that keep coming are not cut off by the time limits',
    async run(scene) {
      const options = { frontend: { timeout: { client: '500ms' } }, backend: { timeout: { server: '500ms' } } }
      const { client, origin } = await scene.open(options)
      client.send(requestText('GET /'))
      const { wire } = await origin.receive()
      wire.send('HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n')
      // Together they take longer than the limits, each of them much less.
      for (const piece of ['one', 'two', 'six', 'ten', 'end']) {
        await delay(125)
        wire.send(piece)
        await client.through(piece)
      }
      assert.equal((await pass({ client, origin }, requestText('GET /'), responseText('next'))).response.body, 'next')
    },
  },
]
