import assert from 'node:assert/strict'
import { type HttpMessage, readHead, readRequest, readResponse } from '../../support/http-message.js'
import { closedAddress } from '../../support/loopback.js'
import type { Wire } from '../../support/wire.js'
import { type Behaviour, requestText, responseText } from '../scene.js'

/** The first final response, after any number of others. */
async function finalResponse(client: Wire): Promise<HttpMessage> {
  for (;;) {
    const response = await readResponse(client)
    if (response.status >= 200) return response
  }
}

/** Sends what a client still owes of its request, and another request: that is answered, or the connection is over. */
async function assertDoesNotHang(client: Wire, owed: string): Promise<void> {
  client.send(owed, requestText('GET /next'))
  const next = await Promise.race([client.ending(), readHead(client).catch(() => client.ending())])
  if (typeof next !== 'string') assert.equal(next.status, 200)
}

const hints = 'HTTP/1.1 103 Early Hints\r\n'

export const earlyResponses: readonly Behaviour[] = [
  {
    claim: 'a client that expects 100 Continue gets it once a server is there, and sends its body then',
    async run(scene) {
      const { client, origin } = await scene.open()
      client.send(requestText('POST /', 'Expect: 100-continue', 'Content-Length: 5'))
      const wire = await origin.accept()
      // A server that sees the field says 100 itself.
      wire.news().then(() => /expect:/i.test(wire.pending) && wire.send('HTTP/1.1 100 Continue\r\n\r\n'))
      assert.equal((await readHead(client)).startLine, 'HTTP/1.1 100 Continue')
      assert.doesNotMatch(wire.pending, /hello/)
      client.send('hello')
      assert.equal((await readRequest(wire)).body, 'hello')
      wire.send(responseText('thanks'))
      assert.equal((await readResponse(client)).body, 'thanks')
    },
  },
  {
    claim: 'Expect reaches the server, and the server’s 100 the client',
    needs: ['expect-continue-end-to-end', 'late-continue'],
    async run(scene) {
      const { client, origin } = await scene.open()
      client.send(requestText('POST /', 'Expect: 100-continue', 'Content-Length: 5'))
      const wire = await origin.accept()
      assert.equal((await readHead(wire)).get('expect'), '100-continue')
      assert.equal(client.pending, '')
      wire.send('HTTP/1.1 100 Continue\r\n\r\n')
      assert.equal((await readHead(client)).status, 100)
      client.send('hello')
      assert.equal(await wire.bytes(5), 'hello')
    },
  },
  {
    claim: 'a server that refuses an expected body early is heard at once',
    async run(scene) {
      for (const refusal of ['417 Expectation Failed', '403 Forbidden']) {
        const { client, origin } = await scene.open()
        client.send(requestText('POST /', 'Expect: 100-continue', 'Content-Length: 5'))
        const wire = await origin.accept()
        origin.answerAll(() => responseText())
        wire.send(`HTTP/1.1 ${refusal}\r\nContent-Length: 2\r\n\r\nno`)
        const response = await finalResponse(client)
        assert.deepEqual([response.startLine, response.body], [`HTTP/1.1 ${refusal}`, 'no'])
        await assertDoesNotHang(client, 'hello')
      }
    },
  },
  {
    claim: 'a 503 in the place of an expected 100 closes the connection: nobody knows whether a body follows',
    needs: ['late-continue'],
    async run(scene) {
      const { host, port } = await closedAddress()
      const { client } = await scene.start({ s1: `${host}:${port}` }, { backend: { retries: 0 } })
      client.send(requestText('POST /', 'Expect: 100-continue', 'Content-Length: 5'))
      const response = await readResponse(client)
      assert.deepEqual([response.status, response.get('connection')], [503, 'close'])
      assert.equal(await client.ending(), 'end')
    },
  },
  {
    claim: 'a response that comes while the client still uploads is passed on, and nothing hangs',
    async run(scene) {
      const { client, origin } = await scene.open()
      const half = 'x'.repeat(512 * 1024)
      client.send(requestText('POST /', `Content-Length: ${2 * half.length}`), half)
      const wire = await origin.accept()
      origin.answerAll(() => responseText())
      await readHead(wire)
      wire.send('HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nstop')
      const response = await readResponse(client)
      assert.deepEqual([response.status, response.body], [413, 'stop'])
      await assertDoesNotHang(client, half)
    },
  },
  {
    claim: 'a response that comes while the client still uploads, from a server that closes, is passed on',
    async run(scene) {
      const { client, origin } = await scene.open()
      const half = 'x'.repeat(512 * 1024)
      client.send(requestText('POST /', 'Transfer-Encoding: chunked'), `${half.length.toString(16)}\r\n${half}\r\n`)
      const wire = await origin.accept()
      origin.answerAll(() => responseText())
      await readHead(wire)
      wire.end('HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 4\r\n\r\nstop')
      const response = await readResponse(client)
      assert.deepEqual([response.status, response.body], [413, 'stop'])
      await assertDoesNotHang(client, '0\r\n\r\n')
    },
  },
  {
    claim: 'early hints arrive with their fields before the final response is there',
    async run(scene) {
      const { client, origin } = await scene.open()
      client.send(requestText('GET /'))
      const { wire } = await origin.receive()
      wire.send(`${hints}Link: </a.css>; rel=preload\r\nlink: </b.js>\r\n\r\n`)
      const early = await readHead(client)
      assert.deepEqual([early.status, early.all('link')], [103, ['</a.css>; rel=preload', '</b.js>']])
      wire.send(responseText())
      assert.equal((await readResponse(client)).body, 'ok')
    },
  },
  {
    claim: 'several informational responses arrive in their order',
    async run(scene) {
      const { client, origin } = await scene.open()
      client.send(requestText('GET /'))
      const { wire } = await origin.receive()
      const texts = [`${hints}X-N: 1\r\n\r\n`, 'HTTP/1.1 102 Processing\r\n\r\n', `${hints}X-N: 2\r\n\r\n`]
      wire.send(texts.join('') + responseText())
      const starts: string[] = []
      for (const _ of texts) starts.push(await client.through('\r\n\r\n'))
      assert.deepEqual(starts, texts)
      assert.equal((await readResponse(client)).body, 'ok')
    },
  },
  {
    claim: 'a client of HTTP/1.0 gets no informational response',
    async run(scene) {
      const { client, origin } = await scene.open()
      origin.answerAll(() => `${hints}X-N: 1\r\n\r\n${responseText()}`)
      client.send('GET / HTTP/1.0\r\nHost: a.test\r\n\r\n')
      assert.equal((await readResponse(client)).status, 200)
    },
  },
  {
    claim: 'a 100 that nobody asked for is passed on or dropped, and the response arrives',
    needs: ['unasked-100-continue'],
    async run(scene) {
      const { client, origin } = await scene.open()
      origin.answerAll(() => `HTTP/1.1 100 Continue\r\n\r\n${responseText()}`)
      client.send(requestText('GET /'))
      assert.equal((await finalResponse(client)).body, 'ok')
    },
  },
]
