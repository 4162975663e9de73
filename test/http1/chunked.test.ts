import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ChunkedDecoder, chunkHead, lastChunk } from '../../src/http1/chunked.js'
import { limits } from '../../src/http1/limits.js'

/** What a decoder makes of bytes that come in these pieces. */
interface Decoded {
  readonly state: 'done' | 'failed' | 'waiting'
  readonly data: string
  readonly trailers: readonly string[]
  /** What is left after the body's end. */
  readonly rest: string
}

function decode(...pieces: readonly string[]): Decoded {
  const decoder = new ChunkedDecoder()
  let data = ''
  let rest = ''
  const sink = {
    chunkData(bytes: Buffer) {
      assert.ok(bytes.length > 0, 'an empty piece of data')
      data += bytes.toString('latin1')
    },
  }
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, 'latin1')
    const end = decoder.hasFailed || decoder.isDone ? 0 : decoder.decode(bytes, 0, sink)
    if (decoder.isDone) rest += bytes.toString('latin1', end)
    else if (!decoder.hasFailed) assert.equal(end, bytes.length)
  }
  const state = decoder.isDone ? 'done' : decoder.hasFailed ? 'failed' : 'waiting'
  return { state, data, trailers: decoder.trailers, rest }
}

/** The same for one that can't be: whatever of it came before, it must fail, split anywhere. */
function assertFails(text: string): void {
  assert.equal(decode(text).state, 'failed', JSON.stringify(text.slice(0, 200)))
  if (text.length > 300) return
  assert.equal(decode(...text).state, 'failed', `byte by byte: ${JSON.stringify(text)}`)
}

function assertBody(text: string, data: string, trailers: readonly string[] = []): void {
  const expected = { state: 'done', data, trailers, rest: '' }
  assert.deepEqual(decode(text), expected, JSON.stringify(text.slice(0, 200)))
}

describe('a chunked body', () => {
  test('is the data of its chunks', () => {
    assertBody('0\r\n\r\n', '')
    assertBody('5\r\nhello\r\n0\r\n\r\n', 'hello')
    assertBody(
      '1\r\na\r\n002\r\nbc\r\nA\r\n0123456789\r\na\r\n\r\n0\r\n\r\n5\r\n\r\n00000\r\n\r\n',
      'abc0123456789\r\n0\r\n\r\n5\r\n',
    )
    assertBody('aA\r\n'.concat('x'.repeat(170), '\r\n0000000000000\r\n\r\n'), 'x'.repeat(170))
  })

  test('ends where it ends: what follows is not touched', () => {
    const text = '1\r\na\r\n0\r\nX: y\r\n\r\n'
    assert.deepEqual(decode(`${text}GET / HTTP/1.1\r\n`), {
      state: 'done',
      data: 'a',
      trailers: ['X', 'y'],
      rest: 'GET / HTTP/1.1\r\n',
    })
    assert.equal(decode(`${text}\r\n`).rest, '\r\n')
  })

  test('that does not end is waited for, at every point', () => {
    const text = '3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n'
    for (let length = 0; length < text.length; length++)
      assert.equal(decode(text.slice(0, length)).state, 'waiting', `${length}`)
  })

  test('is the same wherever it is split', () => {
    const text =
      '5;a;b="c \\" d"\r\nhel\r\n\r\n1 ; x = y\r\n\0\r\n13\r\n0\r\n\r\nGET / HTTP/1.1\r\n0;z\r\nX: y\r\nExpires:\t\xe9 \r\n\r\n'
    const whole = decode(text)
    assert.equal(whole.state, 'done')
    assert.equal(whole.data.length, 25)
    for (let at = 1; at < text.length; at++) {
      assert.deepEqual(decode(text.slice(0, at), text.slice(at)), whole)
      for (let next = at + 1; next < text.length; next++) {
        assert.deepEqual(decode(text.slice(0, at), text.slice(at, next), text.slice(next)), whole)
      }
    }
    assert.deepEqual(decode(...text), whole)
  })

  test('reads on from where it is told to', () => {
    const decoder = new ChunkedDecoder()
    const bytes = Buffer.from('xyz1\r\na\r\n0\r\n\r\nrest')
    assert.equal(decoder.decode(bytes, 3, { chunkData: (data) => assert.equal(data.toString(), 'a') }), 14)
    assert.ok(decoder.isDone)
  })

  test('is not copied: the data are views of what came', () => {
    const bytes = Buffer.from('5\r\nhello\r\n')
    new ChunkedDecoder().decode(bytes, 0, { chunkData: (data) => assert.equal(data.buffer, bytes.buffer) })
  })
})

