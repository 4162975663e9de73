import assert from 'node:assert/strict'
import { type Behaviour, endToEnd, pass, requestText, responseText, type Stage } from '../scene.js'

/** The fields that undici places as it likes. */
const placed = /^(?:host|content-length):/i

export const requestHeads: readonly Behaviour[] = [
  {
    claim: 'methods arrive as they are',
    async run(scene) {
      const { client, origin } = await scene.open()
      const requests = origin.answerAll(() => responseText(''))
      const methods = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND', 'M-SEARCH', 'PURGE']
      for (const method of methods) {
        client.send(requestText(`${method} /`, 'Content-Length: 0'))
        await client.through('\r\n\r\n')
      }
      assert.deepEqual(
        requests.map(({ startLine }) => startLine),
        methods.map((method) => `${method} / HTTP/1.1`),
      )
    },
  },
  {
    claim: 'targets arrive byte for byte: nothing is decoded, resolved or folded',
    async run(scene) {
      const { client, origin } = await scene.open()
      const requests = origin.answerAll(() => responseText(''))
      const targets = [
        '/',
        '//',
        '//a.test//b/',
        '/a%2Fb%2f',
        '/%2e%2e/%2E./c',
        '/a/../b/./c',
        '/;a=b,c',
        "/~!$&'()*+:@|^`{}",
        '/%zz%',
        'http://a.test/absolute?form',
      ]
      for (const target of targets) {
        client.send(requestText(`GET ${target}`))
        await client.through('\r\n\r\n')
      }
      assert.deepEqual(
        requests.map(({ startLine }) => startLine),
        targets.map((target) => `GET ${target} HTTP/1.1`),
      )
    },
  },
  {
    claim: 'queries arrive byte for byte',
    async run(scene) {
      const { client, origin } = await scene.open()
      const requests = origin.answerAll(() => responseText(''))
      const queries = ['?', '?a', '?a=1&a=2&&', '?q=%20+%2B%00&r=%C3%A9', '?x=/../?y=?', '?to=http://b.test/']
      for (const query of queries) {
        client.send(requestText(`GET /p${query}`))
        await client.through('\r\n\r\n')
      }
      assert.deepEqual(
        requests.map(({ startLine }) => startLine),
        queries.map((query) => `GET /p${query} HTTP/1.1`),
      )
    },
  },
  {
    claim: 'the target * of OPTIONS arrives',
    needs: ['asterisk-target'],
    async run(scene) {
      const { request } = await pass(await scene.open(), requestText('OPTIONS *'))
      assert.equal(request.startLine, 'OPTIONS * HTTP/1.1')
    },
  },
  {
    claim: 'request fields keep their order, case, duplicates and bytes',
    async run(scene) {
      const fields = [
        'X-b: 2',
        'x-B: 1',
        'ACCEPT: */*',
        'cOOkie: a=b; c="d e"',
        'X-b: 3, 4',
        'Cookie: e=f',
        'X-Empty: ',
        'X-Bytes: \xe9\xff\x80',
        'X-Spaces: a  b\tc',
        'Trailer: X-Sum',
      ]
      const { request } = await pass(await scene.open(), requestText('GET /', ...fields))
      assert.deepEqual(
        endToEnd(request).filter((field) => !placed.test(field)),
        fields,
      )
    },
  },
  {
    claim: 'Host and Content-Length keep their case and place among the request fields',
    needs: ['position-of-host-and-length'],
    async run(scene) {
      const fields = ['X-First: 1', 'HOST: a.test', 'X-Second: 2', 'Content-length: 2', 'X-Third: 3']
      const text = ['POST / HTTP/1.1', ...fields, '', 'hi'].join('\r\n')
      const { request } = await pass(await scene.open(), text)
      assert.deepEqual(endToEnd(request), fields)
    },
  },
  {
    claim: 'a server gets no field that the client did not send',
    async run(scene) {
      const stage = await scene.open()
      const { request } = await pass(stage, requestText('GET /', 'X-Only: 1'))
      const own = ownConnection(stage)
      const names = [...(own === undefined ? [] : ['connection']), 'host', 'x-only']
      assert.deepEqual(request.fields.map(([name]) => name.toLowerCase()).sort(), names)
      assert.deepEqual([request.get('host'), request.get('connection')], ['a.test', own])
    },
  },
  {
    claim: 'hop-by-hop fields of a request stay behind, and those that Connection names',
    async run(scene) {
      const stage = await scene.open()
      const { request } = await pass(
        stage,
        requestText(
          'GET /',
          'Connection: X-Secret, keep-alive',
          'X-Secret: 1',
          'connection: x-other',
          'X-OTHER: 2',
          'x-other: 3',
          'Keep-Alive: timeout=5',
          'Proxy-Connection: keep-alive',
          'TE: trailers, deflate',
          'Upgrade: h2c',
          'X-Kept: 4',
        ),
      )
      assert.deepEqual(
        endToEnd(request).filter((field) => !placed.test(field)),
        ['X-Kept: 4'],
      )
      assert.equal(request.get('connection'), ownConnection(stage))
    },
  },
  {
    claim: 'a client can’t have Host or the length of its body taken out by naming them in Connection',
    async run(scene) {
      const text = requestText('POST /', 'Connection: Host, Content-Length, close', 'Content-Length: 5')
      const { request } = await pass(await scene.open(), `${text}hello`)
      assert.deepEqual([request.get('host'), request.body], ['a.test', 'hello'])
    },
  },
  {
    claim: 'a head of almost 16 KiB passes',
    async run(scene) {
      const cookie = `Cookie: a=${'x'.repeat(15 * 1024)}`
      const { request } = await pass(await scene.open(), requestText('GET /', cookie))
      assert.ok(endToEnd(request).includes(cookie))
    },
  },
  {
    claim: 'a hundred fields pass',
    async run(scene) {
      const fields = Array.from({ length: 99 }, (_, i) => `X-${i}: ${i}`)
      const { request } = await pass(await scene.open(), requestText('GET /', ...fields))
      assert.deepEqual(
        endToEnd(request).filter((field) => !placed.test(field)),
        fields,
      )
    },
  },
  {
    claim: 'a head that arrives byte by byte passes',
    async run(scene) {
      const { client, origin } = await scene.open()
      const text = requestText('GET /slow', 'X-A: 1')
      await client.sendSlowly(...text)
      const { request } = await origin.receive()
      assert.deepEqual([request.startLine, request.get('x-a')], ['GET /slow HTTP/1.1', '1'])
    },
  },
]

/** The Connection field that a transport writes itself. */
function ownConnection({ backend }: Stage): string | undefined {
  return backend.settings.transport === 'undici' ? 'keep-alive' : undefined
}
