import assert from 'node:assert/strict'
import { test } from 'node:test'
import { skipWithout } from '../support/programs.js'
import { fieldsOf, Pair, type Passage } from './pair.js'

const skip = skipWithout('haproxy')
const timeout = 30_000
const head = 'GET / HTTP/1.1\r\nHost: a.test\r\n'

const requests: Readonly<Record<string, string>> = {
  'of few fields': `${head}\r\n`,
  'of many fields, some twice': `${head}X-B: 2\r\nX-a: 1\r\nX-B: 3\r\nCookie: a=1\r\nAccept: */*\r\nCookie: b=2\r\n\r\n`,
  'with spaces around values': `${head}X-A: \t one two \t\r\nX-B:none\r\nX-C:\r\n\r\n`,
  'with bytes beyond ASCII': `${head}X-A: caf\xe9 \xff\r\n\r\n`,
  'with a body': `POST /p HTTP/1.1\r\nHost: a.test\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello`,
  'with a chunked body': `PUT /p HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  'with an empty body': 'POST /p HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n',
  'that ends its connection': `${head}Connection: close\r\n\r\n`,
  'that speaks of keeping its connection': `${head}Connection: keep-alive\r\n\r\n`,
  'for a target in absolute form': 'GET http://a.test/x?y=1 HTTP/1.1\r\nHost: a.test\r\n\r\n',
  'with credentials for proxies': `${head}Proxy-Authorization: Basic eA==\r\nAuthorization: Basic eQ==\r\n\r\n`,
  'with a range and conditions': `${head}Range: bytes=0-1\r\nIf-None-Match: "x"\r\nIf-Modified-Since: x\r\n\r\n`,
  'that names a client': `${head}X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\nVia: 1.1 x\r\n\r\n`,
  'with a target of odd characters': 'GET /a//b/../c;d=%2F|{}?e=[1]&&#x HTTP/1.1\r\nHost: a.test\r\n\r\n'.replace(
    '#x',
    '',
  ),
  'by OPTIONS': 'OPTIONS /x HTTP/1.1\r\nHost: a.test:80\r\nOrigin: http://b.test\r\n\r\n',
}

/** What a server gets of a request; the body's framing counts. */
function received({ request }: Passage, ...except: readonly string[]): object {
  const { startLine, body, isChunked } = request
  return { startLine, fields: fieldsOf(request, ...except), body, isChunked }
}

test('servers get the same requests through HAProxy and evenkeel', { skip, timeout }, async (t) => {
  const pair = await Pair.start(t)
  for (const [what, text] of Object.entries(requests)) {
    const [haproxy, own] = await pair.send(text)
    assert.deepEqual(received(own), received(haproxy), `a request ${what}`)
  }
})

test('a request of HTTP/1.0 goes on in the proxy’s own version; HAProxy keeps the client’s', {
  skip,
  timeout,
}, async (t) => {
  const pair = await Pair.start(t)
  const [haproxy, own] = await pair.send('GET / HTTP/1.0\r\nHost: a.test\r\nX-A: 1\r\n\r\n')
  assert.deepEqual(received(own), { ...received(haproxy), startLine: 'GET / HTTP/1.1' })
  assert.equal(haproxy.request.startLine, 'GET / HTTP/1.0')
})

test('of a request’s hop-by-hop fields evenkeel keeps none, HAProxy most', { skip, timeout }, async (t) => {
  const pair = await Pair.start(t)
  const fields = ['Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive', 'TE: trailers', 'X-Hop: 1', 'X-End: 2']
  const [haproxy, own] = await pair.send(`${head}Connection: X-Hop, Upgrade\r\n${fields.join('\r\n')}\r\n\r\n`)
  const hopByHop = ['keep-alive', 'proxy-connection', 'te', 'x-hop']
  assert.deepEqual(received(own), received(haproxy, ...hopByHop))
  const kept = haproxy.request.fields.map(([name]) => name).filter((name) => hopByHop.includes(name))
  assert.deepEqual(kept, hopByHop, 'HAProxy drops what it kept')
  assert.equal(haproxy.request.get('connection'), 'X-Hop, Upgrade')
})

/** The fields of that name that the server gets, exactly and in order. */
function linesOf(passage: Passage, name: string): string[] {
  return passage.request.all(name)
}

for (const [what, came] of Object.entries({
  none: [],
  one: ['192.0.2.1'],
  several: ['192.0.2.1, 192.0.2.2', '192.0.2.3'],
})) {
  test(`with ${what} from the client, X-Forwarded-For gets the same line of its own`, { skip, timeout }, async (t) => {
    const pair = await Pair.start(t, {
      haproxy: { frontend: ['option forwardfor'] },
      frontend: { forwardFor: { mode: 'add' } },
    })
    const fields = came.map((value) => `X-Forwarded-For: ${value}\r\n`).join('')
    for (const passage of await pair.send(`${head}${fields}\r\n`, '127.0.0.5')) {
      assert.deepEqual(linesOf(passage, 'x-forwarded-for'), [...came, '127.0.0.5'])
      assert.equal(passage.request.fields.at(-1)![0].toLowerCase(), 'x-forwarded-for')
    }
  })
}

test('clients of an excepted network are not told of', { skip, timeout }, async (t) => {
  const pair = await Pair.start(t, {
    haproxy: { frontend: ['option forwardfor except 127.0.0.4/30'] },
    frontend: { forwardFor: { mode: 'add', except: '127.0.0.4/30' } },
  })
  const outcomes = { '127.0.0.3': ['127.0.0.3'], '127.0.0.4': [], '127.0.0.7': [], '127.0.0.8': ['127.0.0.8'] }
  for (const [client, lines] of Object.entries(outcomes)) {
    for (const passage of await pair.send(`${head}\r\n`, client)) {
      assert.deepEqual(linesOf(passage, 'x-forwarded-for'), lines)
    }
  }
})

test('a field of another name takes the client’s address, if there is none yet', { skip, timeout }, async (t) => {
  const pair = await Pair.start(t, {
    haproxy: { frontend: ['option forwardfor header X-Client if-none'] },
    frontend: { forwardFor: { mode: 'add', header: 'X-Client', ifNone: true } },
  })
  for (const passage of await pair.send(`${head}\r\n`)) assert.deepEqual(linesOf(passage, 'x-client'), ['127.0.0.1'])
  for (const passage of await pair.send(`${head}x-client: me\r\n\r\n`)) {
    assert.deepEqual(linesOf(passage, 'x-client'), ['me'])
  }
})

test('the server’s name takes the place of what the client says', { skip, timeout }, async (t) => {
  const pair = await Pair.start(t, {
    haproxy: { backend: ['http-send-name-header X-Server'] },
    backend: { sendServerName: 'X-Server' },
  })
  for (const sent of ['', 'X-Server: me\r\nx-server: you\r\n']) {
    for (const passage of await pair.send(`${head}${sent}\r\n`)) {
      assert.deepEqual(linesOf(passage, 'x-server'), ['live'])
    }
  }
})
