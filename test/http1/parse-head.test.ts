import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defaultRequestLimits, defaultResponseLimits } from '../../src/core/message/head-limits.js'
import { parseRequestHead, parseResponseHead, readRequestHead, readResponseHead } from '../../src/http1/parse-head.js'
import { TextRequestHead, TextResponseHead } from '../../src/http1/text-head.js'

/** A request's head with Host first among its fields. */
function get(...fields: readonly string[]): string {
  return ['GET / HTTP/1.1', 'Host: a.test', ...fields, '', ''].join('\r\n')
}

function ok(...fields: readonly string[]): string {
  return ['HTTP/1.1 200 OK', ...fields, '', ''].join('\r\n')
}

/** What is said of a request: its defect, or nothing. */
function verdict(text: string): string | undefined {
  const head = readRequestHead(Buffer.from(text, 'latin1'), 0, 0)
  assert.notEqual(head, undefined, `${JSON.stringify(text)} is taken for a part of a head`)
  return typeof head === 'string' ? head : head!.defect
}

function accepted(text: string): TextRequestHead {
  const head = readRequestHead(Buffer.from(text, 'latin1'), 0, 0)
  assert.ok(head instanceof TextRequestHead, `${JSON.stringify(text)}: ${head}`)
  assert.equal(head.defect, undefined, JSON.stringify(text))
  return head
}

function isRefusedResponse(text: string, method = 'GET'): boolean {
  const head = readResponseHead(Buffer.from(text, 'latin1'), text.length, 0, method)
  assert.notEqual(head, undefined, `${JSON.stringify(text)} is taken for a part of a head`)
  return head === false
}

function acceptedResponse(text: string, method = 'GET'): TextResponseHead {
  const head = readResponseHead(Buffer.from(text, 'latin1'), text.length, 0, method)
  assert.ok(head instanceof TextResponseHead, `${JSON.stringify(text)}: ${head}`)
  return head
}

/** Every byte that no field, no target and no reason may have. */
const controls = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter(
  (char) => (char < ' ' || char === '\x7f') && char !== '\t',
)

