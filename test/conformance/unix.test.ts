import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { readHead } from '../support/http-message.js'
import { RawOrigin } from '../support/raw-origin.js'
import { ownUnixBind } from '../support/setups.js'
import { pass, requestText, responseText, Scene, type Stage } from './scene.js'

/** Clients and the server are on Unix sockets. */
async function open(t: TestContext): Promise<Stage> {
  const origin = await RawOrigin.listen(t, 'unix')
  return { origin, ...(await new Scene(t, ownUnixBind).start({ s1: origin.address })) }
}

async function assertServes({ origin, connect }: Stage): Promise<void> {
  const { response } = await pass({ client: await connect(), origin }, requestText('GET /'), responseText('alive'))
  assert.equal(response.body, 'alive')
}

describe('HTTP over Unix sockets', () => {
  test('requests and responses pass', async (t) => {
    const stage = await open(t)
    for (const body of ['one', 'two']) {
      const text = requestText('POST /path', `Content-Length: ${body.length}`) + body
      const { request, response } = await pass(stage, text, responseText(body))
      assert.deepEqual([request.startLine, request.body, response.body], ['POST /path HTTP/1.1', body, body])
    }
  })

  test('a request of HTTP/1.0 without Host goes on with localhost', async (t) => {
    const stage = await open(t)
    const { request } = await pass(stage, 'GET / HTTP/1.0\r\n\r\n')
    assert.equal(request.get('host'), 'localhost')
  })

  test('a response that breaks off ends the client’s connection, and the proxy goes on', async (t) => {
    const stage = await open(t)
    stage.client.send(requestText('GET /'))
    const { wire } = await stage.origin.receive()
    wire.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nstart')
    await stage.client.through('start')
    wire.close()
    await stage.client.ending()
    assert.equal(stage.client.pending, '')
    assert.equal((await stage.record()).termination, 'SD--')
    await assertServes(stage)
  })

  test('a tunnel that breaks off ends the other side, and the proxy goes on', async (t) => {
    for (const side of ['client', 'server'] as const) {
      const stage = await open(t)
      stage.client.send(requestText('GET /', 'Connection: Upgrade', 'Upgrade: x'))
      const { wire } = await stage.origin.receive()
      wire.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
      assert.equal((await readHead(stage.client)).status, 101)
      const [leaving, staying] = side === 'client' ? [stage.client, wire] : [wire, stage.client]
      leaving.close()
      await staying.ending()
      await assertServes(stage)
    }
  })
})
