import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { HeadEdits } from '../../src/core/message/head-edits.js'
import { RawRequestHead, RawResponseHead } from '../../src/core/message/raw-head.js'
import { parseRequestHead, parseResponseHead } from '../../src/http1/parse-head.js'
import { TextRequestHead, TextResponseHead } from '../../src/http1/text-head.js'

function request(fields: readonly string[], version = '1.1'): TextRequestHead {
  const head = parseRequestHead([`GET / HTTP/${version}`, ...fields, '', ''].join('\r\n'))
  assert.ok(head instanceof TextRequestHead, `refused: ${fields.join(' | ')}`)
  return head
}

function response(status: number, fields: readonly string[], version = '1.1', method = 'GET'): TextResponseHead {
  const head = parseResponseHead([`HTTP/${version} ${status} x`, ...fields, '', ''].join('\r\n'), method)
  assert.ok(head instanceof TextResponseHead, `refused: ${fields.join(' | ')}`)
  return head
}

function lines(head: { forwardedText(edits: readonly HeadEdits[]): string }, ...edits: readonly HeadEdits[]): string[] {
  return head.forwardedText(edits).split('\r\n').slice(0, -1)
}

describe('what goes on', () => {
  test('is the received text, byte for byte, where nothing must change', () => {
    const fields = ['hOST:a.test', 'X: \t 1 \t', 'Empty:', 'x:2', 'Cookie: a=b', 'Teapot: x', 'Hos: t', 'Upgrades: y']
    assert.deepEqual(lines(request(fields)), fields)
  })

  test('leaves out what stays on this hop, in any case and wherever it stands', () => {
    for (const hop of [
      ...['Connection: close', 'CONNECTION:', 'keep-alive: timeout=5', 'Proxy-Connection: keep-alive', 'tE: trailers'],
      'Upgrade:websocket',
    ]) {
      assert.deepEqual(lines(request([hop, 'Host: a', 'X: 1'])), ['Host: a', 'X: 1'], hop)
      assert.deepEqual(lines(request(['Host: a', hop, 'X: 1'])), ['Host: a', 'X: 1'], hop)
      assert.deepEqual(lines(request(['Host: a', 'X: 1', hop])), ['Host: a', 'X: 1'], hop)
      assert.deepEqual(lines(request([hop, hop, 'Host: a', hop, 'X: 1', hop, hop])), ['Host: a', 'X: 1'], hop)
    }
    assert.deepEqual(lines(request(['Host: a', 'Transfer-Encoding: chunked'])), ['Host: a'])
  })

  test('leaves out what Connection names, however it is written, and nothing that no hop may drop', () => {
    const head = request([
      ...['X-Hop: 1', 'Host: a', 'Connection: x-HOP,\tclose ,, Cookie', 'x-hop: 2', 'Content-Length: 3', 'cookie: c'],
      ...['connection: host, content-length, (odd), x:y', 'X-Hop-Not: 4', 'X: y:z', 'Keep-Alive: 5'],
    ])
    assert.deepEqual(lines(head), ['Host: a', 'Content-Length: 3', 'X-Hop-Not: 4', 'X: y:z'])
    assert.equal(head.get('x-hop'), '1')
    assert.equal(head.bodyLength, 3)
  })

  test('does not take more than blanks for the space around a name in Connection', () => {
    assert.deepEqual(lines(request(['Host: a', 'Connection: \xa0x-a', 'X-A: 1'])), ['Host: a', 'X-A: 1'])
    assert.equal(request(['Host: a', 'Connection: \xa0close']).keepsAlive, true)
    assert.equal(request(['Host: a', 'Connection: \t close\t ']).keepsAlive, false)
  })

  test('tells no length where a response must not have one, and keeps it where it tells of another response', () => {
    for (const status of [100, 103, 204]) {
      assert.deepEqual(lines(response(status, ['A: 1', 'content-length: 5', 'B: 2'])), ['A: 1', 'B: 2'])
    }
    assert.deepEqual(lines(response(304, ['Content-Length: 5'])), ['Content-Length: 5'])
    assert.deepEqual(lines(response(200, ['Content-Length: 5'], '1.1', 'HEAD')), ['Content-Length: 5'])
  })

  test('is not changed for the next try by what one try removes', () => {
    const head = request(['Connection: close', 'Host: a', 'X: 1', 'Y: 2'])
    const edits = new HeadEdits()
    edits.remove('X')
    assert.deepEqual(lines(head, edits), ['Host: a', 'Y: 2'])
    assert.deepEqual(lines(head), ['Host: a', 'X: 1', 'Y: 2'])
    edits.clear()
    edits.remove('host')
    assert.deepEqual(lines(head, edits), ['X: 1', 'Y: 2'])
  })

  test('has a new value where one is given, in its place and under its name; all else stays byte for byte', () => {
    const head = request([
      'Connection: close, X-H',
      'Host:a',
      'cOOkie:  a=1 ',
      'X:\t1',
      'Cookie: b',
      'x-h: 1',
      'COOKIE: c',
    ])
    const edits = new HeadEdits()
    edits.rewrite('Cookie', 0, 'z')
    edits.rewrite('cookie', 2, undefined)
    edits.rewrite('X-H', 0, 'stays here')
    edits.rewrite('cookie', 3, 'there is none')
    assert.deepEqual(lines(head, edits), ['Host:a', 'cOOkie: z', 'X:\t1', 'Cookie: b'])
    assert.deepEqual(lines(head), ['Host:a', 'cOOkie:  a=1 ', 'X:\t1', 'Cookie: b', 'COOKIE: c'])
  })
})

