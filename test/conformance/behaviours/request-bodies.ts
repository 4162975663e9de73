import assert from 'node:assert/strict'
import { chunk, type HttpMessage, readHead, readResponse } from '../../support/http-message.js'
import { chunks, digest, largeBody, pieces } from '../../support/large-body.js'
import { type Behaviour, pass, requestText, responseText, type Scene } from '../scene.js'

/** What the server gets of a request that is sent in these pieces. */
async function upload(scene: Scene, head: string, body: readonly (string | Buffer)[]): Promise<HttpMessage> {
  const { client, origin } = await scene.open()
  client.send(head, ...body)
  const { request, wire } = await origin.receive()
  wire.send(responseText())
  assert.equal((await readResponse(client)).body, 'ok')
  return request
}

export const requestBodies: readonly Behaviour[] = [
  {
    claim: 'a request body of known length arrives with its length',
    async run(scene) {
      const request = await upload(scene, requestText('POST /', 'Content-Length: 5'), ['hello'])
      assert.deepEqual(
        [request.get('content-length'), request.get('transfer-encoding'), request.body],
        ['5', undefined, 'hello'],
      )
    },
  },
  {
    claim: 'a chunked request body arrives chunked',
    async run(scene) {
      const text = [chunk('he'), '2;name=value\r\nll\r\n', chunk('o'), '0\r\n\r\n']
      const request = await upload(scene, requestText('PUT /', 'Transfer-Encoding: chunked'), text)
      assert.deepEqual([request.get('content-length'), request.isChunked, request.body], [undefined, true, 'hello'])
    },
  },
  {
    claim: 'an empty request body keeps Content-Length: 0',
    async run(scene) {
      const request = await upload(scene, requestText('POST /', 'Content-Length: 0'), [])
      assert.equal(request.get('content-length'), '0')
    },
  },
  {
    claim: 'an empty chunked request body arrives empty',
    async run(scene) {
      const request = await upload(scene, requestText('POST /', 'Transfer-Encoding: chunked'), ['0\r\n\r\n'])
      assert.equal(request.body, '')
      assert.ok(request.isChunked || request.get('content-length') === '0')
    },
  },
  {
    claim: 'a request without a body gets neither a length nor a coding',
    async run(scene) {
      for (const method of ['GET', 'HEAD', 'DELETE']) {
        const { request } = await pass(await scene.open(), requestText(`${method} /`), responseText(''))
        assert.deepEqual([request.get('content-length'), request.get('transfer-encoding')], [undefined, undefined])
      }
    },
  },
  {
    claim: 'a GET with a body passes',
    async run(scene) {
      const known = await upload(scene, requestText('GET /', 'Content-Length: 5'), ['hello'])
      assert.equal(known.body, 'hello')
      const text = [chunk('hello'), '0\r\n\r\n']
      const unknown = await upload(scene, requestText('GET /', 'Transfer-Encoding: chunked'), text)
      assert.equal(unknown.body, 'hello')
    },
  },
  {
    claim: 'a large request body of known length arrives unharmed',
    async run(scene) {
      const head = requestText('POST /', `Content-Length: ${largeBody.length}`)
      assert.equal(digest((await upload(scene, head, pieces(largeBody))).body), digest(largeBody))
    },
  },
  {
    claim: 'a large chunked request body arrives unharmed',
    async run(scene) {
      const head = requestText('POST /', 'Transfer-Encoding: chunked')
      assert.equal(digest((await upload(scene, head, chunks(largeBody))).body), digest(largeBody))
    },
  },
  {
    claim: 'a request body goes on as it comes, not when it is whole',
    async run(scene) {
      const { client, origin } = await scene.open()
      client.send(requestText('POST /', 'Content-Length: 6'))
      const wire = await origin.accept()
      for (const piece of ['one', 'two']) {
        client.send(piece)
        await wire.through(piece)
      }
      wire.send(responseText())
      assert.equal((await readResponse(client)).body, 'ok')
    },
  },
  {
    claim: 'a request’s head goes on before its body has begun',
    needs: ['head-before-body'],
    async run(scene) {
      const { client, origin } = await scene.open()
      client.send(requestText('POST /', 'Content-Length: 5'))
      assert.equal((await readHead(await origin.accept())).startLine, 'POST / HTTP/1.1')
    },
  },
  {
    claim: 'trailers of a request arrive',
    needs: ['request-trailers'],
    async run(scene) {
      const text = [`${chunk('hello')}0\r\nX-Sum: 5d41\r\n\r\n`]
      const request = await upload(scene, requestText('POST /', 'Transfer-Encoding: chunked', 'Trailer: X-Sum'), text)
      assert.deepEqual([request.body, request.trailers], ['hello', [['X-Sum', '5d41']]])
    },
  },
]
