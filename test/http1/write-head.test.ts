import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HeadEdits } from '../../src/core/message/head-edits.js'
import { RawRequestHead, RawResponseHead } from '../../src/core/message/raw-head.js'
import { DateField } from '../../src/http1/date-field.js'
import { parseRequestHead, parseResponseHead } from '../../src/http1/parse-head.js'
import { TextRequestHead, type TextResponseHead } from '../../src/http1/text-head.js'
import { requestText, responseText } from '../../src/http1/write-head.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { readAddress } from '../../src/util/address.js'

const server = { host: '192.0.2.1', port: 8080 }
const date = new DateField(new VirtualClock({ epoch: Date.UTC(2030, 0, 1) }))

function request(...lines: readonly string[]): TextRequestHead {
  const head = parseRequestHead([...lines, '', ''].join('\r\n'))
  assert.ok(head instanceof TextRequestHead, `refused: ${lines.join(' | ')}`)
  return head
}

function response(...lines: readonly string[]): TextResponseHead {
  const head = parseResponseHead([...lines, '', ''].join('\r\n'), 'GET')
  assert.ok(head !== undefined, `refused: ${lines.join(' | ')}`)
  return head
}

function edits(...steps: readonly (readonly [name: string, value?: string])[]): HeadEdits {
  const edits = new HeadEdits()
  for (const [name, value] of steps) {
    if (value === undefined) edits.remove(name)
    else edits.set(name, value)
  }
  return edits
}

function written(
  head: Parameters<typeof requestText>[0],
  layers: readonly HeadEdits[] = [],
  address = server,
): string[] {
  const text = requestText(head, layers, address)
  assert.ok(text.endsWith('\r\n\r\n'))
  return text.slice(0, -4).split('\r\n')
}