describe('a field', () => {
  test('is found by its whole name only, in any case', () => {
    const head = request(['Host: a', 'Accept-Language: de', 'ACCEPT: x', 'accept-encoding: gzip', 'accept: y'])
    assert.equal(head.get('accept'), 'x')
    assert.deepEqual(head.getAll('accept'), ['x', 'y'])
    assert.equal(head.get('accept-'), undefined)
    assert.equal(head.get('ccept'), undefined)
    assert.equal(head.get('host'), 'a')
  })

  test('whose name only looks alike is another one', () => {
    // Bit for bit these differ from their neighbours as upper case differs from lower case.
    const head = request(['Host: a', '^x: 1', '~x: 2', '_x: 3', '`y: 4'])
    assert.deepEqual([head.get('^x'), head.get('~x'), head.get('_x'), head.get('`y')], ['1', '2', '3', '4'])
    assert.deepEqual([head.getAll('~x'), head.get('@y'), head.get('\x7fx')], [['2'], undefined, undefined])
  })

  test('of the first of many is the first, and all come in order', () => {
    const head = request(['Host: a', ...Array.from({ length: 50 }, (_, i) => `X: ${i}`)])
    assert.equal(head.get('x'), '0')
    assert.deepEqual(
      head.getAll('x'),
      Array.from({ length: 50 }, (_, i) => `${i}`),
    )
    assert.equal(head.fields.count, 51)
  })
})

describe('whether a connection is kept', () => {
  test('is yes in HTTP/1.1 unless told otherwise, no in HTTP/1.0 unless told otherwise', () => {
    for (const [version, connection, expected] of [
      ...([
        ['1.1', undefined, true],
        ['1.1', 'close', false],
        ['1.1', 'Close', false],
        ['1.1', 'x, CLOSE', false],
      ] as const),
      ...([
        ['1.1', 'keep-alive', true],
        ['1.1', 'closed', true],
        ['1.1', 'x-close', true],
        ['1.1', '', true],
      ] as const),
      ...([
        ['1.0', undefined, false],
        ['1.0', 'keep-alive', true],
        ['1.0', 'Keep-Alive, x', true],
        ['1.0', 'close', false],
      ] as const),
      ...([
        ['1.1', 'keep-alive, close', false],
        ['1.1', 'close, keep-alive', false],
        ['1.0', 'keep-alive, close', false],
      ] as const),
    ]) {
      const fields = connection === undefined ? [] : [`Connection: ${connection}`]
      const claim = `HTTP/${version} ${connection}`
      assert.equal(request(['Host: a', ...fields], version).keepsAlive, expected, claim)
      assert.equal(response(200, fields, version).keepsAlive, expected, claim)
    }
  })

  test('takes every Connection field into account', () => {
    assert.equal(request(['Host: a', 'Connection: keep-alive', 'Connection: close']).keepsAlive, false)
    assert.equal(response(200, ['Connection: close', 'Connection: keep-alive']).keepsAlive, false)
  })
})

