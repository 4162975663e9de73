import assert from 'node:assert/strict'
import { readHead } from '../../support/http-message.js'
import { type Behaviour, pass, requestText, responseText, type Scene } from '../scene.js'

/** Nothing of such a request reaches a server, its client gets that status and the end of its connection. */
async function assertRefused(scene: Scene, status: number, text: string): Promise<void> {
  const { client, origin, connect } = await scene.open()
  client.send(text)
  const { status: received } = await readHead(client)
  assert.equal(received, status, JSON.stringify(text.slice(0, 100)))
  // Whatever follows on the connection can't be told from the rest of the bad request.
  await client.ending()
  assert.equal(origin.wires.length, 0)
  const { response: next } = await pass(
    { client: await connect(), origin },
    requestText('GET /'),
    responseText('alive'),
  )
  assert.equal(next.body, 'alive')
}

function refuses(what: string, status: number, ...texts: string[]): Behaviour {
  return {
    claim: `${what}: ${status}`,
    async run(scene) {
      for (const text of texts) await assertRefused(scene, status, text)
    },
  }
}

export const refusals: readonly Behaviour[] = [
  refuses('two Host fields', 400, requestText('GET /', 'Host: b.test'), requestText('GET /', 'HOST: a.test')),
  refuses('no Host field', 400, 'GET / HTTP/1.1\r\nAccept: */*\r\n\r\n'),
  refuses('a target in absolute form that contradicts Host', 400, requestText('GET http://b.test/')),
  refuses('garbage', 400, 'hello\r\n\r\n', '\0\0\0\0\r\n\r\n', '\x16\x03\x01\x02\0'),
  refuses(
    'another version of HTTP',
    400,
    'GET /\r\n\r\n',
    'GET / HTTP/0.9\r\nHost: a.test\r\n\r\n',
    'GET / HTTP/2.0\r\nHost: a.test\r\n\r\n',
    'GET / HTTP/3.7\r\nHost: a.test\r\n\r\n',
  ),
  refuses('a target with bytes that no target has', 400, requestText('GET /\xe9'), requestText('GET /a\x01b')),
  refuses('a field with a space before its colon', 400, requestText('GET /', 'X-Bad : 1')),
  refuses('a field with a NUL', 400, requestText('GET /', 'X-Bad: a\0b'), requestText('GET /', 'X-\0Bad: a')),
  refuses('a field with a bare CR', 400, requestText('GET /', 'X-Bad: a\rX-Evil: b')),
  refuses('a line that a bare LF ends', 400, requestText('GET /', 'X-Bad: a\nX-Evil: b')),
  refuses('a folded line', 400, requestText('GET /', 'X-Bad: a', ' b')),
  refuses('a field without a name or a colon', 400, requestText('GET /', ': 1'), requestText('GET /', 'no colon')),
  refuses(
    'a body whose length two readers could see differently',
    400,
    `${requestText('POST /', 'Content-Length: 2', 'Content-Length: 2')}hi`,
    `${requestText('POST /', 'Content-Length: 2', 'Content-Length: 3')}hi`,
    `${requestText('POST /', 'Content-Length: 2', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
    `${requestText('POST /', 'Transfer-Encoding: chunked', 'Content-Length: 5')}0\r\n\r\n`,
    `${requestText('POST /', 'Content-Length: +2')}hi`,
    `${requestText('POST /', 'Content-Length: 2, 2')}hi`,
    `${requestText('POST /', 'Content-Length: 0x2')}hi`,
    `${requestText('POST /', 'Transfer-Encoding: chunked, gzip')}0\r\n\r\n`,
    `${requestText('POST /', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
    requestText('POST /', 'Transfer-Encoding: identity'),
    requestText('POST /', 'Transfer-Encoding: xchunked'),
    'POST / HTTP/1.0\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ),
  refuses(
    'a body in chunks of another coding of transfer',
    501,
    `${requestText('POST /', 'Transfer-Encoding: gzip, chunked')}0\r\n\r\n`,
  ),
  refuses('a head of more than 16 KiB', 431, requestText('GET /', `Cookie: ${'x'.repeat(17 * 1024)}`)),
  refuses(
    'more than a hundred fields',
    431,
    requestText('GET /', ...Array.from({ length: 100 }, (_, i) => `X-${i}: 1`)),
  ),
  {
    claim: 'CONNECT: 501',
    needs: ['connect-refusal'],
    run: (scene) => assertRefused(scene, 501, 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n'),
  },
  {
    claim: 'a chunk whose size is no number ends the request: the server gets no whole one',
    async run(scene) {
      const { client, origin } = await scene.open()
      client.send(requestText('POST /', 'Transfer-Encoding: chunked'), '5\r\nhello\r\n', 'xyz\r\n')
      const wire = await origin.accept()
      await client.ending()
      await wire.ending()
      assert.doesNotMatch(wire.pending, /0\r\n\r\n$/)
    },
  },
]
