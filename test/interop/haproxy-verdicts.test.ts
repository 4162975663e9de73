import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readResponse } from '../support/http-message.js'
import { skipWithout } from '../support/programs.js'
import { connect } from '../support/raw-client.js'
import { RawOrigin } from '../support/raw-origin.js'
import { startBoth } from './side-by-side.js'

const skip = skipWithout('haproxy')
const timeout = 60_000

const host = 'Host: a.test\r\n'
const chunked = 'Transfer-Encoding: chunked\r\n'
const empty = '0\r\n\r\n'

/** Requests, and the status that both proxies answer: 200 is the server's. */
const alike: Readonly<Record<string, readonly [status: number, request: string]>> = {
  'another protocol': [400, `GET / RTSP/1.0\r\n${host}\r\n`],
  'a plain request': [200, `GET / HTTP/1.1\r\n${host}\r\n`],
  'HTTP/1.0 with Host': [200, `GET / HTTP/1.0\r\n${host}\r\n`],
  'HTTP/1.0 without Host': [200, 'GET / HTTP/1.0\r\n\r\n'],
  'an empty line before the request': [200, `\r\nGET / HTTP/1.1\r\n${host}\r\n`],
  'a method of its own': [200, `PROPFIND / HTTP/1.1\r\n${host}\r\n`],
  'a target in absolute form': [200, `GET http://a.test/x HTTP/1.1\r\n${host}\r\n`],
  'a target with a query': [200, `GET /x?a=1&b=%20 HTTP/1.1\r\n${host}\r\n`],
  'a body with its length': [200, `POST / HTTP/1.1\r\n${host}Content-Length: 2\r\n\r\nhi`],
  'a GET with a body': [200, `GET / HTTP/1.1\r\n${host}Content-Length: 2\r\n\r\nhi`],
  'a chunked body': [200, `POST / HTTP/1.1\r\n${host}${chunked}\r\n2\r\nhi\r\n${empty}`],
  'a chunk with an extension': [200, `POST / HTTP/1.1\r\n${host}${chunked}\r\n2;a=b\r\nhi\r\n${empty}`],
  'chunked in capitals': [200, `POST / HTTP/1.1\r\n${host}Transfer-Encoding: CHUNKED\r\n\r\n${empty}`],
  'a field without a value': [200, `GET / HTTP/1.1\r\n${host}X-Empty:\r\n\r\n`],
  'no request at all': [400, 'This is no HTTP.\r\n\r\n'],
  'a version of two digits': [400, `GET / HTTP/1.12\r\n${host}\r\n`],
  'a space in the target': [400, `GET /a b HTTP/1.1\r\n${host}\r\n`],
  'a space before the colon': [400, `GET / HTTP/1.1\r\n${host}X-A : 1\r\n\r\n`],
  'a field without a name': [400, `GET / HTTP/1.1\r\n${host}: 1\r\n\r\n`],
  'a line without a colon': [400, `GET / HTTP/1.1\r\n${host}nonsense\r\n\r\n`],
  'a field name with a bracket': [400, `GET / HTTP/1.1\r\n${host}X(A): 1\r\n\r\n`],
  'two hosts': [400, `GET / HTTP/1.1\r\n${host}Host: b.test\r\n\r\n`],
  'a target that contradicts Host': [400, `GET http://b.test/ HTTP/1.1\r\n${host}\r\n`],
  'two lengths': [400, `POST / HTTP/1.1\r\n${host}Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!`],
  'a length with a sign': [400, `POST / HTTP/1.1\r\n${host}Content-Length: +2\r\n\r\nhi`],
  'a length that is no number': [400, `POST / HTTP/1.1\r\n${host}Content-Length: two\r\n\r\nhi`],
  'an empty length': [400, `POST / HTTP/1.1\r\n${host}Content-Length:\r\n\r\n`],
  'chunked twice': [400, `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked, chunked\r\n\r\n${empty}`],
  'a coding after chunked': [400, `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked, gzip\r\n\r\n${empty}`],
}

/** Where evenkeel differs on purpose, but for one: HAProxy's status, and its own. */
const different: Readonly<Record<string, readonly [haproxy: number, evenkeel: number, request: string]>> = {
  'a length together with chunked': [200, 400, `POST / HTTP/1.1\r\n${host}Content-Length: 5\r\n${chunked}\r\n${empty}`],
  'the same length twice': [200, 400, `POST / HTTP/1.1\r\n${host}Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi`],
  'the same host twice': [200, 400, `GET / HTTP/1.1\r\n${host}${host}\r\n`],
  'no host': [200, 400, 'GET / HTTP/1.1\r\n\r\n'],
  'a folded field': [200, 400, `GET / HTTP/1.1\r\n${host}X-A: 1\r\n 2\r\n\r\n`],
  'bare line feeds': [200, 400, 'GET / HTTP/1.1\nHost: a.test\n\n'],
  'another transfer coding': [422, 501, `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n${empty}`],
  'a head of 20 kB': [400, 431, `GET / HTTP/1.1\r\n${host}X-Long: ${'x'.repeat(20_000)}\r\n\r\n`],
  'more than 100 fields': [400, 431, `GET / HTTP/1.1\r\n${host}${'X-A: 1\r\n'.repeat(110)}\r\n`],
}

const rows = [
  ...Object.entries(alike).map(([what, [status, request]]) => ({ what, status: [status, status], request })),
  ...Object.entries(different).map(([what, [haproxy, own, request]]) => ({ what, status: [haproxy, own], request })),
]

for (const { what, status, request } of rows) {
  const [haproxy, own] = status
  const verdict = haproxy === own ? `both answer ${own}` : `HAProxy answers ${haproxy}, evenkeel ${own}`
  test(`to ${what} ${verdict}`, { skip, timeout }, async (t) => {
    const origin = await RawOrigin.listen(t)
    origin.answerAll(() => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    const sides = await startBoth(t, { servers: { live: origin.address } })
    const statuses: number[] = []
    const terminations: string[] = []
    for (const side of sides) {
      const client = await connect(t, side)
      client.send(request)
      statuses.push((await readResponse(client)).status)
      terminations.push((await side.logged()).termination)
    }
    assert.deepEqual(statuses, status)
    assert.deepEqual(
      terminations,
      status.map((one) => (one === 200 ? '----' : 'PR--')),
    )
  })
}
