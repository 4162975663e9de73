import type { Dice } from './dice.js'

/** Bytes that parsers trip over. */
const spikes = [
  ...[
    '\0',
    '\x01',
    '\t',
    '\n',
    '\v',
    '\f',
    '\r',
    '\x1f',
    ' ',
    '"',
    '#',
    ',',
    '-',
    '+',
    '/',
    '0',
    '1',
    ':',
    ';',
    '=',
    '@',
    '\\',
  ],
  ...[
    '_',
    '\x7f',
    '\x80',
    '\x85',
    '\xa0',
    '\xff',
    '\r\n',
    '\r\n\r\n',
    '\n\n',
    '\n ',
    '\r\n ',
    '\r\n\t',
    ' \r\n',
    '\r\r\n',
    '  ',
  ],
]

const lines = [
  ...[
    'Content-Length: 5',
    'Content-Length: 0',
    'Content-Length: -1',
    'Content-Length:+5',
    'Content-Length: 5 5',
    'Content-Length :5',
  ],
  ...[
    'Transfer-Encoding: chunked',
    'Transfer-Encoding : chunked',
    'Transfer-Encoding:\vchunked',
    'Transfer-Encoding:\tchunked',
  ],
  ...[
    'Transfer-Encoding: xchunked',
    'Transfer_Encoding: chunked',
    '\tTransfer-Encoding: chunked',
    'X: y\nTransfer-Encoding: chunked',
  ],
  ...[
    'Transfer-Encoding:\r\n chunked',
    'Transfer-Encoding: "chunked"',
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding:',
  ],
  ...[
    'Host: b.test',
    'host:',
    'Connection: close',
    'Connection: content-length',
    'Connection: transfer-encoding',
    'Expect: 100-continue',
  ],
  ...[
    ': x',
    'x',
    ' x',
    'X Y: z',
    'X\xe9: z',
    'X: \0',
    'HTTP/1.1 200 OK',
    'GET /evil HTTP/1.1',
    '0',
    'Upgrade: h2c',
    '',
  ],
]

/** Changes text in one place, in one of the ways that have broken parsers. */
function mutate(dice: Dice, text: string): string {
  const at = dice.below(text.length + 1)
  switch (dice.below(9)) {
    case 0:
      return text.slice(0, at) + dice.pick(spikes) + text.slice(at)
    case 1:
      return text.slice(0, at) + text.slice(at + 1 + dice.below(3))
    case 2:
      return text.slice(0, at) + dice.pick(spikes) + text.slice(at + 1)
    case 3: {
      const end = at + dice.below(30)
      return text.slice(0, end) + text.slice(at)
    }
    case 4:
      return atLine(dice, text, (before, after) => `${before}${dice.pick(lines)}\r\n${after}`)
    case 5:
      return atLine(
        dice,
        text,
        (before, after) =>
          before.replace(/\r\n$/, dice.pick(['\n', '\r', '\r\r\n', '', '\n\r', ' \r\n', '\0\r\n', '\r\n '])) + after,
      )
    case 6:
      return text.replace(/\d+/g, (digits) =>
        dice.chance(0.2) ? `${Number(digits) + dice.pick([-1, 1, 10])}` : digits,
      )
    case 7:
      return text.slice(0, at) + String.fromCharCode(dice.below(256)) + text.slice(at + 1)
    default:
      return text.slice(0, at)
  }
}

/** Changes text where one of its lines begins. */
function atLine(dice: Dice, text: string, change: (before: string, after: string) => string): string {
  const starts = [...text.matchAll(/\r\n/g)].map(({ index }) => index + 2)
  if (starts.length === 0) return text
  const at = dice.pick(starts)
  return change(text.slice(0, at), text.slice(at))
}

/** Changes text in a few places, or not at all. */
export function mutated(dice: Dice, text: string): string {
  let result = text
  for (let count = dice.chance(0.4) ? 0 : 1 + dice.below(dice.pick([1, 1, 3])); count > 0; count--)
    result = mutate(dice, result)
  return result
}

/** Cuts text into pieces: one, a few, or bytes. */
export function split(dice: Dice, text: string): Buffer[] {
  const bytes = Buffer.from(text, 'latin1')
  const longest = dice.pick([bytes.length, bytes.length, 40, 7, 1]) || 1
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + dice.below(longest)
    pieces.push(bytes.subarray(at, end))
    at = end
  }
  return pieces
}
