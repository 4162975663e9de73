import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HashInput } from '../../../src/balance/hash/hash-input.js'
import { readHeaderInput } from '../../../src/balance/hash/header-input.js'
import { readRdpCookieInput } from '../../../src/balance/hash/rdp-cookie-input.js'
import { readSampleInput } from '../../../src/balance/hash/sample-input.js'
import { sourceInput } from '../../../src/balance/hash/source-input.js'
import { readUriInput } from '../../../src/balance/hash/uri-input.js'
import { readUrlParamInput } from '../../../src/balance/hash/url-param-input.js'
import { header, path, source } from '../../../src/rules/samples.js'
import { OptionReader } from '../../../src/util/options.js'
import { type Asked, connection, exchange } from './views.js'

/** Makes an input of options, all of which it must know. */
function make(read: (reader: OptionReader) => HashInput, options: object = {}): HashInput {
  const reader = new OptionReader(options, 'balance')
  const input = read(reader)
  reader.end()
  return input
}

/** Asserts what is hashed of which exchange. */
function reads(input: HashInput, cases: readonly (readonly [asked: Asked, text: string | undefined])[]): void {
  for (const [asked, text] of cases) assert.equal(input.read(exchange(asked)), text, JSON.stringify(asked))
}

describe('source hashes', () => {
  test('an IPv4 address as the number that it is', () => {
    assert.equal(sourceInput.hash?.('192.0.2.7'), 0xc0000207)
    assert.equal(sourceInput.hash?.('255.255.255.255'), 0xffffffff)
  })

  test('an IPv6 address as its four words laid over each other', () => {
    assert.equal(sourceInput.hash?.('2001:db8::1'), 0x20010db8 ^ 1)
    assert.equal(sourceInput.hash?.('ffff:ffff:0:0:0:0:0:f'), 0xfffffff0)
  })

  test('nothing of the client of a Unix socket', () => {
    assert.equal(sourceInput.read(exchange({ source: '' })), undefined)
  })
})

describe('uri hashes', () => {
  const targets = (input: HashInput, cases: Readonly<Record<string, string | undefined>>) =>
    reads(
      input,
      Object.entries(cases).map(([target, text]) => [{ target }, text]),
    )

  test('the target up to its query', () => {
    targets(make(readUriInput), {
      '/a/b?c=d': '/a/b',
      '/': '/',
      '/%41%2f?': '/%41%2f',
      'http://a.test/x?y': 'http://a.test/x',
      '*': '*',
    })
  })

  test('the whole target', () => {
    targets(make(readUriInput, { whole: true }), { '/a/b?c=/d': '/a/b?c=/d', '/a?': '/a?' })
  })

  test('the path alone of an absolute form', () => {
    targets(make(readUriInput, { pathOnly: true }), {
      'http://a.test/x/y?z': '/x/y',
      'http://a.test': '',
      '/x/y?z': '/x/y',
      '*': '',
    })
    targets(make(readUriInput, { pathOnly: true, whole: true }), { 'http://a.test/x?': '/x?', '/x?y': '/x?y' })
  })

  test('so many characters', () => {
    targets(make(readUriInput, { length: 4 }), { '/abcdef': '/abc', '/a?bcdef': '/a', '/ab': '/ab' })
    targets(make(readUriInput, { length: 4, whole: true }), { '/a?bcdef': '/a?b' })
  })

  test('so many directories', () => {
    targets(make(readUriInput, { depth: 2 }), { '/ud/a/b': '/ud/a', '/ud/a': '/ud/a', '/ud/': '/ud/', '//x/y': '//x' })
    targets(make(readUriInput, { depth: 1 }), { '/a/b': '/a', 'http://a.test/x': 'http:/' })
    targets(make(readUriInput, { depth: 2, whole: true }), { '/a?b/c/d': '/a?b/c' })
    targets(make(readUriInput, { depth: 2, length: 3 }), { '/ud/a/b': '/ud', '/u/a/b': '/u/' })
  })

  test('everything with limits of 0', () => {
    targets(make(readUriInput, { depth: 0, length: 0 }), { '/a/b/c/d/e': '/a/b/c/d/e' })
  })

  test('nothing in TCP mode', () => {
    assert.equal(make(readUriInput).read(connection()), undefined)
  })
})

