import assert from 'node:assert/strict'
import { chunk, type HttpMessage, readHead, readResponse } from '../../support/http-message.js'
import { chunks, digest, largeBody, pieces } from '../../support/large-body.js'
import { type Behaviour, pass, requestText, responseText, type Scene } from '../scene.js'

/** What the client gets of a response that is sent in these pieces, to a GET. */
async function download(scene: Scene, body: readonly (string | Buffer)[], end = false): Promise<HttpMessage> {
  const { client, origin } = await scene.open()
  client.send(requestText('GET /'))
  const { wire } = await origin.receive()
  wire.send(...body)
  if (end) wire.end()
  return readResponse(client)
}

export const responseBodies: readonly Behaviour[] = [
  {
    claim: 'a response body of known length arrives with its length',
    async run(scene) {
      const response = await download(scene, [responseText('hello')])
      assert.deepEqual(
        [response.get('content-length'), response.get('transfer-encoding'), response.body],
        ['5', undefined, 'hello'],
      )
    },
  },
  {
    claim: 'a chunked response body arrives chunked',
    async run(scene) {
      const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
      const response = await download(scene, [head, chunk('he'), '2;name=value\r\nll\r\n', chunk('o'), '0\r\n\r\n'])
      assert.deepEqual([response.get('content-length'), response.isChunked, response.body], [undefined, true, 'hello'])
    },
  },
  {
    claim: 'a response body that ends with the server’s connection arrives whole',
    async run(scene) {
      const response = await download(scene, ['HTTP/1.1 200 OK\r\n\r\n', 'hel', 'lo'], true)
      assert.deepEqual([response.get('content-length'), response.body], [undefined, 'hello'])
    },
  },
  {
    claim: 'empty response bodies arrive empty, however they are framed',
    async run(scene) {
      const known = await download(scene, [responseText('')])
      assert.deepEqual([known.get('content-length'), known.body], ['0', ''])
      const chunked = await download(scene, ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'])
      assert.equal(chunked.body, '')
      const closed = await download(scene, ['HTTP/1.1 200 OK\r\n\r\n'], true)
      assert.equal(closed.body, '')
    },
  },
  {
    claim: 'a large response body of known length arrives unharmed',
    async run(scene) {
      const head = `HTTP/1.1 200 OK\r\nContent-Length: ${largeBody.length}\r\n\r\n`
      assert.equal(digest((await download(scene, [head, ...pieces(largeBody)])).body), digest(largeBody))
    },
  },
  {
    claim: 'a large chunked response body arrives unharmed',
    async run(scene) {
      const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
      assert.equal(digest((await download(scene, [head, ...chunks(largeBody)])).body), digest(largeBody))
    },
  },
  {
    claim: 'a large response body that ends with the server’s connection arrives unharmed',
    async run(scene) {
      const response = await download(scene, ['HTTP/1.1 200 OK\r\n\r\n', ...pieces(largeBody)], true)
      assert.equal(digest(response.body), digest(largeBody))
    },
  },
  {
    claim: 'the response to HEAD keeps its Content-Length and has no body',
    async run(scene) {
      const stage = await scene.open()
      const head = 'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n'
      const { response } = await pass(stage, requestText('HEAD /'), head)
      assert.equal(response.get('content-length'), '5000')
      // What comes next on the connection is the next response, not a body.
      const { response: next } = await pass(stage, requestText('GET /'), responseText('next'))
      assert.equal(next.body, 'next')
    },
  },
  {
    claim: 'a 204 has no body and no length',
    async run(scene) {
      const stage = await scene.open()
      const { response } = await pass(stage, requestText('GET /'), 'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n')
      assert.deepEqual(
        [response.startLine, response.get('x-a'), response.get('content-length'), response.isChunked],
        ['HTTP/1.1 204 No Content', '1', undefined, false],
      )
      const { response: next } = await pass(stage, requestText('GET /'), responseText('next'))
      assert.equal(next.body, 'next')
    },
  },
  {
    claim: 'a 304 keeps its Content-Length and has no body',
    async run(scene) {
      const stage = await scene.open()
      const head = 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\nETag: "a"\r\n\r\n'
      const { response } = await pass(stage, requestText('GET /'), head)
      assert.deepEqual([response.get('content-length'), response.get('etag')], ['5000', '"a"'])
    },
  },
  {
    claim: 'trailers of a response arrive',
    async run(scene) {
      const response = await download(scene, [
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, x-other\r\n\r\n',
        `${chunk('hello')}0\r\nX-Sum: 5d41\r\nx-other: 1\r\n\r\n`,
      ])
      assert.equal(response.body, 'hello')
      assert.deepEqual(response.trailers, [
        ['X-Sum', '5d41'],
        ['x-other', '1'],
      ])
    },
  },
  {
    claim: 'events go on as they come: the client has each before the server sends the next',
    async run(scene) {
      const { client, origin } = await scene.open()
      client.send(requestText('GET /events', 'Accept: text/event-stream'))
      const { wire } = await origin.receive()
      wire.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
      assert.equal((await readHead(client)).get('content-type'), 'text/event-stream')
      for (const event of ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']) {
        wire.send(chunk(event))
        await client.through(event)
      }
      wire.send('0\r\n\r\n')
      assert.match(await client.through('0\r\n\r\n'), /^(?:\r\n)?0\r\n\r\n$/)
    },
  },
]