describe('an upgrade', () => {
  test('counts when Connection names it', () => {
    assert.equal(request(['Host: a', 'Upgrade: websocket', 'Connection: keep-alive, UPGRADE']).upgrade, 'websocket')
    assert.equal(request(['Host: a', 'Upgrade: websocket', 'Connection: x-upgrade']).upgrade, undefined)
    assert.equal(request(['Host: a', 'Upgrade: websocket']).upgrade, undefined)
    assert.equal(request(['Host: a', 'Connection: upgrade']).upgrade, undefined)
  })

  test('to HTTP/2 in clear text is passed over: no rule would see what comes through it', () => {
    for (const [offered, expected] of [
      ...[
        ['h2c', undefined],
        ['H2C', undefined],
        [' h2c ,\th2c-14', undefined],
        ['h2c/2.0', undefined],
      ],
      ...[
        ['h2c, websocket', 'websocket'],
        ['websocket, h2c', 'websocket'],
        ['a,h2c,b', 'a,b'],
        ['h2cx', 'h2cx'],
      ],
    ]) {
      const fields = ['Host', 'a', 'Connection', 'Upgrade, HTTP2-Settings', 'Upgrade', offered!, 'HTTP2-Settings', 'x']
      const text = request([
        'Host: a',
        'Connection: Upgrade, HTTP2-Settings',
        `Upgrade: ${offered}`,
        'HTTP2-Settings: x',
      ])
      assert.equal(text.upgrade, expected, offered)
      assert.equal(new RawRequestHead('GET', '/', 1, fields).upgrade, expected, offered)
      assert.deepEqual(text.forwardedList([]), ['Host', 'a'])
    }
  })
})

test('a request expects 100 Continue when it says so in HTTP/1.1', () => {
  assert.equal(request(['Host: a', 'Expect: 100-Continue']).expectsContinue, true)
  assert.equal(request(['Host: a', 'Expect: 100-continue'], '1.0').expectsContinue, false)
  assert.equal(request(['Host: a', 'Expect: \xa0100-continue']).expectsContinue, false)
  assert.equal(request(['Host: a', 'Expect: 200-ok']).expectsContinue, false)
  assert.equal(request(['Host: a']).expectsContinue, false)
})

test('a head that nominates thousands of names costs no more than others of its size', () => {
  const names = Array.from({ length: 2500 }, (_, i) => i.toString(36))
  const fields = Array.from({ length: 90 }, () => 'zzzz: 1')
  const start = process.cpuUsage()
  for (let i = 0; i < 20; i++) request(['Host: a', `Connection: ${names.join(',')}`, ...fields])
  const { user, system } = process.cpuUsage(start)
  assert.ok((user + system) / 20 < 20_000, `${(user + system) / 20} microseconds each`)
})

// -- The same answers as from a list ----------------------------------------------------------------------------------

const name = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('Host', 'X-A', 'x-a', 'X-B', '^c', '~c', 'Cookie', 'Content-Length', 'Date'),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom('Connection', 'connection', 'Keep-Alive', 'TE', 'Upgrade', 'Proxy-Connection', 'Te2'),
  },
  { weight: 1, arbitrary: fc.constant('Transfer-Encoding') },
  { weight: 1, arbitrary: fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/) },
)
const value = fc.oneof(
  fc.constantFrom(
    '',
    '1',
    '5',
    'chunked',
    'gzip, chunked',
    'close',
    'keep-alive',
    'upgrade',
    'X-A',
    ' x-b ,\tx-a',
    'a.test',
  ),
  fc.constantFrom(
    'websocket',
    'h2c',
    'upgrade, x-b',
    'Close,Keep-Alive',
    'host, content-length',
    'te, cookie',
    '\xa0close',
    'date',
  ),
  fc.stringMatching(/^[\t -~\x80-\xff]{0,12}$/),
)
const blanks = fc.constantFrom('', ' ', '\t', '  \t ')
/** Tabs around a value that frames the message are no blanks: there the list would not say what the text says. */
const field = fc.tuple(name, blanks, value, blanks).map(([name, before, value, after]) => {
  const plain = /^(?:content-length|transfer-encoding)$/i.test(name) ? /\t/g : /$^/
  return [name, before.replace(plain, ''), value.replace(plain, ''), after.replace(plain, '')] as const
})
const edit = fc.record({
  do: fc.constantFrom('add' as const, 'set' as const, 'remove' as const, 'rewrite' as const, 'leave out' as const),
  name,
  nth: fc.nat({ max: 2 }),
  value: value.filter((text) => /^[\t -~\x80-\xff]*$/.test(text)),
})
type Edit = typeof edit extends fc.Arbitrary<infer Value> ? Value : never
const layers = fc.array(fc.array(edit, { maxLength: 4 }), { maxLength: 3 })