describe('urlParam hashes', () => {
  const input = make(readUrlParamInput, { name: 'id' })

  test('the value of the first parameter of that name, as received', () => {
    reads(input, [
      [{ target: '/?id=7' }, '7'],
      [{ target: '/?x=1&id=a%20b&id=2' }, 'a%20b'],
      [{ target: '/?noid=1&id=c;d?e=f' }, 'c;d?e=f'],
      [{ target: '/?id=' }, ''],
      [{ target: '/?&&id==' }, '='],
      [{ target: 'http://a.test/?id=7' }, '7'],
    ])
  })

  test('nothing without a value', () => {
    reads(input, [
      [{ target: '/?id' }, undefined],
      [{ target: '/?ID=7' }, undefined],
      [{ target: '/id=7' }, undefined],
      [{ target: '/?x=?id=7' }, undefined],
      [{ target: '/' }, undefined],
      [{ method: 'POST', payload: 'id=7' }, undefined],
    ])
    assert.equal(input.wantsPayload?.(exchange({ method: 'POST' })), undefined)
  })

  test('the value in the body of a POST that has none in its query, where asked', () => {
    const input = make(readUrlParamInput, { name: 'id', checkPost: true })
    reads(input, [
      [{ method: 'POST', payload: 'x=1&id=7&y=2' }, '7'],
      [{ method: 'POST', target: '/?id=8', payload: 'id=7' }, '8'],
      [{ method: 'POST', payload: 'id=' }, ''],
      [{ method: 'POST', payload: 'id= 7' }, ''],
      // What begins like that is no form: binary data may have anything in it.
      [{ method: 'POST', payload: 'id=\u0000\u0001' }, undefined],
      [{ method: 'POST', payload: 'id=/7' }, undefined],
      [{ method: 'POST', payload: 'x=1' }, undefined],
      [{ method: 'POST' }, undefined],
      [{ method: 'PUT', payload: 'id=7' }, undefined],
    ])
    assert.equal(input.wantsPayload?.(exchange({ method: 'POST' })), true)
    assert.equal(input.wantsPayload?.(exchange({ method: 'POST', target: '/?id=8' })), false)
    assert.equal(input.wantsPayload?.(exchange({ method: 'PUT' })), false)
  })
})

describe('header hashes', () => {
  const input = make(readHeaderInput, { name: 'X-User' })

  test('the first element of the first value', () => {
    reads(input, [
      [{ fields: ['x-user', 'ann'] }, 'ann'],
      [{ fields: ['X-User', ' ann , bob'] }, 'ann'],
      [{ fields: ['X-User', '"a, b", c'] }, '"a, b"'],
      [{ fields: ['X-User', 'ann', 'X-User', 'bob'] }, 'ann'],
    ])
  })

  test('nothing of a field that is missing or empty', () => {
    reads(input, [
      [{}, undefined],
      [{ fields: ['X-User', ''] }, undefined],
      [{ fields: ['X-User', ', ann'] }, undefined],
      [{ fields: ['X-User', '', 'X-User', 'ann'] }, undefined],
    ])
  })

  test('the label before the last dot, where asked', () => {
    const input = make(readHeaderInput, { name: 'Host', useDomainOnly: true })
    const hosts = {
      'www.example.com': 'example',
      'example.com': 'example',
      localhost: 'localhost',
      'a.b.example.co.uk:8080': 'co',
      '10.0.0.7': '0',
      '.com': '.com',
      'com.': 'com',
      // As HAProxy does, which counts a character to each label.
      'a..com': 'a.',
      '..com': '.',
    }
    reads(
      input,
      Object.entries(hosts).map(([host, label]) => [{ fields: ['Host', host] }, label]),
    )
  })
})