describe('a size', () => {
  test('that is not hexadecimal digits alone is refused', () => {
    for (const size of [
      ...[
        '',
        ' ',
        'g',
        '0x5',
        '0X5',
        '5h',
        'h5',
        '-5',
        '+5',
        '-0',
        '5.',
        '5,5',
        '5_0',
        '\xbc',
        '\xb2',
        '5\0',
        '\x005',
        '#5',
        "5'",
      ],
      ...[
        ' 5',
        '\t5',
        '5 ',
        '5\t',
        '5  ',
        '5 5',
        '5\v',
        '5\f',
        '\xa05',
        '5\xa0',
        '$',
        '{5}',
        '"5"',
        '1e+1',
        '5\x7f',
        '5\x80',
      ],
    ]) {
      assertFails(`${size}\r\nhello\r\n0\r\n\r\n`)
    }
  })

  test('of more digits than are exact is refused', () => {
    for (const size of [
      'fffffffffffffff',
      '10000000000000005',
      '100000000000000000',
      'f'.repeat(100),
      `${'0'.repeat(13)}5`,
    ]) {
      assertFails(`${size}\r\nhello\r\n0\r\n\r\n`)
    }
    assert.equal(decode('fffffffffffff\r\nhello').state, 'waiting')
  })

  test('line that is not ended by CRLF is refused', () => {
    for (const end of ['\n', '\r\r\n', '\n\r', '\r\n\n', '\rX\r\n', '\r', '\0\r\n', '\x85\r\n'])
      assertFails(`5${end}hello\r\n0\r\n\r\n`)
    assertFails('5hello\r\n0\r\n\r\n')
    assertFails('0\n\r\n')
    assertFails('0\n\n')
    assertFails('\r\n0\r\n\r\n')
  })
})

describe('extensions of a chunk', () => {
  test('are passed over', () => {
    for (const extension of [
      ...[
        ';a',
        ';a=b',
        ';a="b"',
        ';a;b=c;d="e;f"',
        '; a',
        ' ;a',
        ' \t; \ta \t= \tb',
        ';a="\\"\\\\\t\xe9"',
        ';a=""',
        ';a="0\t5"',
      ],
      ";!#$%&'*+.^_`|~9=!",
    ]) {
      assertBody(`5${extension}\r\nhello\r\n0${extension}\r\n\r\n`, 'hello')
    }
  })

  test('that are malformed are refused', () => {
    for (const extension of [
      ...[
        ';',
        ';;',
        ';=',
        ';=b',
        ';a=',
        ';a="',
        ';a="b',
        ';a=b"',
        ';a="b"c',
        ';a=b c',
        ';a b',
        ';a=b=c',
        ';(a)',
        ';\xe9',
        ';a;',
      ],
      ...[
        ';a="\\"',
        ';a=\0',
        ';a="\0"',
        ';a="\x7f"',
        ';a\x01',
        ';a\rb',
        ';a\n',
        ';a="\r"',
        ';a="\n"',
        ';a ',
        ';a=b ',
        ',a',
        'a;',
        '=a',
      ],
      ...[';a="\r\n"', ';a\r', ';a\n;b', ';a=b\n'],
    ]) {
      assertFails(`5${extension}\r\nhello\r\n0\r\n\r\n`)
      assertFails(`0${extension}\r\n\r\n`)
    }
  })

  test('that are too long are refused, before their end', () => {
    assertBody(`5;${'a'.repeat(limits.chunkLine - 4)}\r\nhello\r\n0\r\n\r\n`, 'hello')
    assertFails(`5;${'a'.repeat(limits.chunkLine - 3)}\r\nhello\r\n0\r\n\r\n`)
    assertFails(`5;${'a'.repeat(limits.chunkLine)}`)
  })

  test('cost no more than their length, however they are made', () => {
    const start = process.cpuUsage()
    for (const part of [';a', ';a ', ' ; a =b', ';a="b"', '; \t', '"']) {
      decode(`5${part.repeat(Math.floor((limits.chunkLine - 10) / part.length))}\0\r\n`)
      decode(`5;a=${part.repeat(200)}${' '.repeat(200)}\0\r\n`)
    }
    const { user, system } = process.cpuUsage(start)
    assert.ok(user + system < 200_000, `${user + system} microseconds`)
  })
})

describe("a chunk's data", () => {
  test('must be followed by CRLF', () => {
    for (const end of ['', '\n', '\r', 'X', '\r\r\n', '\n\r\n', ' \r\n', 'o\r\n', '\0', '\rX', '\r \n', '0\r\n\r\n']) {
      assertFails(`5\r\nhello${end}0\r\n\r\n`)
    }
    assertFails('5\r\nhello\r\n\r\n0\r\n\r\n')
    assertFails('4\r\nhello\r\n0\r\n\r\n')
    assertFails('6\r\nhello\r\n0\r\n\r\n')
  })
})

