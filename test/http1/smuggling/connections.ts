import { cutsOff, forwards, post, type RequestCase, refuses, request, smuggled } from './case.js'

/** What follows a request on its connection: another one, or nothing that counts. */
export const pipelines: readonly RequestCase[] = [
  ...forwards({
    'two requests': [request('GET /1') + request('GET /2'), ['GET /1'], ['GET /2']],
    'three requests, with bodies and without': [
      request('POST /1', ['Content-Length: 2'], 'hi') +
        request('GET /2') +
        request('POST /3', ['Transfer-Encoding: chunked'], '1\r\na\r\n0\r\n\r\n'),
      ...([['POST /1', 'hi'], ['GET /2'], ['POST /3', 'a']] as const),
    ],
    'requests with empty lines between them': [
      `${request('GET /1')}\r\n\r\n${request('GET /2')}`,
      ['GET /1'],
      ['GET /2'],
    ],
    'a HEAD, and what may follow it': [request('HEAD /1') + request('GET /2'), ['HEAD /1'], ['GET /2']],
    "what follows a close is nobody's": [request('GET /1', ['Connection: close']) + smuggled, ['GET /1']],
    'what follows a close among other options': [request('GET /1', ['Connection: x, Close ,y']) + smuggled, ['GET /1']],
    'what follows two fields that say two things': [
      request('GET /1', ['Connection: keep-alive', 'Connection: close']) + smuggled,
      ['GET /1'],
    ],
    'what follows HTTP/1.0': [`GET /1 HTTP/1.0\r\nHost: a.test\r\n\r\n${smuggled}`, ['GET /1']],
    'what follows HTTP/1.0 that closes and keeps': [
      `GET /1 HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive, close\r\n\r\n${smuggled}`,
      ['GET /1'],
    ],
    'HTTP/1.0 kept alive': [
      `GET /1 HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n${request('GET /2')}`,
      ['GET /1'],
      ['GET /2'],
    ],
    'an offer of HTTP/2 in clear text is not passed on': [
      request('GET /1', [
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
      ]) + request('GET /2'),
      ['GET /1'],
      ['GET /2'],
    ],
    'an offer of HTTP/2 with a body is a request with a body': [
      request('POST /1', ['Connection: Upgrade', 'Upgrade: h2c', 'Content-Length: 2'], `hi${request('GET /2')}`),
      ['POST /1', 'hi'],
      ['GET /2'],
    ],
    'an upgrade with a body is a request with a body': [
      request('POST /1', ['Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 2'], `hi${request('GET /2')}`),
      ['POST /1', 'hi'],
      ['GET /2'],
    ],
    'an upgrade that the server declines': [
      request('GET /1', ['Connection: Upgrade', 'Upgrade: websocket']) + request('GET /2'),
      ['GET /1'],
      ['GET /2'],
    ],
    'a HEAD with a body': [
      request('HEAD /1', ['Content-Length: 2'], `hi${request('GET /2')}`),
      ['HEAD /1', 'hi'],
      ['GET /2'],
    ],
    'an upgrade that Connection does not name': [
      request('GET /1', ['Upgrade: websocket']) + request('GET /2'),
      ['GET /1'],
      ['GET /2'],
    ],
  }),
  ...refuses(400, { 'garbage after a request': `${request('GET /1')}garbage\r\n\r\n` }, ['GET /1']),
  ...refuses(400, { 'a body that nobody announced': request('GET /1', [], 'hello world\r\n') }, ['GET /1']),
  ...refuses(
    400,
    { 'more than the length says': request('POST /1', ['Content-Length: 2'], `hiX${smuggled}`.replace('HTTP', '')) },
    ['POST /1', 'hi'],
  ),
  ...refuses(400, { 'a bad request after a good one': `${request('GET /1')}GET /2 HTTP/1.1\r\n\r\n` }, ['GET /1']),
  ...refuses(400, { 'a bad length after a good request': request('GET /1') + post(['Content-Length: +5'], smuggled) }, [
    'GET /1',
  ]),
  ...refuses(501, { CONNECT: `CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n${smuggled}` }),
  ...cutsOff({
    'the end within a body': post(['Content-Length: 10'], 'hello'),
    'the end before a body': post(['Content-Length: 10']),
    'the end one byte before that of a body': post([`Content-Length: ${smuggled.length + 1}`], smuggled),
  }),
]

