import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { chunked, untilClose } from '../../../src/core/message/framing.js'
import { HeadEdits } from '../../../src/core/message/head-edits.js'
import { RawRequestHead, RawResponseHead } from '../../../src/core/message/raw-head.js'

function request(fields: readonly string[], minorVersion = 1): RawRequestHead {
  return new RawRequestHead('POST', '/', minorVersion, fields)
}

function response(status: number, fields: readonly string[] = [], method = 'GET'): RawResponseHead {
  return new RawResponseHead(status, '', fields, method)
}

describe('forwarded fields', () => {
  test('keep their order, case, values and duplicates', () => {
    const fields = ['hOsT', 'a.test', 'Set-Cookie', 'a=1', 'Accept', '', 'set-cookie', 'a=1', 'SET-COOKIE', 'b; c, d']
    assert.deepEqual(request(fields).forwardedList([]), fields)
  })

  test('leave out what concerns one hop only, in any case', () => {
    const fields = [
      ...['Connection', 'close', 'KEEP-ALIVE', 'timeout=5', 'proxy-connection', 'keep-alive', 'TE', 'trailers'],
      ...['transfer-encoding', 'chunked', 'Upgrade', 'websocket', 'connection', 'Keep-Alive'],
    ]
    assert.deepEqual(request(['Host', 'a.test', ...fields, 'X-Last', '1']).forwardedList([]), [
      'Host',
      'a.test',
      'X-Last',
      '1',
    ])
  })

  test('keep those that merely look alike: trailers, credentials for proxies, and names of equal length', () => {
    const fields = [
      'Trailer',
      'x',
      'Proxy-Authorization',
      'x',
      'Via',
      'x',
      'Te2',
      'x',
      'If',
      'x',
      'Referer',
      'x',
      'User-Agent',
      'x',
    ]
    assert.deepEqual(request(fields).forwardedList([]), fields)
  })

  test('leave out every field that Connection names, wherever it stands and however it is written', () => {
    const head = request([
      ...['X-Hop', '1', 'Host', 'a.test', 'Connection', ' x-HOP ,, close', 'x-hop', '2'],
      ...['CONNECTION', 'X-Other', 'X-Other', '3', 'X-Hop-Not', '4'],
    ])
    assert.deepEqual(head.forwardedList([]), ['Host', 'a.test', 'X-Hop-Not', '4'])
    assert.equal(head.get('x-hop'), '1')
  })

  test('never lose their host or length because Connection names it', () => {
    const head = request([
      'Host',
      'a.test',
      'Content-Length',
      '5',
      'Connection',
      'host, content-length, cookie',
      'Cookie',
      'a=b',
    ])
    assert.deepEqual(head.forwardedList([]), ['Host', 'a.test', 'Content-Length', '5'])
    assert.equal(head.bodyLength, 5)
  })

  test('come as text with the same edits', () => {
    const edits = new HeadEdits()
    edits.set('X-New', 'n')
    edits.remove('x-old')
    const head = request(['Host', 'a.test', 'X-Old', '1', 'Connection', 'close', 'Empty', ''])
    assert.equal(head.forwardedText([edits]), 'Host: a.test\r\nEmpty: \r\nX-New: n\r\n')
  })

  test('agree with a plain filter for any fields and edits', () => {
    const name = fc.constantFrom(
      'Host',
      'X-A',
      'x-a',
      'X-B',
      'TE',
      'Connection',
      'Keep-Alive',
      'Upgrade',
      'Content-Length',
    )
    const value = fc.constantFrom('1', 'x-a', 'close', 'X-B, upgrade', '')
    const field = fc.tuple(name, value)
    const layer = fc.array(
      fc.record({ do: fc.constantFrom('add' as const, 'set' as const, 'remove' as const), name, value }),
      { maxLength: 4 },
    )
    const hop = ['te', 'connection', 'keep-alive', 'upgrade']
    fc.assert(
      fc.property(fc.array(field, { maxLength: 8 }), fc.array(layer, { maxLength: 3 }), (fields, layers) => {
        const nominated = fields
          .filter(([name]) => name === 'Connection')
          .flatMap(([, value]) => value.toLowerCase().split(/\s*,\s*/))
          .filter((token) => ['x-a', 'x-b'].includes(token))
        const isHop = (name: string) => hop.includes(name.toLowerCase()) || nominated.includes(name.toLowerCase())
        let expected = fields.filter(([name]) => !isHop(name))
        const edits = layers.map((steps) => {
          const edits = new HeadEdits()
          for (const step of steps) {
            if (step.do === 'remove') edits.remove(step.name)
            else edits[step.do](step.name, step.value)
            if (step.do !== 'add')
              expected = expected.filter(([name]) => name.toLowerCase() !== step.name.toLowerCase())
            if (step.do !== 'remove') expected.push([step.name, step.value])
          }
          return edits
        })
        const head = request(fields.flat())
        assert.deepEqual(head.forwardedList(edits), expected.flat())
        assert.equal(head.forwardedText(edits), expected.map(([name, value]) => `${name}: ${value}\r\n`).join(''))
      }),
      { seed: 17, numRuns: 500 },
    )
  })
})

