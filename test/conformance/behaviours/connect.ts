import assert from 'node:assert/strict'
import { readHead, readResponse } from '../../support/http-message.js'
import { type Behaviour, pass, requestText, responseText } from '../scene.js'

const needs = ['connect-refusal', 'connect']
const options = { frontend: { allowConnect: true } }
const text = 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nProxy-Authorization: Basic eA==\r\n\r\n'

export const connect: readonly Behaviour[] = [
  {
    claim: 'CONNECT, where it is allowed, arrives, and a server that agrees has a tunnel to the client',
    needs,
    async run(scene) {
      const { client, origin, record } = await scene.open(options)
      client.send(`${text}hello`)
      const { request, wire } = await origin.receive()
      assert.deepEqual(
        [request.startLine, request.get('host'), request.get('proxy-authorization')],
        ['CONNECT a.test:443 HTTP/1.1', 'a.test:443', 'Basic eA=='],
      )
      wire.send('HTTP/1.1 200 Connected\r\nX-A: 1\r\nContent-Length: 3\r\n\r\nraw')
      const response = await readHead(client)
      assert.deepEqual([response.startLine, response.get('x-a')], ['HTTP/1.1 200 Connected', '1'])
      // A length would make a reader wait for a body (RFC 9110 9.3.6).
      assert.equal(response.get('content-length'), undefined)
      assert.deepEqual([await client.bytes(3), await wire.bytes(5)], ['raw', 'hello'])
      client.end('bye')
      assert.equal(await wire.rest(), 'bye')
      wire.end()
      assert.equal(await client.rest(), '')
      const { status, bytesIn, bytesOut, termination } = await record()
      assert.deepEqual([status, bytesIn, bytesOut, termination], [200, 8, 3, '----'])
    },
  },
  {
    claim: 'a server that refuses CONNECT is heard, and what was meant for the tunnel is no request',
    needs,
    async run(scene) {
      const { client, origin, connect: another } = await scene.open(options)
      client.send(text, requestText('GET /smuggled'))
      const { wire } = await origin.receive()
      wire.send('HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 2\r\n\r\nno')
      const response = await readResponse(client)
      assert.deepEqual([response.status, response.body, response.get('connection')], [405, 'no', 'close'])
      assert.equal(await client.ending(), 'end')
      const next = await pass({ client: await another(), origin }, requestText('GET /next'), responseText('alive'))
      assert.equal(next.request.startLine, 'GET /next HTTP/1.1')
    },
  },
  {
    claim: 'CONNECT with a body: 501',
    needs,
    async run(scene) {
      const { client, origin } = await scene.open(options)
      client.send(text.replace('\r\n\r\n', '\r\nContent-Length: 5\r\n\r\nhello'))
      assert.equal((await readResponse(client)).status, 501)
      await client.ending()
      assert.equal(origin.wires.length, 0)
    },
  },
]
