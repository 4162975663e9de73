import assert from 'node:assert/strict'
import { test } from 'node:test'
import { skipWithout } from '../support/programs.js'
import { fieldsOf, Pair, type Passage } from './pair.js'

const skip = skipWithout('haproxy')
const timeout = 30_000
const get = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
const date = 'Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n'

/** Responses of the server, with the request that each is for where it matters. */
const responses: Readonly<Record<string, readonly [response: string, request?: string]>> = {
  'with a length': [`HTTP/1.1 200 OK\r\n${date}Content-Length: 5\r\n\r\nhello`],
  'of many fields, some twice': [
    `HTTP/1.1 200 OK\r\nServer: x\r\n${date}Set-Cookie: a=1; Path=/\r\nX-a: 1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n`,
  ],
  'with spaces around values': [`HTTP/1.1 200 OK\r\n${date}X-A: \t a b \t\r\nX-B:\r\nContent-Length:0\r\n\r\n`],
  'with bytes beyond ASCII': [`HTTP/1.1 200 OK\r\n${date}X-A: caf\xe9 \xff\r\nContent-Length: 2\r\n\r\n\xe9\xff`],
  'in chunks': [`HTTP/1.1 200 OK\r\n${date}Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n`],
  'in chunks with trailers': [
    `HTTP/1.1 200 OK\r\n${date}Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 9\r\n\r\n`,
  ],
  'in no chunk at all': [`HTTP/1.1 200 OK\r\n${date}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  'of a status of its own': [`HTTP/1.1 299 All Quite Well\r\n${date}Content-Length: 0\r\n\r\n`],
  'without a reason': [`HTTP/1.1 200 \r\n${date}Content-Length: 0\r\n\r\n`],
  'without content': [`HTTP/1.1 204 No Content\r\n${date}X-A: 1\r\n\r\n`],
  'not modified': [`HTTP/1.1 304 Not Modified\r\n${date}ETag: "x"\r\nContent-Length: 9\r\n\r\n`],
  'to HEAD': [`HTTP/1.1 200 OK\r\n${date}Content-Length: 9\r\n\r\n`, 'HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n'],
  'of a range': [`HTTP/1.1 206 Partial Content\r\n${date}Content-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nhe`],
  'that redirects': [`HTTP/1.1 302 Found\r\n${date}Location: /x y\r\nContent-Length: 0\r\n\r\n`],
  'with a compressed body': [`HTTP/1.1 200 OK\r\n${date}Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\0`],
  'that is an error': [`HTTP/1.1 503 Service Unavailable\r\n${date}Retry-After: 1\r\nContent-Length: 4\r\n\r\nbusy`],
  'that asks for a password': [
    `HTTP/1.1 401 No\r\n${date}WWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n`,
  ],
  'to a client of HTTP/1.0': [
    `HTTP/1.1 200 OK\r\n${date}Content-Length: 5\r\n\r\nhello`,
    'GET / HTTP/1.0\r\nHost: a.test\r\n\r\n',
  ],
}

/** What a client gets of a response. */
function received({ response }: Passage, ...except: readonly string[]): object {
  const { startLine, body, trailers } = response
  const ends = trailers.map(([name, value]) => `${name.toLowerCase()}: ${value}`)
  return { startLine, fields: fieldsOf(response, ...except), body, trailers: ends }
}

test('clients get the same responses through HAProxy and evenkeel', { skip, timeout }, async (t) => {
  const pair = await Pair.start(t)
  for (const [what, [response, request = get]] of Object.entries(responses)) {
    pair.response = response
    const [haproxy, own] = await pair.send(request)
    assert.deepEqual(received(own), received(haproxy), `a response ${what}`)
  }
})

test('a response that ends with its connection arrives whole', { skip, timeout }, async (t) => {
  const pair = await Pair.start(t)
  pair.response = `HTTP/1.1 200 OK\r\n${date}\r\nuntil the end`
  pair.hangsUp = true
  const [haproxy, own] = await pair.send(get)
  assert.deepEqual(received(own), received(haproxy))
  assert.equal(own.response.body, 'until the end')
})

test('evenkeel adds a Date where the server gives none', { skip, timeout }, async (t) => {
  const pair = await Pair.start(t)
  pair.response = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
  const [haproxy, own] = await pair.send(get)
  assert.equal(haproxy.response.get('date'), undefined)
  assert.ok(Math.abs(Date.parse(own.response.get('date')!) - Date.now()) < 60_000)
  assert.deepEqual(received(own, 'date'), received(haproxy))
})

test('of a response’s hop-by-hop fields evenkeel keeps none, HAProxy most', { skip, timeout }, async (t) => {
  const pair = await Pair.start(t)
  const fields = ['Connection: X-Hop', 'Keep-Alive: timeout=5', 'X-Hop: 1', 'X-End: 2']
  pair.response = `HTTP/1.1 200 OK\r\n${date}Content-Length: 0\r\n${fields.join('\r\n')}\r\n\r\n`
  const [haproxy, own] = await pair.send(get)
  assert.deepEqual(received(own), received(haproxy, 'keep-alive', 'x-hop'))
  assert.equal(haproxy.response.get('x-hop'), '1')
  assert.equal(own.response.get('x-end'), '2')
})