function editsOf(layers: readonly (readonly Edit[])[]): HeadEdits[] {
  return layers.map((steps) => {
    const edits = new HeadEdits()
    for (const step of steps) {
      if (step.do === 'remove') edits.remove(step.name)
      else if (step.do === 'rewrite') edits.rewrite(step.name, step.nth, step.value)
      else if (step.do === 'leave out') edits.rewrite(step.name, step.nth, undefined)
      else edits[step.do](step.name, step.value)
    }
    return edits
  })
}

function trimmed(text: string): string {
  return text.replace(/^[\t ]+|[\t ]+$/g, '')
}

/** Names to ask for: those that are there and some that are not. */
function asked(fields: readonly (readonly string[])[]): string[] {
  return [...fields.map(([name]) => name!.toLowerCase()), 'host', 'x-a', 'date', 'missing', '^c', '~c']
}

function plain(list: readonly string[]): string {
  let text = ''
  for (let i = 0; i < list.length; i += 2) text += `${list[i]}: ${list[i + 1]}\r\n`
  return text
}

/** The lines of text, each with its value trimmed. */
function normalized(text: string): string {
  return text.replace(/^([^:]+):[\t ]*(.*?)[\t ]*\r$/gm, '$1: $2\r')
}

const runs = { seed: 23, numRuns: 2000 } as const

test('a request from text gives the same answers as one from a list, for any fields and edits', () => {
  fc.assert(
    fc.property(fc.array(field, { maxLength: 10 }), layers, fc.constantFrom('0', '1'), (fields, layers, minor) => {
      const text = parseRequestHead(
        `GET / HTTP/1.${minor}\r\n${fields.map(([n, b, v, c]) => `${n}:${b}${v}${c}\r\n`).join('')}\r\n`,
      )
      assert.ok(text instanceof TextRequestHead)
      const list = new RawRequestHead(
        'GET',
        '/',
        Number(minor),
        fields.flatMap(([n, , v]) => [n, trimmed(v)]),
      )
      assert.equal(text.defect, list.defect)
      // What is refused goes nowhere; two lengths have no meaning to agree on.
      if (text.defect === undefined) assert.equal(text.bodyLength, list.bodyLength)
      agree(text, list, fields, editsOf(layers))
      assert.equal(text.expectsContinue, list.expectsContinue)
    }),
    runs,
  )
})

test('a response from text gives the same answers as one from a list, for any fields and edits', () => {
  const kind = fc.constantFrom([200, 'GET'], [200, 'HEAD'], [204, 'GET'], [304, 'GET'], [100, 'GET'], [500, 'POST'])
  fc.assert(
    fc.property(fc.array(field, { maxLength: 10 }), layers, kind, (fields, layers, kind) => {
      const [status, method] = kind as [number, string]
      const lines = fields.map(([n, b, v, c]) => `${n}:${b}${v}${c}\r\n`).join('')
      const text = parseResponseHead(`HTTP/1.1 ${status} ok\r\n${lines}\r\n`, method)
      // Where the end is in doubt there is nothing to compare.
      if (text === undefined) return
      const list = new RawResponseHead(
        status,
        'ok',
        fields.flatMap(([n, , v]) => [n, trimmed(v)]),
        method,
      )
      assert.equal(text.bodyLength, list.bodyLength)
      agree(text, list, fields, editsOf(layers))
    }),
    runs,
  )
})

type Asked = Pick<RawResponseHead, 'forwardedList' | 'forwardedText' | 'get' | 'getAll' | 'upgrade'>

function agree(text: Asked, list: Asked, fields: readonly (readonly string[])[], edits: readonly HeadEdits[]): void {
  const forwarded = list.forwardedList(edits)
  assert.deepEqual(text.forwardedList(edits), forwarded)
  assert.equal(normalized(text.forwardedText(edits)), normalized(plain(forwarded)))
  assert.equal(list.forwardedText(edits), plain(forwarded))
  assert.equal(text.upgrade, list.upgrade)
  for (const name of asked(fields)) {
    assert.equal(text.get(name), list.get(name), name)
    assert.deepEqual(text.getAll(name), list.getAll(name), name)
  }
}
