import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { chunk, readResponse } from '../../support/http-message.js'
import { turn } from '../../support/within.js'
import { type Behaviour, pass, requestText, responseText } from '../scene.js'

const chunkedText = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('hel')}${chunk('lo')}0\r\n\r\n`

export const connections: readonly Behaviour[] = [
  {
    claim: 'a client connection serves several requests',
    async run(scene) {
      const stage = await scene.open()
      for (const body of ['one', 'two', 'three']) {
        const { response } = await pass(stage, requestText('GET /'), responseText(body))
        assert.equal(response.body, body)
      }
      assert.equal(stage.client.hasEnded, false)
    },
  },
  {
    claim: 'requests with bodies follow each other on one client connection',
    async run(scene) {
      const stage = await scene.open()
      for (const body of ['one', '', 'three']) {
        const text = requestText('POST /', `Content-Length: ${body.length}`) + body
        const { request, response } = await pass(stage, text, responseText(body))
        assert.deepEqual([request.body, response.body], [body, body])
      }
    },
  },
  {
    claim: 'pipelined requests are answered in their order, whichever answer is ready first',
    async run(scene) {
      const { client, origin } = await scene.open()
      origin.answerAll(async ({ startLine }) => {
        const rank = Number(startLine.split(/[ /]+/)[1])
        for (let i = 0; i < 60 - 10 * rank; i++) await turn()
        return responseText(startLine)
      })
      const paths = ['/1', '/2', '/3', '/4', '/5']
      client.send(paths.map((path) => requestText(`GET ${path}`)).join(''))
      for (const path of paths) assert.equal((await readResponse(client)).body, `GET ${path} HTTP/1.1`)
    },
  },
  {
    claim: 'a request whose beginning came with the request before is read to its end',
    async run(scene) {
      const { client, origin } = await scene.open()
      origin.answerAll(({ startLine, body }) => responseText(`${startLine} ${body}`))
      client.send(
        `${requestText('POST /1', 'Content-Length: 2')}hi${requestText('POST /2', 'Content-Length: 2').slice(0, -4)}`,
      )
      assert.equal((await readResponse(client)).body, 'POST /1 HTTP/1.1 hi')
      client.send('\r\n\r\nh')
      await turn()
      client.send(`o${requestText('GET /3').slice(0, 3)}`)
      assert.equal((await readResponse(client)).body, 'POST /2 HTTP/1.1 ho')
      client.send(requestText('GET /3').slice(3))
      assert.equal((await readResponse(client)).body, 'GET /3 HTTP/1.1 ')
    },
  },
  {
    claim: 'pipelined requests with bodies keep their bodies',
    async run(scene) {
      const { client, origin } = await scene.open()
      origin.answerAll(({ startLine, body }) => responseText(`${startLine} ${body}`))
      const bodies = ['first', 'second', 'third']
      client.send(bodies.map((body) => requestText('POST /', `Content-Length: ${body.length}`) + body).join(''))
      for (const body of bodies) assert.equal((await readResponse(client)).body, `POST / HTTP/1.1 ${body}`)
    },
  },
  {
    claim: 'a client that asks for it has its connection closed after the response',
    async run(scene) {
      const { client, origin } = await scene.open()
      origin.answerAll(() => responseText('bye'))
      client.send(requestText('GET /', 'Connection: close'))
      const response = await readResponse(client)
      assert.deepEqual([response.get('connection'), response.body], ['close', 'bye'])
      assert.equal(await client.ending(), 'end')
    },
  },
  {
    claim: 'a client of HTTP/1.0 gets its response, and the end of the connection',
    async run(scene) {
      const { client, origin } = await scene.open()
      const requests = origin.answerAll(() => responseText('hello'))
      client.send('GET /old HTTP/1.0\r\nHost: a.test\r\n\r\n')
      const response = await readResponse(client)
      assert.deepEqual([response.status, response.body], [200, 'hello'])
      assert.equal(await client.ending(), 'end')
      assert.equal(requests[0]!.startLine, 'GET /old HTTP/1.1')
    },
  },
  {
    claim: 'a client of HTTP/1.0 never gets chunks: its response ends with the connection',
    async run(scene) {
      for (const field of ['X-Nothing: 1', 'Connection: keep-alive']) {
        const { client, origin } = await scene.open()
        origin.answerAll(() => chunkedText)
        client.send(`GET / HTTP/1.0\r\nHost: a.test\r\n${field}\r\n\r\n`)
        const response = await readResponse(client)
        assert.deepEqual([response.get('transfer-encoding'), response.body], [undefined, 'hello'])
        assert.notEqual(response.get('connection'), 'keep-alive')
        assert.equal(await client.ending(), 'end')
      }
    },
  },
  {
    claim: 'a client of HTTP/1.0 that asks for it keeps its connection',
    async run(scene) {
      const { client, origin } = await scene.open()
      origin.answerAll(({ startLine }) => responseText(startLine))
      for (const path of ['/1', '/2']) {
        client.send(`GET ${path} HTTP/1.0\r\nHost: a.test\r\nConnection: Keep-Alive\r\n\r\n`)
        const response = await readResponse(client)
        assert.equal(response.get('connection')?.toLowerCase(), 'keep-alive')
        assert.equal(response.body, `GET ${path} HTTP/1.1`)
      }
    },
  },
  {
    claim: 'a request of HTTP/1.0 without Host goes on with the server’s address as Host',
    async run(scene) {
      const { client, origin } = await scene.open()
      const requests = origin.answerAll(() => responseText())
      client.send('GET / HTTP/1.0\r\n\r\n')
      assert.equal((await readResponse(client)).body, 'ok')
      assert.equal(requests[0]!.get('host'), origin.address)
    },
  },
  {
    claim: 'a client that ends its side after its request gets the response all the same, if it does not count as gone',
    needs: ['half-closed-client'],
    async run(scene) {
      const { client, origin } = await scene.open({ backend: { abortOnClose: false } })
      client.end(requestText('GET /'))
      const { wire } = await origin.receive()
      wire.send(responseText('for you'))
      assert.equal((await readResponse(client)).body, 'for you')
      assert.equal(await client.ending(), 'end')
    },
  },
  {
    claim: 'the log tells how long a head took to arrive',
    needs: ['time-of-head'],
    async run(scene) {
      const { client, origin, record } = await scene.open()
      origin.answerAll(() => responseText())
      client.send('GET / HTTP/1.1\r\n')
      await delay(20)
      client.send('Host: a.test\r\n\r\n')
      await readResponse(client)
      assert.ok((await record()).TR >= 10)
    },
  },
  {
    claim: 'requests of several clients at once each get their own response',
    async run(scene) {
      const { connect, origin } = await scene.open()
      origin.answerAll(async ({ startLine }) => {
        for (let i = 0; i < startLine.length % 7; i++) await turn()
        return responseText(startLine)
      })
      const clients = await Promise.all(Array.from({ length: 20 }, connect))
      for (let round = 0; round < 3; round++) {
        const bodies = clients.map(async (client, i) => {
          client.send(requestText(`GET /${'x'.repeat(i)}${round}`))
          return (await readResponse(client)).body
        })
        const expected = clients.map((_, i) => `GET /${'x'.repeat(i)}${round} HTTP/1.1`)
        assert.deepEqual(await Promise.all(bodies), expected)
      }
    },
  },
]