describe('trailers', () => {
  test('are given in their order and case, values without the blanks around them', () => {
    assertBody('0\r\nX-B:1\r\nx-a: \t2 3\t \r\nEmpty:\r\nX-B: \xa0\xe9\r\n\r\n', '', [
      'X-B',
      '1',
      'x-a',
      '2 3',
      'Empty',
      '',
      'X-B',
      '\xa0\xe9',
    ])
  })

  test('that would change what the head said are dropped, and the others stay', () => {
    const forbidden = [
      ...[
        'Transfer-Encoding',
        'content-length',
        'HOST',
        'Connection',
        'TE',
        'Trailer',
        'Upgrade',
        'Keep-Alive',
        'Cookie',
      ],
      ...[
        'Content-Type',
        'Content-Encoding',
        'Content-Range',
        'Authorization',
        'Set-Cookie',
        'Expect',
        'Cache-Control',
      ],
      ...[
        'Max-Forwards',
        'Range',
        'If-Match',
        'Proxy-Connection',
        'Proxy-Authorization',
        'WWW-Authenticate',
        'Forwarded',
      ],
      ...['X-Forwarded-For', 'x-forwarded-proto', 'X-Real-IP', 'Via'],
    ]
    const lines = forbidden.map((name) => `${name}: chunked\r\n`)
    assertBody(`0\r\nA: 1\r\n${lines.join('')}B: 2\r\n\r\n`, '', ['A', '1', 'B', '2'])
  })

  test('that are malformed are refused, also those that would be dropped', () => {
    for (const line of [
      ...[
        'X : y',
        ' X: y',
        '\tX: y',
        'X: a\r\n b',
        ': y',
        'X',
        'X Y: z',
        'X\xe9: y',
        'X: \0',
        'X: a\rb',
        'X: a\nY: b',
        'X: y\r',
      ],
      ...['(X): y', 'X: \x7f', 'Host : a', 'GET / HTTP/1.1', 'Content-Length: 5\n', ' ', '\t', '\0'],
    ]) {
      assertFails(`0\r\n${line}\r\n\r\n`)
      assertFails(`1\r\na\r\n0\r\nA: b\r\n${line}\r\n\r\n`)
    }
  })

  test('end with CRLF alone', () => {
    for (const end of ['\n', '\r\r\n', '\rX\r\n', ' \r\n', '\n\r\n']) {
      assertFails(`0\r\n${end}`)
      assertFails(`0\r\nX: y\r\n${end}`)
    }
  })

  test('are limited, each and all together, ended or not', () => {
    assert.equal(decode(`0\r\nX: ${'a'.repeat(limits.trailers - 10)}\r\n\r\n`).state, 'done')
    assertFails(`0\r\nX: ${'a'.repeat(limits.trailers)}\r\n\r\n`)
    assertFails(`0\r\nX: ${'a'.repeat(limits.trailers)}`)
    assertFails(`0\r\n${'X: y\r\n'.repeat(limits.trailers / 6 + 1)}`)
    assertFails(`0\r\n${'Host:\r\n'.repeat(limits.trailers / 6 + 1)}`)
  })
})

describe('what is written', () => {
  test('is read back the same, for any data and trailers', () => {
    const trailer = fc.tuple(
      fc.stringMatching(/^X-[!#$%&'*+.^_`|~0-9A-Za-z-]{0,8}$/),
      fc.stringMatching(/^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]{0,9}[!-~\x80-\xff])?)?$/),
    )
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 5 })
    fc.assert(
      fc.property(
        pieces,
        fc.array(trailer, { maxLength: 3 }),
        fc.infiniteStream(fc.nat(9)),
        (pieces, trailers, cuts) => {
          fc.pre(trailers.every(([name]) => !/^x-(?:forwarded-|real-ip$)/i.test(name)))
          const data = pieces.map((piece) => Buffer.from(piece).toString('latin1'))
          const text =
            data.map((piece) => `${chunkHead(piece.length)}${piece}\r\n`).join('') + lastChunk(trailers.flat())
          const split: string[] = []
          for (let at = 0; at < text.length; ) {
            const size = 1 + cuts.next().value
            split.push(text.slice(at, at + size))
            at += size
          }
          assert.deepEqual(decode(...split), {
            state: 'done',
            data: data.join(''),
            trailers: trailers.flat(),
            rest: '',
          })
        },
      ),
      { seed: 5, numRuns: 300 },
    )
  })

  test('for no trailers is the last chunk alone', () => {
    assert.equal(lastChunk(undefined), '0\r\n\r\n')
    assert.equal(lastChunk([]), '0\r\n\r\n')
    assert.equal(lastChunk(['A', '1', 'B', '']), '0\r\nA: 1\r\nB: \r\n\r\n')
    assert.equal(chunkHead(65_535), 'ffff\r\n')
  })
})