describe('looking up fields', () => {
  test('gives the first or all of a name, hop-by-hop ones too', () => {
    const head = request(['Cookie', 'a', 'COOKIE', 'b', 'Connection', 'close'])
    assert.equal(head.get('cookie'), 'a')
    assert.deepEqual(head.getAll('cookie'), ['a', 'b'])
    assert.equal(head.get('connection'), 'close')
    assert.equal(head.get('cooky'), undefined)
    assert.deepEqual(head.getAll('cooky'), [])
  })
})

describe('the length of a body', () => {
  test('of a request is chunked, a number of bytes, or nothing', () => {
    assert.equal(request([]).bodyLength, 0)
    assert.equal(request(['content-LENGTH', '12']).bodyLength, 12)
    assert.equal(request(['TRANSFER-encoding', 'chunked']).bodyLength, chunked)
  })

  test('of a response is chunked, a number of bytes, or until the connection closes', () => {
    assert.equal(response(200).bodyLength, untilClose)
    assert.equal(response(200, ['Content-Length', '0']).bodyLength, 0)
    assert.equal(response(404, ['Content-Length', '7']).bodyLength, 7)
    assert.equal(response(200, ['Transfer-Encoding', 'chunked']).bodyLength, chunked)
  })

  test('is nothing for responses that never have a body, whatever their fields say', () => {
    for (const fields of [[], ['Content-Length', '7'], ['Transfer-Encoding', 'chunked']]) {
      for (const status of [100, 101, 103, 204, 304]) assert.equal(response(status, fields).bodyLength, 0)
      for (const status of [200, 404, 500]) assert.equal(response(status, fields, 'HEAD').bodyLength, 0)
      assert.equal(response(200, fields, 'CONNECT').bodyLength, 0)
    }
    assert.equal(response(407, ['Content-Length', '7'], 'CONNECT').bodyLength, 7)
    assert.equal(response(205, ['Content-Length', '7']).bodyLength, 7)
  })
})

describe('an upgrade', () => {
  test('counts when Connection names it', () => {
    assert.equal(request(['Upgrade', 'websocket', 'Connection', 'keep-alive, UPGRADE']).upgrade, 'websocket')
    assert.equal(
      request(['Upgrade', 'a', 'connection', 'close', 'Connection', 'upgrade', 'upgrade', 'b']).upgrade,
      'a, b',
    )
  })

  test('does not count by itself', () => {
    assert.equal(request(['Upgrade', 'websocket']).upgrade, undefined)
    assert.equal(request(['Upgrade', 'websocket', 'Connection', 'keep-alive, x-upgrade']).upgrade, undefined)
    assert.equal(request(['Connection', 'upgrade']).upgrade, undefined)
  })
})

test('a request expects 100 Continue when it says so in HTTP/1.1', () => {
  assert.equal(request(['Expect', '100-Continue']).expectsContinue, true)
  assert.equal(request(['Expect', '100-continue'], 0).expectsContinue, false)
  assert.equal(request(['Expect', '200-ok']).expectsContinue, false)
  assert.equal(request([]).expectsContinue, false)
})
