import { forwards, post, type RequestCase, refuses, request, smuggled } from './case.js'

const chunked = 'Transfer-Encoding: chunked'
/** A body that is two things: five bytes and a request, or no chunk and the same. */
const twofold = `0\r\n\r\n${smuggled}`

/** CL.TE and TE.CL: two lengths of one message, of which each reader takes another. */
export const lengthAndCoding: readonly RequestCase[] = [
  ...refuses(400, {
    'CL.TE: the length ends after the smuggled request': post([`Content-Length: ${twofold.length}`, chunked], twofold),
    'CL.TE: the length ends within the smuggled request': post(['Content-Length: 6', chunked], '0\r\n\r\nG'),
    'TE.CL: the coding comes first': post(
      [chunked, 'Content-Length: 4'],
      `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
    ),
    'TE.CL: the length ends after the first size': post([chunked, 'Content-Length: 3'], '8\r\nSMUGGLED\r\n0\r\n\r\n'),
    'both, in agreement': post(['Content-Length: 5', chunked], '0\r\n\r\n'),
    'both, the length being zero': post(['Content-Length: 0', chunked], twofold),
    'both, in a GET': request('GET /', ['Content-Length: 5', chunked], '0\r\n\r\n'),
    'both, in odd case': post(['content-LENGTH: 5', 'TRANSFER-encoding: CHUNKED'], twofold),
    'both, with fields between them': post(['Content-Length: 5', 'X: y', 'Accept: */*', chunked], twofold),
    'a length, and an empty coding': post(['Content-Length: 5', 'Transfer-Encoding:'], twofold),
    'a length, and identity': post(['Content-Length: 5', 'Transfer-Encoding: identity'], twofold),
    'a length, and gzip': post(['Content-Length: 5', 'Transfer-Encoding: gzip'], twofold),
    'a length that Connection names, and a coding': post(
      ['Connection: content-length', 'Content-Length: 5', chunked],
      twofold,
    ),
    'a coding that Connection names, and a length': post(
      ['Connection: transfer-encoding', 'Content-Length: 5', chunked],
      twofold,
    ),
    'both, in HTTP/1.0': post(['Content-Length: 5', chunked], twofold).replace('1.1', '1.0'),
    'chunks in HTTP/1.0': post([chunked], twofold).replace('1.1', '1.0'),
    'chunks in HTTP/1.0, kept alive': post(['Connection: keep-alive', chunked], twofold).replace('1.1', '1.0'),
    'both, the good coding between two lengths': post(['Content-Length: 5', chunked, 'Content-Length: 5'], twofold),
  }),
  ...forwards({
    'a name that only looks like the coding, and a length': [
      post(
        [
          'Content-Length: 5',
          'Transfer-Encodings: chunked',
          'X-Transfer-Encoding: chunked',
          'Transfer_Encoding: chunked',
        ],
        '0\r\n\r\n',
      ),
      ['POST /', '0\r\n\r\n'],
    ],
    'a coding that Connection names': [
      post(['Connection: transfer-encoding', chunked], '1\r\na\r\n0\r\n\r\n'),
      ['POST /', 'a'],
    ],
    'a length that Connection names': [
      post(['Connection: content-length', 'Content-Length: 2'], 'hi'),
      ['POST /', 'hi'],
    ],
    'a body that looks like a request': [post([`Content-Length: ${smuggled.length}`], smuggled), ['POST /', smuggled]],
    'a chunk that looks like a request': [
      post([chunked], `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`),
      ['POST /', smuggled],
    ],
    'a chunk that looks like the last one': [post([chunked], '5\r\n0\r\n\r\n\r\n0\r\n\r\n'), ['POST /', '0\r\n\r\n']],
    'a GET with a body': [
      request('GET /', ['Content-Length: 2'], `hi${request('GET /next')}`),
      ['GET /', 'hi'],
      ['GET /next'],
    ],
    'a GET with chunks': [
      request('GET /', [chunked], `2\r\nhi\r\n0\r\n\r\n${request('GET /next')}`),
      ['GET /', 'hi'],
      ['GET /next'],
    ],
  }),
]

/** TE.TE: a coding that one reader knows and another does not. */
export const transferCodings: readonly RequestCase[] = [
  ...refuses(
    400,
    Object.fromEntries(
      [
        ...[
          'xchunked',
          'chunkedx',
          'chunked, identity',
          'chunked, x',
          'chunked, gzip',
          'identity',
          'gzip',
          'cow',
          'chunke',
        ],
        ...[
          'chunked, chunked',
          'chunked,',
          ',chunked',
          'chunked chunked',
          'chunked;',
          'chunked;q=1',
          '"chunked"',
          "'chunked'",
        ],
        ...[
          '\tchunked',
          'chunked\t',
          '\x0bchunked',
          'chunked\x0b',
          '\x0cchunked',
          '\xa0chunked',
          'chunked\xa0',
          'chunked\x00',
        ],
        ...[
          '',
          ' ',
          'chunked\x85',
          '[chunked]',
          'chunked, deflate, chunked',
          'c hunked',
          'chunk ed',
          '=chunked',
          ' chunked\x1f',
        ],
      ].map((coding) => [`TE.TE: ${JSON.stringify(coding)}`, post([`Transfer-Encoding: ${coding}`], twofold)]),
    ),
  ),
  ...refuses(501, {
    'gzip before chunked': post(['Transfer-Encoding: gzip, chunked'], twofold),
    'identity before chunked': post(['Transfer-Encoding: identity, chunked'], twofold),
    'an unknown coding before chunked': post(['Transfer-Encoding: cow, chunked'], twofold),
    'two codings before chunked, in two fields': post(
      ['Transfer-Encoding: gzip', 'Transfer-Encoding: deflate, chunked'],
      twofold,
    ),
    'a coding in the field before that of chunked': post(['Transfer-Encoding: x', chunked], twofold),
  }),
  ...refuses(400, {
    'chunked twice, in two fields': post([chunked, chunked], twofold),
    'chunked, and an unknown coding in a second field': post([chunked, 'Transfer-encoding: cow'], twofold),
    'chunked, and an empty second field': post([chunked, 'Transfer-Encoding:'], twofold),
    'a blank before the colon': post(['Transfer-Encoding : chunked'], twofold),
    'a tab before the colon': post(['Transfer-Encoding\t: chunked'], twofold),
    'a blank before the name': post([' Transfer-Encoding: chunked'], twofold),
    'a folded value': post(['Transfer-Encoding:', ' chunked'], twofold),
    'a folded second value': post(['Transfer-Encoding: chunked', '\t, identity'], twofold),
    'a bare LF within the value': post(['Transfer-Encoding: chunked\nX: y'], twofold),
    'a bare CR within the value': post(['Transfer-Encoding: chunked\rX: y'], twofold),
    'the field hidden behind a bare LF': post(['X: y\nTransfer-Encoding: chunked'], twofold),
    'the field hidden behind a bare CR': post(['X: y\rTransfer-Encoding: chunked'], twofold),
    'a NUL in the name': post(['Transfer-Encoding\0: chunked'], twofold),
    'a high byte in the name': post(['Transfer-Encoding\xff: chunked'], twofold),
    'a colon missing': post(['Transfer-Encoding chunked'], twofold),
    'an equals sign for the colon': post(['Transfer-Encoding= chunked'], twofold),
  }),
  ...forwards({
    'chunked in odd case': [post(['tRANSFER-eNCODING:cHUNKED'], '2\r\nhi\r\n0\r\n\r\n'), ['POST /', 'hi']],
    'chunked among spaces': [post(['Transfer-Encoding:   chunked   '], '2\r\nhi\r\n0\r\n\r\n'), ['POST /', 'hi']],
    'a value with two colons is no coding': [
      post(['X: Transfer-Encoding: chunked', 'Content-Length: 5'], '0\r\n\r\n'),
      ['POST /', '0\r\n\r\n'],
    ],
  }),
]

/** Lengths that one reader takes for another number than another. */
export const lengths: readonly RequestCase[] = [
  ...refuses(
    400,
    Object.fromEntries(
      [
        ...[
          '+5',
          '-5',
          '+0',
          '-0',
          '0x5',
          '5.0',
          '5e0',
          '5,5',
          '5, 5',
          '5;5',
          '5 5',
          '5\t5',
          '',
          'five',
          '0b101',
          '0o5',
          '5_0',
          '"5"',
        ],
        ...[
          '\t5',
          '5\t',
          '\xa05',
          '5\xa0',
          '\x0b5',
          '5\x0c',
          '5\x00',
          '\x005',
          '5\x01',
          '\xb5',
          '99999999999999999999',
          '4294967301x',
        ],
        ...['18446744073709551621', '9007199254740993', '5\x85', '(5)', '=5', ':5', '5:', '-', '+', '\xb9'],
      ].map((length) => [
        `a length of ${JSON.stringify(length)}`,
        post([`Content-Length: ${length}`], `hello${smuggled}`),
      ]),
    ),
  ),
  ...refuses(400, {
    'two lengths of one value': post(['Content-Length: 5', 'Content-Length: 5'], 'hello'),
    'two lengths of two values': post(['Content-Length: 5', 'Content-Length: 0'], `hello${smuggled}`),
    'two lengths of two values, the other way': post(['Content-Length: 0', 'Content-Length: 5'], `hello${smuggled}`),
    'two lengths in two cases, far apart': post(['Content-Length: 5', 'X: y', 'CONTENT-LENGTH: 6'], `hello${smuggled}`),
    'a length and an empty one': post(['Content-Length: 5', 'Content-Length:'], `hello${smuggled}`),
    'two lengths in a GET': request('GET /', ['Content-Length: 0', 'Content-Length: 5'], 'hello'),
    'a length with a blank before its colon': post(['Content-Length : 5'], `hello${smuggled}`),
    'a length on a folded line': post(['Content-Length:', ' 5'], `hello${smuggled}`),
    'a length folded after its digit': post(['Content-Length: 5', ' 5'], `hello${smuggled}`),
    'a length behind a bare CR': post(['X: y\rContent-Length: 5'], `hello${smuggled}`),
    'a length behind a bare LF': post(['X: y\nContent-Length: 5'], `hello${smuggled}`),
  }),
  ...forwards({
    'a length with zeros before it': [
      post(['Content-Length: 0005'], `hello${request('GET /next')}`),
      ['POST /', 'hello'],
      ['GET /next'],
    ],
    'a length among spaces': [
      post(['Content-Length:   5   '], `hello${request('GET /next')}`),
      ['POST /', 'hello'],
      ['GET /next'],
    ],
    'names that only look like a length': [
      post(['Content-Lengths: 5', 'Content_Length: 5', 'X-Content-Length: 5'], request('GET /next')),
      ['POST /'],
      ['GET /next'],
    ],
    'a length of zero, then another request': [
      post(['Content-Length: 0'], request('GET /next')),
      ['POST /'],
      ['GET /next'],
    ],
    'no length, then another request': [post([], request('GET /next')), ['POST /'], ['GET /next']],
  }),
]