describe('a request line', () => {
  test('gives method, target and version as they are', () => {
    const head = accepted('M-SEARCH /a//b/../%2e?x=%zz&y HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.deepEqual([head.method, head.target, head.minorVersion], ['M-SEARCH', '/a//b/../%2e?x=%zz&y', 1])
    assert.equal(accepted('GET / HTTP/1.0\r\n\r\n').minorVersion, 0)
  })

  test('may have any token as its method', () => {
    for (const method of ['GET', 'get', 'PURGE', 'X', "!#$%&'*+.^_`|~9", 'x'.repeat(300)]) {
      assert.equal(accepted(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`).method, method)
    }
  })

  test('with an illegal method, or none, is refused', () => {
    for (const method of ['', 'G(T', 'GE\xe9', 'G,T', 'G@T', 'G/T', '"GET"', 'G:T', 'G\tT', ' GET', '\tGET']) {
      assert.equal(verdict(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`), 'bad-request', JSON.stringify(method))
    }
  })

  test('with anything but one space between its parts is refused', () => {
    for (const line of [
      ...['GET  / HTTP/1.1', 'GET /  HTTP/1.1', 'GET\t/ HTTP/1.1', 'GET /\tHTTP/1.1', 'GET / HTTP/1.1 '],
      ...['GET / HTTP/1.1\t', ' GET / HTTP/1.1', 'GET/ HTTP/1.1', 'GET /HTTP/1.1', 'GET /', 'GET', 'GET HTTP/1.1'],
      ...['GET / a HTTP/1.1', 'GET / HTTP/1.1 HTTP/1.1', 'GET\v/ HTTP/1.1', 'GET / HTTP/1.1\0'],
    ]) {
      assert.equal(verdict(`${line}\r\nHost: a\r\n\r\n`), 'bad-request', JSON.stringify(line))
    }
  })

  test('of another version than 1.0 and 1.1 is refused', () => {
    for (const version of [
      ...['HTTP/0.9', 'HTTP/1.2', 'HTTP/1.9', 'HTTP/2.0', 'HTTP/2', 'HTTP/3.0', 'HTTP/1.10', 'HTTP/1.01', 'HTTP/01.1'],
      ...['HTTP/1', 'HTTP/1.', 'HTTP/.1', 'HTTP/1.1.1', 'HTTP/1,1', 'HTTP/+1.1', 'http/1.1', 'Http/1.1', 'HTTPS/1.1'],
      ...['RTSP/1.0', 'ICY/1.1', 'HTTP 1.1', 'HTTP//1.1', 'HTTP/1.\xb9', 'HTTP/A.B', 'SHTTP/1.1', 'HTTP/1.1;'],
    ]) {
      assert.equal(verdict(`GET / ${version}\r\nHost: a\r\n\r\n`), 'bad-request', version)
    }
    assert.equal(verdict('PRI * HTTP/2.0\r\n\r\n'), 'bad-request')
  })

  test('may have a target of any of the four forms', () => {
    for (const target of ['/', '//', '/?', '//b.test/x', '/a:b@c', '/\\', '/"<>^`{|}', '/*', '/a/http://b.test/']) {
      assert.equal(accepted(`GET ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`).target, target)
    }
    for (const target of [
      'http://a.test',
      'http://a.test/',
      'HTTP://A.Test:80/x?y',
      'https://a.test:443',
      'ws://a.test',
    ]) {
      assert.equal(accepted(`GET ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`).target, target)
    }
    accepted('OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n')
    accepted('CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n')
    accepted('CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n')
  })

  test('with a target of no form is refused', () => {
    for (const target of [
      ...[
        'a',
        'a.test',
        'a/b',
        '?a',
        '*',
        '**',
        '*/',
        './a',
        '../a',
        ':',
        '@',
        '\\a',
        '%2f',
        'a.test:80',
        'mailto:a@b',
      ],
      ...['http:/a', 'http:a.test', 'http://', 'http:///a', 'http://:80/', 'http://?a', 'http://u@a.test/'],
      ...['http://u:p@a.test/', 'http://a.test:x/', 'http://a b/', 'http://a\\b/', '1http://a.test/', '://a.test/'],
      ...['http://[::1/', 'http://::1/', 'http://[a.test]/', 'http://a.test:80:80/'],
    ]) {
      assert.equal(verdict(`GET ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`), 'bad-request', target)
    }
    for (const target of ['/', '*', 'a.test', 'http://a.test/', ':443', 'a.test:', 'a.test:x', 'u@a.test:443']) {
      assert.equal(verdict(`CONNECT ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`), 'bad-request', target)
    }
  })

  test('with a byte in its target that no target has is refused', () => {
    for (const byte of [...controls, '\t', ' ', '#', '\x80', '\xa0', '\xff']) {
      assert.equal(verdict(`GET /a${byte}b HTTP/1.1\r\nHost: a\r\n\r\n`), 'bad-request', JSON.stringify(byte))
    }
  })

  test('of HTTP/0.9 is refused as soon as it is there', () => {
    assert.equal(verdict('GET /\r\n'), 'bad-request')
  })
})

describe('fields', () => {
  test('keep their order, case, duplicates and bytes', () => {
    const fields = ['X-B: 1', 'x-a: 2', 'X-b: 3', 'Set-Cookie: \xe9\xff=1', "!#$%&'*+.^_`|~09: x", 'Empty:']
    const head = accepted(get(...fields))
    assert.deepEqual(head.forwardedList([]), [
      ...['Host', 'a.test', 'X-B', '1', 'x-a', '2', 'X-b', '3', 'Set-Cookie', '\xe9\xff=1', "!#$%&'*+.^_`|~09", 'x'],
      ...['Empty', ''],
    ])
    assert.equal(head.forwardedText([]), ['Host: a.test', ...fields, ''].join('\r\n'))
  })

  test('may have blanks around their values: space and tab alone, which are no part of it', () => {
    const head = accepted(get('A:1', 'B:  \t 2 \t', 'C: 3  4\t5', 'D: \t', 'E: \xa0x\xa0'))
    const values = ['a', 'b', 'c', 'd', 'e'].map((name) => head.get(name))
    assert.deepEqual(values, ['1', '2', '3  4\t5', '', '\xa0x\xa0'])
  })

  test('with a control byte anywhere are refused', () => {
    for (const byte of controls) {
      for (const field of [`X: a${byte}b`, `X: ${byte}`, `X:${byte}b`, `X${byte}Y: b`, `${byte}X: b`, `X${byte}: b`]) {
        assert.equal(verdict(get(field)), 'bad-request', JSON.stringify(field))
      }
    }
  })

  test('with a bare CR or a bare LF are refused', () => {
    for (const text of [
      ...[get('X: a\rY: b'), get('X: a\nY: b'), get('X: a\r\rY: b'), get('X: a\n\rY: b'), get('X: a\r'), get('X: a\n')],
      ...['GET / HTTP/1.1\nHost: a\n\n', 'GET / HTTP/1.1\r\nHost: a\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\n\n'],
      ...[
        'GET / HTTP/1.1\nHost: a\r\n\r\n',
        'GET / HTTP/1.1\rHost: a\r\r\n\r\n',
        'GET / HTTP/1.1\r\r\nHost: a\r\n\r\n',
      ],
      ...[
        'GET / HTTP/1.1\r\nHost: a\r\r\n\r\n',
        '\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
        '\rGET / HTTP/1.1\r\nHost: a\r\n\r\n',
      ],
    ]) {
      assert.equal(verdict(text), 'bad-request', JSON.stringify(text))
    }
  })

  test('on folded lines are refused', () => {
    for (const text of [
      ...[get('X: a', ' b'), get('X: a', '\tb'), get('X:', ' b'), get('X: a', ' '), get(' X: a'), get('\tX: a')],
      ...['GET / HTTP/1.1\r\n Host: a\r\n\r\n', 'GET / HTTP/1.1\r\n\tX: a\r\nHost: a\r\n\r\n'],
    ]) {
      assert.equal(verdict(text), 'bad-request', JSON.stringify(text))
    }
  })

  test('with a blank before the colon are refused', () => {
    for (const field of [
      'X : a',
      'X\t: a',
      'X  : a',
      'Content-Length : 0',
      'Transfer-Encoding\t: chunked',
      'Host : b',
    ]) {
      assert.equal(verdict(get(field)), 'bad-request', field)
    }
  })

  test('with an empty or illegal name are refused', () => {
    for (const field of [
      ...[': a', ':', 'a', 'a b', 'X Y: a', '(X): a', 'X,Y: a', '"X": a', 'X/Y: a', '[X]: a', '{X}: a', 'X@Y: a'],
      ...['X;Y: a', 'X=Y: a', 'X?: a', 'X\\Y: a', 'X<Y>: a', 'X\xe9: a', '\xa0X: a', 'X\xa0: a', '\xffX: a'],
    ]) {
      assert.equal(verdict(get(field)), 'bad-request', JSON.stringify(field))
    }
  })

  test('are a hundred at most', () => {
    const many = (count: number): string => get(...Array.from({ length: count - 1 }, (_, i) => `X-${i}: 1`))
    accepted(many(defaultRequestLimits.maxHeaders))
    assert.equal(verdict(many(defaultRequestLimits.maxHeaders + 1)), 'head-too-large')
  })
})

describe('Host', () => {
  test('is a name or an address, with or without a port', () => {
    for (const host of [
      ...['a', 'A.Test', 'a.test:80', 'a.test:', '127.0.0.1:8080', '[::1]', '[::1]:80', '[v1.a:b]', 'a_b', 'a%20b', ''],
      "a!$&'()*+,;=b",
    ]) {
      accepted(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    }
  })

  test('is refused when it is something else', () => {
    for (const host of [
      ...['a b', 'a, b', 'a/b', 'a?b', 'a#b', 'u@a', 'a:b', 'a:80:80', 'http://a', 'a\\b', '[::1', '::1', '[a]', '[]'],
      ...[
        '[::1]x',
        'a%2',
        'a%zz',
        'a\xe9',
        '\xa0a',
        'a\xa0',
        '"a"',
        '<a>',
        'a|b',
        'a^b',
        'a:-1',
        'a:+80',
        'a\tb',
        'a:8 0',
      ],
    ]) {
      assert.equal(verdict(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`), 'bad-request', JSON.stringify(host))
    }
  })

  test('is refused when it is missing in HTTP/1.1, or repeated in any version', () => {
    assert.equal(verdict('GET / HTTP/1.1\r\n\r\n'), 'bad-request')
    assert.equal(verdict('GET / HTTP/1.1\r\nX-Host: a\r\nHosts: a\r\nHos: a\r\n\r\n'), 'bad-request')
    for (const version of ['1.0', '1.1']) {
      for (const other of ['Host: a.test', 'Host: b.test', 'HOST: a.test', 'host:', 'hOsT:\ta.test']) {
        assert.equal(verdict(`GET / HTTP/${version}\r\nHost: a.test\r\nX: y\r\n${other}\r\n\r\n`), 'bad-request', other)
      }
    }
    accepted('GET / HTTP/1.0\r\n\r\n')
  })

  test('is refused when the target names somebody else', () => {
    for (const [target, host] of [
      ...[
        ['http://b.test/', 'a.test'],
        ['http://a.test/', ''],
        ['http://a.test:81/', 'a.test'],
        ['HTTP://b.test', 'a.test'],
      ],
      ...[
        ['http://a.test/', 'a.test:81'],
        ['http://a.test:443/', 'a.test'],
        ['https://a.test:80/', 'a.test'],
      ],
      ...[
        ['http://a.test/', 'a.test.'],
        ['ftp://b.test/', 'a.test'],
        ['http://a.test', 'u@a.test'],
      ],
    ]) {
      assert.equal(verdict(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`), 'bad-request', `${target} ${host}`)
    }
    for (const [target, host] of [
      ...[
        ['http://a.test/', 'A.TEST'],
        ['http://a.test:80/', 'a.test'],
        ['http://a.test', 'a.test:80'],
      ],
      ...[
        ['https://a.test/', 'a.test:443'],
        ['http://a.test:/', 'a.test'],
        ['http://[::1]:80/', '[::1]'],
      ],
    ]) {
      accepted(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    }
  })
})

describe('the framing of a request', () => {
  const post = (...fields: readonly string[]): string => get(...fields).replace('GET', 'POST')

  test('is a length, chunks, or nothing', () => {
    assert.equal(accepted(post()).bodyLength, 0)
    assert.equal(accepted(post('Content-Length: 0')).bodyLength, 0)
    assert.equal(accepted(post('CONTENT-length:  00012 ')).bodyLength, 12)
    assert.equal(accepted(post('content-length: 999999999999999')).bodyLength, 999_999_999_999_999)
    for (const coding of ['chunked', 'Chunked', 'CHUNKED', '  chunked  ']) {
      assert.equal(accepted(post(`Transfer-Encoding:${coding}`)).bodyLength, -1)
    }
  })

  test('is refused for a length that is not digits alone, or too many', () => {
    for (const length of [
      ...[
        '',
        '-1',
        '+1',
        '+0',
        '-0',
        '0x1',
        '1e1',
        '1.0',
        '1,1',
        '1, 1',
        '1 1',
        '1;',
        'one',
        '\xb9',
        '1_0',
        '0b1',
        '0o7',
      ],
      ...[
        '\xa01',
        '1\xa0',
        '\xb2',
        '"1"',
        '1000000000000000',
        '18446744073709551617',
        '9'.repeat(300),
        '1\t1',
        '\t1',
        '1\t',
      ],
    ]) {
      assert.equal(verdict(post(`Content-Length: ${length}`)), 'bad-request', JSON.stringify(length))
    }
  })

  test('is refused for a repeated length, even of one value', () => {
    for (const other of [
      'Content-Length: 1',
      'content-length: 1',
      'Content-Length: 2',
      'CONTENT-LENGTH:',
      'Content-Length: x',
    ]) {
      assert.equal(verdict(post('Content-Length: 1', other)), 'bad-request', other)
      assert.equal(verdict(post(other, 'X: y', 'Content-Length: 1')), 'bad-request', other)
    }
  })

  test('is refused for a length with a transfer coding, in any order', () => {
    for (const coding of ['chunked', 'identity', 'gzip, chunked', '', 'x']) {
      assert.equal(verdict(post('Content-Length: 1', `Transfer-Encoding: ${coding}`)), 'bad-request', coding)
      assert.equal(verdict(post(`Transfer-Encoding: ${coding}`, 'Content-Length: 0')), 'bad-request', coding)
    }
  })

  test('is refused for a transfer coding that does not end in its one chunked', () => {
    for (const coding of [
      ...[
        '',
        'identity',
        'gzip',
        'x',
        'chunked, gzip',
        'chunked, identity',
        'chunked, chunked',
        'chunked,',
        ',chunked',
      ],
      ...['chunked;q=1', 'chunked; x', 'gzip;q=1, chunked', '"chunked"', "'chunked'", 'xchunked', 'chunkedx', 'chunke'],
      ...[
        'chunked chunked',
        'gzip chunked',
        'chunked\t,chunked',
        '\tchunked',
        'chunked\t',
        'gzip,\tchunked',
        '\xa0chunked',
        'chunked\xa0',
        '\xa0, chunked',
        '0',
      ],
      ...['gzip, , chunked', 'gzip,, chunked', 'chunked, gzip, chunked', 'c hunked', '=chunked', '[chunked]'],
    ]) {
      assert.equal(verdict(post(`Transfer-Encoding: ${coding}`)), 'bad-request', JSON.stringify(coding))
    }
    assert.equal(verdict(post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')), 'bad-request')
    assert.equal(verdict(post('Transfer-Encoding: chunked', 'transfer-encoding: gzip')), 'bad-request')
    assert.equal(verdict(post('Transfer-Encoding: chunked', 'Transfer-Encoding:')), 'bad-request')
  })

  test('is not known for other codings before chunked', () => {
    for (const coding of [
      'gzip, chunked',
      'GZIP,CHUNKED',
      'identity, chunked',
      'deflate , gzip , chunked',
      'x,chunked',
    ]) {
      assert.equal(verdict(post(`Transfer-Encoding: ${coding}`)), 'unsupported', coding)
    }
    assert.equal(verdict(post('Transfer-Encoding: gzip', 'X: y', 'Transfer-Encoding: chunked')), 'unsupported')
  })

  test('is refused for chunks in HTTP/1.0', () => {
    assert.equal(verdict('POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'), 'bad-request')
  })
})

describe('sizes', () => {
  const long = (length: number): string => `/${'a'.repeat(length - 1)}`

  test('a target may have 8 KiB', () => {
    accepted(`GET ${long(defaultRequestLimits.maxTargetBytes)} HTTP/1.1\r\nHost: a\r\n\r\n`)
    assert.equal(
      verdict(`GET ${long(defaultRequestLimits.maxTargetBytes + 1)} HTTP/1.1\r\nHost: a\r\n\r\n`),
      'target-too-long',
    )
  })

  test('a head may have 16 KiB, and what is too large is known before its end', () => {
    const spare = defaultRequestLimits.maxHeaderBytes - get('X: ').length
    accepted(get(`X: ${'a'.repeat(spare)}`))
    assert.equal(verdict(get(`X: ${'a'.repeat(spare + 1)}`)), 'head-too-large')
    const endless = Buffer.from(`${get().slice(0, -2)}X: ${'a'.repeat(defaultRequestLimits.maxHeaderBytes)}`)
    assert.equal(readRequestHead(endless.subarray(0, defaultRequestLimits.maxHeaderBytes), 0, 0), undefined)
    assert.equal(
      readRequestHead(
        endless.subarray(0, defaultRequestLimits.maxHeaderBytes + 1),
        0,
        defaultRequestLimits.maxHeaderBytes,
      ),
      'head-too-large',
    )
  })

  test('a head that is too large because of its target says so, ended or not', () => {
    for (const end of ['', ' HTTP/1.1\r\nHost: a\r\n\r\n', ' HTTP/1.1\r\nX: ', ' HTTP/1.1\r\n']) {
      assert.equal(verdict(`GET ${long(defaultRequestLimits.maxHeaderBytes)}${end}`), 'target-too-long')
    }
    assert.equal(verdict('G'.repeat(defaultRequestLimits.maxHeaderBytes + 1)), 'head-too-large')
    assert.equal(
      verdict(`GET ${long(20)} HTTP/1.1\r\nX: ${'a '.repeat(defaultRequestLimits.maxHeaderBytes)}`),
      'head-too-large',
    )
  })

  test("a response's head may have 64 KiB", () => {
    const spare = defaultResponseLimits.maxHeaderBytes - ok('X: ').length
    acceptedResponse(ok(`X: ${'a'.repeat(spare)}`))
    assert.ok(isRefusedResponse(ok(`X: ${'a'.repeat(spare + 1)}`)))
    assert.ok(isRefusedResponse(`${ok().slice(0, -2)}X: ${'a'.repeat(defaultResponseLimits.maxHeaderBytes)}`))
  })
})

describe('a head that comes in pieces', () => {
  const requests = [
    get('Accept: */*', 'Connection: keep-alive', 'Empty:', 'X: \xe9\t'),
    'GET / HTTP/1.0\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nhost:a\r\n\r\n',
    get(`Cookie: ${'c'.repeat(5000)}`, 'X: y'),
    `GET /${'a'.repeat(5000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  ]
  const responses = [ok('Content-Length: 0', 'X: \xe9'), 'HTTP/1.0 404\r\n\r\n', ok(`X: ${'x'.repeat(5000)}`)]

  test('is incomplete at every point but its end, however much of it was looked at before', () => {
    for (const text of requests) {
      const bytes = Buffer.from(text, 'latin1')
      for (let length = 0; length < bytes.length; length++) {
        for (const seen of new Set([0, Math.max(0, length - 1), length >> 1])) {
          assert.equal(
            readRequestHead(bytes.subarray(0, length), 0, seen),
            undefined,
            `${length} of ${text.slice(0, 99)}`,
          )
        }
      }
    }
    for (const text of responses) {
      const bytes = Buffer.from(text, 'latin1')
      for (let length = 0; length < bytes.length; length++) {
        for (const seen of new Set([0, Math.max(0, length - 1), length >> 1])) {
          assert.equal(readResponseHead(bytes, length, seen, 'GET'), undefined, `${length} of ${text}`)
        }
      }
    }
  })

  test('ends where it ends, wherever it was split, and whatever stands before and after it', () => {
    for (const text of requests) {
      const bytes = Buffer.from(`before${text}after\r\n\r\n`, 'latin1')
      for (let seen = 0; seen < text.length; seen++) {
        const head = readRequestHead(bytes, 6, seen)
        assert.ok(head instanceof TextRequestHead)
        assert.equal(head.length, text.length)
      }
    }
    for (const text of responses) {
      const bytes = Buffer.from(`${text}after\r\n\r\n`, 'latin1')
      for (let seen = 0; seen < text.length; seen++) {
        const head = readResponseHead(bytes, bytes.length, seen, 'GET')
        assert.ok(head instanceof TextResponseHead)
        assert.equal(head.length, text.length)
      }
    }
  })

  test('is refused at the first byte or line that no head has, without waiting for its end', () => {
    for (const text of [
      ...[
        '\0',
        '\x16\x03\x01',
        'GET /\x7f',
        'GET / HTTP/1.1\n',
        '\n',
        '\r\r',
        '\rG',
        'GET\r/',
        'GET / HTTP/1.1\r\n\n',
        'hello\r\n',
      ],
      ...[
        'GET / HTTP/1.1\r\nHost: a\n',
        'GET / HTTP/1.1\r\nHost: a\r\n b\r\n',
        'GET / HTTP/1.1\r\nX : y\r\n',
        'GET / HTTP/2.0\r\n',
      ],
      ...['GET / HTTP/1.1\r\nX\r\n', 'GET / HTTP/1.1\r\nHost: a\rX', 'GET / HTTP/1.1\r\nHost: \0'],
    ]) {
      const bytes = Buffer.from(text, 'latin1')
      assert.equal(readRequestHead(bytes, 0, 0), 'bad-request', JSON.stringify(text))
      assert.equal(readRequestHead(bytes, 0, bytes.length - 1), 'bad-request', JSON.stringify(text))
    }
    for (const text of [
      'x',
      'HTTX',
      'HTTP/2.0 200 OK\r\n',
      'ICY 200 OK\r\n',
      '\r\n',
      'HTTP/1.1 200 OK\r\nX : y\r\n',
      'HTTP/1.1 2',
    ]) {
      const bytes = Buffer.from(text, 'latin1')
      const expected = text === 'HTTP/1.1 2' ? undefined : false
      assert.equal(readResponseHead(bytes, bytes.length, 0, 'GET'), expected, JSON.stringify(text))
    }
  })

  test('costs no more than its length: each byte is looked at a few times at most', () => {
    const bytes = Buffer.from(ok(`X: ${'a'.repeat(defaultResponseLimits.maxHeaderBytes - 100)}`).slice(0, -2))
    const spent = cpuTime(() => {
      for (let length = 1; length <= bytes.length; length++) {
        assert.equal(readResponseHead(bytes, length, length - 1, 'GET'), undefined)
      }
    })
    // 64 thousand calls take some tens of milliseconds; were each to look at all of it again, it would be seconds.
    assert.ok(spent < 700_000, `${spent} microseconds`)
  })
})

/** Microseconds of the processor's time. */
function cpuTime(run: () => void): number {
  const start = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(start)
  return user + system
}

describe('a status line', () => {
  test('gives status and reason as they are', () => {
    const head = acceptedResponse('HTTP/1.1 299 \xe9t\xe9 \t"x"\r\n\r\n')
    assert.deepEqual([head.status, head.reason], [299, '\xe9t\xe9 \t"x"'])
    assert.equal(acceptedResponse('HTTP/1.0 200 \r\n\r\n').reason, '')
    assert.equal(acceptedResponse('HTTP/1.1 200\r\n\r\n').reason, '')
    assert.equal(acceptedResponse('HTTP/1.1 999 x\r\n\r\n').status, 999)
  })

  test('that is malformed is refused', () => {
    for (const line of [
      ...[
        'HTTP/1.1',
        'HTTP/1.1 ',
        'HTTP/1.1 20 OK',
        'HTTP/1.1 2000 OK',
        'HTTP/1.1 099 OK',
        'HTTP/1.1 000 OK',
        'HTTP/1.1  200 OK',
      ],
      ...[
        'HTTP/1.1\t200 OK',
        'HTTP/1.1 200OK',
        'HTTP/1.1 200\tOK',
        'HTTP/1.1 2x0 OK',
        'HTTP/1.1 -20 OK',
        'HTTP/1.1 +20 OK',
      ],
      ...[
        'HTTP/1.2 200 OK',
        'HTTP/2.0 200 OK',
        'HTTP/2 200',
        'HTTP/0.9 200 OK',
        'HTTP/1.1.1 200 OK',
        'http/1.1 200 OK',
      ],
      ...[
        'ICY 200 OK',
        ' HTTP/1.1 200 OK',
        '200 OK',
        '<html>',
        'HTTP/1.1 200 a\0b',
        'HTTP/1.1 200 a\x7fb',
        'HTTP/1.1 200 a\rb',
      ],
    ]) {
      assert.ok(isRefusedResponse(`${line}\r\n\r\n`), JSON.stringify(line))
    }
  })
})

test('an informational response of HTTP/1.0 is refused: there are none', () => {
  for (const status of ['100', '101', '103', '199']) assert.ok(isRefusedResponse(`HTTP/1.0 ${status} x\r\n\r\n`))
})

describe('the framing of a response', () => {
  test('is what its fields say, unless it never has a body', () => {
    assert.equal(acceptedResponse(ok()).bodyLength, -2)
    assert.equal(acceptedResponse(ok('Content-Length: 3')).bodyLength, 3)
    assert.equal(acceptedResponse(ok('Transfer-Encoding: chunked')).bodyLength, -1)
    for (const fields of [[], ['Content-Length: 3'], ['Transfer-Encoding: chunked']]) {
      assert.equal(acceptedResponse(ok(...fields), 'HEAD').bodyLength, 0)
      for (const status of ['100', '103', '204', '304']) {
        assert.equal(acceptedResponse(ok(...fields).replace('200', status)).bodyLength, 0)
      }
    }
  })

  test('is refused where two readers could see two ends', () => {
    for (const fields of [
      ...[
        ['Content-Length: 3', 'Content-Length: 3'],
        ['Content-Length: 3', 'Content-Length: 4'],
        ['Content-Length: +3'],
      ],
      ...[['Content-Length: 3, 3'], ['Content-Length:'], ['Content-Length: 3', 'Transfer-Encoding: chunked']],
      ...[['Transfer-Encoding: gzip'], ['Transfer-Encoding: gzip, chunked'], ['Transfer-Encoding: identity']],
      ...[
        ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
        ['Transfer-Encoding:'],
        ['Transfer-Encoding: \xa0chunked'],
      ],
    ]) {
      for (const method of ['GET', 'HEAD']) assert.ok(isRefusedResponse(ok(...fields), method), fields.join())
      assert.ok(isRefusedResponse(ok(...fields).replace('200', '204')), fields.join())
    }
    assert.ok(isRefusedResponse('HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'))
  })

  test('with fields that are none is refused', () => {
    for (const field of ['X : a', ' X: a', ': a', 'a', 'X: a\rb', 'X: a\nY: b', 'X: \0', 'X\xe9: a', 'X: a\r\n b']) {
      assert.ok(isRefusedResponse(ok(field)), JSON.stringify(field))
    }
  })
})

test('text that starts with a head and goes on is read as far as the head goes', () => {
  const head = parseRequestHead(`${get('X: y')}X: z\r\n\r\nbody`)
  assert.ok(head instanceof TextRequestHead)
  assert.deepEqual(head.getAll('x'), ['y'])
  assert.equal(head.forwardedText([]), 'Host: a.test\r\nX: y\r\n')
  assert.equal(head.fields.count, 2)
  const response = parseResponseHead(`${ok('X: y')}X: z\r\n\r\nbody`, 'GET')
  assert.deepEqual(response?.forwardedList([]), ['X', 'y'])
})
