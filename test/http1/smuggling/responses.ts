import { breaksOff, delivers, ok, type ResponseCase, withholds } from './case.js'

const chunked = 'Transfer-Encoding: chunked'
const length = 'Content-Length: 2'
/** What a server must not get a client to take for the answer to another request. */
const forged = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged'

/** Framing of responses that readers disagree about. */
export const responseFraming: readonly ResponseCase[] = [
  ...withholds({
    'a length and chunks': ok([length, chunked], '0\r\n\r\n'),
    'chunks and a length': ok([chunked, 'Content-Length: 5'], '0\r\n\r\n'),
    'two lengths of one value': ok([length, length], 'ok'),
    'two lengths of two values': ok([length, 'Content-Length: 0'], 'ok'),
    'a length with a sign': ok(['Content-Length: +2'], 'ok'),
    'a negative length': ok(['Content-Length: -2'], 'ok'),
    'a list of lengths': ok(['Content-Length: 2, 2'], 'ok'),
    'an empty length': ok(['Content-Length:'], 'ok'),
    'a hexadecimal length': ok(['Content-Length: 0x2'], 'ok'),
    'a length that is too large': ok(['Content-Length: 99999999999999999999'], 'ok'),
    'a length with a tab': ok(['Content-Length:\t2'], 'ok'),
    'a length with a no-break space': ok(['Content-Length: \xa02'], 'ok'),
    'gzip alone': ok(['Transfer-Encoding: gzip'], 'ok'),
    'gzip before chunked': ok(['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'),
    'chunked before gzip': ok(['Transfer-Encoding: chunked, gzip'], '0\r\n\r\n'),
    'chunked twice': ok([chunked, chunked], '0\r\n\r\n'),
    'an empty coding': ok(['Transfer-Encoding:'], 'ok'),
    identity: ok(['Transfer-Encoding: identity'], 'ok'),
    'a coding that is none': ok(['Transfer-Encoding: xchunked'], '0\r\n\r\n'),
    'chunked with a tab': ok(['Transfer-Encoding: chunked\t'], '0\r\n\r\n'),
    'chunked with a no-break space': ok(['Transfer-Encoding: \xa0chunked'], '0\r\n\r\n'),
    'chunks in HTTP/1.0': ok([chunked], '0\r\n\r\n').replace('1.1', '1.0'),
    'a length and chunks, and no body at all': ok([length, chunked]).replace('200', '204'),
  }),
  ...delivers(
    200,
    'ok',
    { 'a length': ok([length], 'ok'), 'a length with zeros before it': ok(['Content-Length: 0002'], 'ok') },
    { keeps: true },
  ),
  ...delivers(
    200,
    'ok',
    {
      chunks: ok([chunked], '2\r\nok\r\n0\r\n\r\n'),
      'chunks with extensions and trailers': ok([chunked], '2;a="b"\r\nok\r\n0\r\nX: y\r\n\r\n'),
    },
    { keeps: true },
  ),
  ...delivers(
    200,
    'ok',
    {
      'no length, and the end': ok([], 'ok'),
      'no length, and the end, in HTTP/1.0': ok([], 'ok').replace('1.1', '1.0'),
    },
    { ends: true },
  ),
  ...delivers(200, forged, { 'no length, and what looks like another response': ok([], forged) }, { ends: true }),
  ...breaksOff({
    'a size that is none': ok([chunked], '2\r\nok\r\ng\r\n'),
    'a size with a blank': ok([chunked], '2\r\nok\r\n2 \r\nok\r\n0\r\n\r\n'),
    'a size that is too large': ok([chunked], '2\r\nok\r\nffffffffffffffff\r\nok\r\n0\r\n\r\n'),
    'data longer than its size': ok([chunked], '2\r\nok!\r\n0\r\n\r\n'),
    'data that LF ends': ok([chunked], '2\r\nok\n0\r\n\r\n'),
    'a last chunk that LF ends': ok([chunked], '2\r\nok\r\n0\n\n'),
    'a trailer that is none': ok([chunked], '2\r\nok\r\n0\r\nX : y\r\n\r\n'),
    'a trailer on a folded line': ok([chunked], '2\r\nok\r\n0\r\nX: y\r\n z\r\n\r\n'),
  }),
  ...breaksOff(
    {
      'the end within a body': ok(['Content-Length: 10'], 'ok'),
      'the end within a chunk': ok([chunked], '5\r\nok'),
      'the end before the last chunk': ok([chunked], '2\r\nok\r\n'),
      'the end before the last line': ok([chunked], '2\r\nok\r\n0\r\n'),
    },
    { ends: true },
  ),
]

/** Heads of responses that are none, or that one reader takes for another one than another. */
export const responseHeads: readonly ResponseCase[] = [
  ...withholds({
    'LF alone everywhere': 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok',
    'LF alone after the status line': 'HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok',
    'LF alone for the empty line': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok',
    'a bare CR in a value': ok([length, 'X: y\rSet-Cookie: z'], 'ok'),
    'a bare LF in a value': ok([length, 'X: y\nSet-Cookie: z'], 'ok'),
    'a bare CR in the reason': 'HTTP/1.1 200 O\rK\r\nContent-Length: 2\r\n\r\nok',
    'a folded line': ok([length, 'X: y', ' z'], 'ok'),
    'a folded line first': ok([' X: y', length], 'ok'),
    'a blank before a colon': ok(['Content-Length : 2'], 'ok'),
    'a name that is empty': ok([length, ': y'], 'ok'),
    'a name with a blank': ok([length, 'X Y: z'], 'ok'),
    'a line without a colon': ok([length, 'X'], 'ok'),
    'a NUL in a value': ok([length, 'X: a\0b'], 'ok'),
    'a NUL in the reason': 'HTTP/1.1 200 O\0K\r\nContent-Length: 2\r\n\r\nok',
    'a status of two digits': 'HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok',
    'a status of four digits': 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok',
    'a status below 100': 'HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok',
    'a status that is none': 'HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\nok',
    'two blanks before the status': 'HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\nok',
    'a tab before the status': 'HTTP/1.1\t200 OK\r\nContent-Length: 2\r\n\r\nok',
    'HTTP/2.0 in text': 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
    'HTTP/1.2': 'HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok',
    'another protocol': 'ICY 200 OK\r\nContent-Length: 2\r\n\r\nok',
    'HTTP/0.9, a body alone': '<html>ok</html>',
    'an empty line before it': `\r\n${ok([length], 'ok')}`,
    'a blank before it': ` ${ok([length], 'ok')}`,
    'a request': 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n',
    'a head that is too long': ok([`X: ${'y'.repeat(70_000)}`], 'ok'),
  }),
  ...withholds(
    {
      'the end before anything': '',
      'the end within the status line': 'HTTP/1.1 20',
      'the end within a field': 'HTTP/1.1 200 OK\r\nContent-Le',
      'the end before the empty line': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n',
    },
    { ends: true },
  ),
]

/** Responses that are not the last one, or are said not to be. */
export const informational: readonly ResponseCase[] = [
  ...delivers(
    200,
    'ok',
    {
      '100 that nobody asked for': `HTTP/1.1 100 Continue\r\n\r\n${ok([length], 'ok')}`,
      '103 with fields': `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok([length], 'ok')}`,
      'several, one after the other': `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(5)}${ok([length], 'ok')}`,
      '100 with a length is over with its head': `HTTP/1.1 100 Continue\r\nContent-Length: 50\r\n\r\n${ok([length], 'ok')}`,
      '103 with chunks is over with its head': `HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n${ok([length], 'ok')}`,
      '199': `HTTP/1.1 199 Odd\r\n\r\n${ok([length], 'ok')}`,
    },
    { keeps: true },
  ),
  ...withholds({
    '101 that nobody asked for': `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${forged}`,
    '101 to another protocol': `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n${forged}`,
    '100 with two lengths': `HTTP/1.1 100 Continue\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n${ok([length], 'ok')}`,
    '100 in HTTP/1.0': `HTTP/1.0 100 Continue\r\n\r\n${ok([length], 'ok')}`,
    '100 with a body': `HTTP/1.1 100 Continue\r\nContent-Length: 2\r\n\r\nok${ok([length], 'ok')}`,
    'garbage after 100': `HTTP/1.1 100 Continue\r\n\r\ngarbage\r\n\r\n`,
    'a malformed 103': `HTTP/1.1 103 Early Hints\r\nLink : </a>\r\n\r\n${ok([length], 'ok')}`,
  }),
  ...withholds({ 'the end after 100': 'HTTP/1.1 100 Continue\r\n\r\n' }, { ends: true }),
]

/** Responses that have no body, whatever they say, and what follows them. */
export const bodyless: readonly ResponseCase[] = [
  ...delivers(
    200,
    '',
    { 'HEAD with a length': ok([length]), 'HEAD with chunks': ok([chunked]), 'HEAD with neither': ok([]) },
    { method: 'HEAD', keeps: true },
  ),
  ...delivers(
    200,
    '',
    { 'HEAD with a body': ok([length], 'ok'), 'HEAD with chunks of a body': ok([chunked], '2\r\nok\r\n0\r\n\r\n') },
    { method: 'HEAD' },
  ),
  ...delivers(
    204,
    '',
    {
      '204': 'HTTP/1.1 204 No Content\r\n\r\n',
      '204 with a length': 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n',
      '204 with chunks': 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n',
    },
    { keeps: true },
  ),
  ...delivers(204, '', {
    '204 with a body': 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok',
    '204 with a forged response': `HTTP/1.1 204 No Content\r\n\r\n${forged}`,
  }),
  ...delivers(
    304,
    '',
    { '304 with a length': 'HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n' },
    { keeps: true },
  ),
  ...delivers(304, '', {
    '304 with a body': 'HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nok',
    '304 with a forged response': `HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\n\r\n${forged}`,
  }),
  ...delivers(
    205,
    '',
    { '205 with no body': 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n' },
    { keeps: true },
  ),
]

/** Bytes after a response that is over: nobody may get them. */
export const surplus: readonly ResponseCase[] = [
  ...delivers(200, 'ok', {
    'a forged response after a length': ok([length], `ok${forged}`),
    'a forged response after chunks': ok([chunked], `2\r\nok\r\n0\r\n\r\n${forged}`),
    'one byte more than the length': ok([length], 'ok!'),
    'an empty line more than the length': ok([length], 'ok\r\n'),
    'the answer twice': ok([length], 'ok') + ok([length], 'ok'),
    'an informational response after the final one': `${ok([length], 'ok')}HTTP/1.1 100 Continue\r\n\r\n`,
  }),
  ...delivers(200, '', { 'a forged response after an empty one': ok(['Content-Length: 0'], forged) }),
  ...delivers(200, '', { 'a forged response after HEAD': ok(['Content-Length: 50'], forged) }, { method: 'HEAD' }),
]