describe('rdpCookie hashes', () => {
  const head = '\u0003\u0000\u0000\u002b\u0026\u00e0\u0000\u0000\u0000\u0000\u0000'
  const input = make(readRdpCookieInput)
  const read = (payload: string | undefined, from = input) =>
    from.read(connection(payload === undefined ? {} : { payload }))
  const wants = (payload: string | undefined) =>
    input.wantsPayload?.(connection(payload === undefined ? {} : { payload }))

  test('the cookie of the first packet', () => {
    assert.equal(read(`${head}Cookie: mstshash=ann\r\n\u0001\u0000\u0008\u0000`), 'ann')
    assert.equal(read(`${head}cookie:MSTSHASH=ann=b c\r\n`), 'ann=b c')
    const named = make(readRdpCookieInput, { name: 'msts' })
    assert.equal(read(`${head}Cookie: msts=3640205228.15629.0000\r\n`, named), '3640205228.15629.0000')
  })

  test('nothing of anything else', () => {
    for (const payload of [
      undefined,
      '',
      head,
      `${head}Cookie: mstshash=\r\n`,
      `${head}Cookie: msts=ann\r\n`,
      `${head}Cookie: mstshash=ann`,
      `${head}Cookie: mstshash=ann\rx`,
      `${head}Cookie: \r\nmstshash=ann\r\n`,
      `${head}\u0001\u0000\u0008\u0000\u0003\u0000\u0000\u0000`,
      'GET / HTTP/1.1\r\nCookie: mstshash=ann\r\n',
    ]) {
      assert.equal(read(payload), undefined, JSON.stringify(payload))
    }
  })

  test('waits as long as it may be a cookie whose end is to come, in TCP mode alone', () => {
    const packet = `${head}Cookie: mstshash=ann\r\n`
    assert.equal(wants(undefined), true)
    for (let length = 0; length < packet.length; length++) {
      assert.equal(wants(packet.slice(0, length)), true, `${length} bytes`)
    }
    assert.equal(wants(packet), false)
    assert.equal(wants(`${head}\u0001\u0000`), false)
    assert.equal(input.wantsPayload?.(exchange({ method: 'POST' })), false)
  })
})

describe('hash takes', () => {
  const read = (key: unknown, asked: Asked) => make(readSampleInput, { key }).read(exchange(asked))

  test('texts and bytes as they are', () => {
    assert.equal(read(path, { target: '/a?b' }), '/a')
    assert.equal(read(header('x-user'), { fields: ['X-User', 'a, b'] }), 'b')
    assert.equal(
      read(() => 'grüße', {}),
      'grüße',
    )
    assert.equal(
      read(() => '漢', {}),
      '\u00e6\u00bc\u00a2',
    )
    assert.equal(
      read(() => Uint8Array.of(0, 255), {}),
      '\u0000\u00ff',
    )
  })

  test('the client as the bytes of its address', () => {
    assert.equal(read(source, { source: '192.0.2.7' }), '\u00c0\u0000\u0002\u0007')
    assert.equal(read(source, { source: '2001:db8::1' }), ` \u0001\r\u00b8${'\u0000'.repeat(11)}\u0001`)
    assert.equal(
      read(() => '192.0.2.7', {}),
      '192.0.2.7',
    )
  })

  test('whole numbers as eight bytes', () => {
    assert.equal(
      read(() => 258, {}),
      '\u0000\u0000\u0000\u0000\u0000\u0000\u0001\u0002',
    )
    assert.equal(
      read(() => -1.9, {}),
      '\u00ff'.repeat(8),
    )
  })

  test('several values as one JSON text, whatever the order of their names', () => {
    assert.equal(
      read(() => ['a', 1], {}),
      '["a",1]',
    )
    assert.equal(
      read(() => ({ b: 'x', a: 1 }), {}),
      read(() => ({ a: 1, b: 'x' }), {}),
    )
  })

  test('nothing where there is nothing', () => {
    assert.equal(read(header('x-user'), {}), undefined)
    assert.equal(read(source, { source: '' }), undefined)
    assert.equal(
      read(() => ['a', undefined], {}),
      undefined,
    )
    assert.equal(
      read(() => Number.NaN, {}),
      undefined,
    )
  })
})