/** Requests whose client says that it waits to be asked for the body, and may not. */
export const expectations: readonly RequestCase[] = [
  ...forwards({
    'a body that comes unasked': [
      post(['Expect: 100-continue', 'Content-Length: 2'], `hi${request('GET /next')}`),
      ['POST /', 'hi'],
      ['GET /next'],
    ],
    'chunks that come unasked': [
      post(['Expect: 100-continue', 'Transfer-Encoding: chunked'], `2\r\nhi\r\n0\r\n\r\n${request('GET /next')}`),
      ['POST /', 'hi'],
      ['GET /next'],
    ],
    'a body that looks like a request': [
      post(['Expect: 100-continue', `Content-Length: ${smuggled.length}`], smuggled + request('GET /next')),
      ['POST /', smuggled],
      ['GET /next'],
    ],
    'no body at all': [request('GET /', ['Expect: 100-continue']) + request('GET /next'), ['GET /'], ['GET /next']],
    'a body of no length': [
      post(['Expect: 100-continue', 'Content-Length: 0'], request('GET /next')),
      ['POST /'],
      ['GET /next'],
    ],
    'another expectation before it': [
      post(['Expect: x', 'Expect: 100-continue', 'Content-Length: 2'], `hi${request('GET /next')}`),
      ['POST /', 'hi'],
      ['GET /next'],
    ],
    'in odd case, with blanks': [
      post(['eXPECT:\t100-CONTINUE ', 'Content-Length: 2'], `hi${request('GET /next')}`),
      ['POST /', 'hi'],
      ['GET /next'],
    ],
    'something after it': [
      post(['Expect: 100-continue, x', 'Content-Length: 2'], `hi${request('GET /next')}`),
      ['POST /', 'hi'],
      ['GET /next'],
    ],
    'in HTTP/1.0': [post(['Expect: 100-continue', 'Content-Length: 2'], 'hi').replace('1.1', '1.0'), ['POST /', 'hi']],
  }),
  ...refuses(400, {
    'on a folded line': post(['Expect:', ' 100-continue', 'Content-Length: 2'], `hi${smuggled}`),
    'a length behind its LF': post(['Expect: 100-continue\nContent-Length: 2'], `hi${smuggled}`),
    'a length and chunks': post(
      ['Expect: 100-continue', 'Content-Length: 2', 'Transfer-Encoding: chunked'],
      `0\r\n\r\n${smuggled}`,
    ),
  }),
]

/** Values that are passed on, in the hope that they break out of their place. */
export const values: readonly RequestCase[] = [
  ...forwards({
    'line breaks in percent signs': [
      request('GET /?a=%0d%0aSet-Cookie:%20x', ['X: %0d%0aY: z']),
      ['GET /?a=%0d%0aSet-Cookie:%20x'],
    ],
    'line breaks as written in programs': [request('GET /', ['X: \\r\\nY: z', 'Cookie: a=\\n\\n']), ['GET /']],
    'bytes that are line breaks in other alphabets': [
      request('GET /', ['X: \x85 \xc4\x8d\xc4\x8a \xe2\x80\xa8', 'Referer: \xe5\x98\x8a\xe5\x98\x8dY: z']),
      ['GET /'],
    ],
    'addresses of others': [
      request('GET /', [
        'X-Forwarded-For: 192.0.2.1, 127.0.0.1',
        'Forwarded: for=192.0.2.1;host="b.test"',
        'X-Real-IP: ::1',
      ]),
      ['GET /'],
    ],
    'fields that name fields': [
      request('GET /', [
        'Connection: cookie, x-forwarded-for, authorization, via',
        'Cookie: a=b',
        'X-Forwarded-For: 192.0.2.1',
      ]),
      ['GET /'],
    ],
    'an address with quotes': [
      request('GET /', ['Forwarded: for="\\"192.0.2.1"', 'X-Forwarded-Host: "b.test']),
      ['GET /'],
    ],
    'very many commas': [
      request('GET /', [`X-Forwarded-For: ${','.repeat(5000)}`, `Connection: ${','.repeat(5000)}`]),
      ['GET /'],
    ],
    'an expectation that nobody meets': [post(['Expect: 200-ok', 'Content-Length: 2'], 'hi'), ['POST /', 'hi']],
  }),
  ...refuses(400, {
    'a line break in an address': request('GET /', ['X-Forwarded-For: 192.0.2.1\nX: y']),
    'a line break in a Host': 'GET / HTTP/1.1\r\nHost: a.test\nX: y\r\n\r\n',
    'a response in a value': request('GET /', ['X: y\n\nHTTP/1.1 200 OK\n\n']),
  }),
]