describe("a request's head", () => {
  test('goes on as it came, with the edits after the received fields', () => {
    const head = request('GET /a?b HTTP/1.1', 'Host: a', 'X-Old: 1', 'x-B:2', 'Connection: keep-alive')
    const layers = [edits(['X-New', 'n'], ['x-old']), edits(['Host', 'b'])]
    assert.deepEqual(written(head), ['GET /a?b HTTP/1.1', 'Host: a', 'X-Old: 1', 'x-B:2'])
    assert.deepEqual(written(head, layers), ['GET /a?b HTTP/1.1', 'x-B:2', 'X-New: n', 'Host: b'])
  })

  test('says how its body is framed on this hop', () => {
    const chunks = request('POST / HTTP/1.1', 'transfer-ENCODING: CHUNKED', 'Host: a', 'Trailer: x')
    assert.deepEqual(written(chunks), ['POST / HTTP/1.1', 'Host: a', 'Trailer: x', 'Transfer-Encoding: chunked'])
    const length = request('POST / HTTP/1.1', 'Host: a', 'Content-Length: 3')
    assert.deepEqual(written(length), ['POST / HTTP/1.1', 'Host: a', 'Content-Length: 3'])
  })

  test('asks for an upgrade only where the client did, and sends no body', () => {
    const fields = ['Host: a', 'Upgrade: websocket', 'Connection: upgrade']
    assert.deepEqual(written(request('GET / HTTP/1.1', ...fields)), [
      ...['GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket'],
    ])
    assert.deepEqual(written(request('GET / HTTP/1.1', 'Host: a', 'Upgrade: websocket')), ['GET / HTTP/1.1', 'Host: a'])
    assert.deepEqual(written(request('POST / HTTP/1.1', ...fields, 'Content-Length: 1')), [
      ...['POST / HTTP/1.1', 'Host: a', 'Content-Length: 1'],
    ])
  })

  test('of HTTP/1.0 goes on as HTTP/1.1, with a Host that it may not have had', () => {
    assert.deepEqual(written(request('GET / HTTP/1.0')), ['GET / HTTP/1.1', 'Host: 192.0.2.1:8080'])
    assert.deepEqual(written(request('GET / HTTP/1.0', 'Host: a')), ['GET / HTTP/1.1', 'Host: a'])
    assert.deepEqual(written(request('GET / HTTP/1.0', 'HOST:')), ['GET / HTTP/1.1', 'HOST:'])
    for (const [address, host] of [
      ...[
        ['[::1]:80', '[::1]:80'],
        ['[fe80::1%eth0]:80', '[fe80::1]:80'],
        ['unix:/run/app.sock', 'localhost'],
      ],
    ]) {
      const text = requestText(request('GET / HTTP/1.0'), [], readAddress(address, 'address'))
      assert.equal(text, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    }
  })

  test('of HTTP/1.0 in absolute form gets the host of its target', () => {
    assert.deepEqual(written(request('GET http://B.test:81/x HTTP/1.0')), [
      'GET http://B.test:81/x HTTP/1.1',
      'Host: B.test:81',
    ])
  })

  test('never gets a second Host', () => {
    for (const layers of [
      [edits(['Host', 'b'])],
      [new HeadEdits(), edits(['hOST', 'b'])],
      [edits(['X', 'host: c']), edits(['Host', 'b'])],
    ]) {
      const lines = written(request('GET / HTTP/1.0'), layers)
      assert.equal(lines.filter((line) => /^host:/i.test(line)).length, 1, lines.join(' | '))
    }
    const head = new RawRequestHead('GET', '/', 0, ['Host', 'a'])
    assert.deepEqual(written(head, [edits(['Host', 'b'])]), ['GET / HTTP/1.1', 'Host: b'])
  })
})

describe("a response's head", () => {
  test('goes on as it came, with a Date where it has none', () => {
    const head = response('HTTP/1.0 404 Nicht \xe9 da', 'content-LENGTH: 0', 'Connection: close', 'Server:x')
    assert.equal(
      responseText(head, [edits(['Via', '1.1 x'])], false, undefined, date),
      `HTTP/1.1 404 Nicht \xe9 da\r\ncontent-LENGTH: 0\r\nServer:x\r\nVia: 1.1 x\r\nDate: ${date.now}\r\n\r\n`,
    )
    const dated = response('HTTP/1.1 200', 'DATE: then', 'Content-Length: 0')
    assert.equal(
      responseText(dated, [], false, undefined, date),
      'HTTP/1.1 200 \r\nDATE: then\r\nContent-Length: 0\r\n\r\n',
    )
  })

  test('says how its body is framed and what becomes of the connection, on this hop', () => {
    const head = response('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Date: x', 'Keep-Alive: timeout=5')
    assert.equal(
      responseText(head, [], true, 'close', date),
      'HTTP/1.1 200 OK\r\nDate: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n',
    )
    assert.equal(
      responseText(head, [], false, 'keep-alive', date),
      'HTTP/1.1 200 OK\r\nDate: x\r\nConnection: keep-alive\r\n\r\n',
    )
  })

  test('may come from a list', () => {
    const head = new RawResponseHead(
      503,
      'Service Unavailable',
      ['Content-Length', '0', 'Connection', 'x', 'X', 'y'],
      'GET',
    )
    assert.equal(
      responseText(head, [], false, undefined, date),
      `HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nDate: ${date.now}\r\n\r\n`,
    )
  })
})

describe('an edit', () => {
  test('can not end its line, begin another one, or become another byte', () => {
    for (const value of [
      'a\r\nX: y',
      'a\nX: y',
      'a\rX',
      '\r\n\r\n<html>',
      'a\0b',
      '\x7f',
      'ഊ',
      'č',
      '\u560a\u560d',
      '😀',
    ]) {
      assert.throws(() => new HeadEdits().add('X', value), { code: 'ERR_EVENKEEL_CALLBACK' }, JSON.stringify(value))
      assert.throws(() => new HeadEdits().set('X', value), { code: 'ERR_EVENKEEL_CALLBACK' })
    }
    for (const name of ['', 'X Y', 'X:', 'X\r\nY', 'X\n', 'é', ' X', 'Č', 'X\0']) {
      assert.throws(() => new HeadEdits().add(name, 'y'), { code: 'ERR_EVENKEEL_CALLBACK' }, JSON.stringify(name))
    }
    assert.deepEqual(new HeadEdits().added, [])
    for (const value of ['', ' ', 'a\tb', '\xe9\xff', 'x: y; "z"']) new HeadEdits().add('X', value)
  })
})
