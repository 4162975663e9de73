import type { Dice } from './dice.js'

const tokens = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
const visible = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join('')
const high = Array.from({ length: 128 }, (_, i) => String.fromCharCode(128 + i)).join('')
const anything = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('')

const methods = [
  'GET',
  'GET',
  'GET',
  'POST',
  'POST',
  'PUT',
  'HEAD',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'TRACE',
  'M-SEARCH',
  'PURGE',
  'QUERY',
]
const targets = [
  '/',
  '/',
  '/a/b?c=d',
  '//',
  '/?',
  '/%2e%00',
  '/a|b"<>{}^`\\',
  'http://a.test/',
  'http://a.test:80/x',
  '*',
  'a.test:80',
]
const names = [
  'X-A',
  'x-a',
  'Accept',
  'Cookie',
  'User-Agent',
  'Content-Type',
  'TE',
  'Trailer',
  'Keep-Alive',
  'Expect',
  'Date',
]
const values = [
  '',
  'a',
  '1',
  'a, b',
  'text/html; q="0.5"',
  'chunked',
  '\xe9\xff',
  'a\tb',
  '100-continue',
  'trailers',
  '\xa0',
  'x:y',
]
const connections = ['close', 'keep-alive', 'Keep-Alive, x', 'x-a', 'close, x-a', 'CLOSE', 'x', '', 'te', 'upgrade']
const statuses = [
  '200 OK',
  '200 OK',
  '200 OK',
  '404 Not Found',
  '204 No Content',
  '304 Not Modified',
  '500',
  '299 \xe9 x',
  '205 R',
]

/** One request or more, as their senders write them, well-formed but for a few. */
export function requests(dice: Dice): string {
  return Array.from({ length: 1 + dice.below(3) }, () => request(dice)).join('')
}

function request(dice: Dice): string {
  const method = dice.chance(0.95) ? dice.pick(methods) : dice.text(8, tokens)
  const target = dice.chance(0.9) ? dice.pick(targets) : `/${dice.text(20, visible)}`
  const version = dice.chance(0.85)
    ? 'HTTP/1.1'
    : dice.pick(['HTTP/1.0', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1'])
  const host = dice.chance(0.95) ? [field(dice, 'Host', dice.pick(['a.test', 'a.test', 'a.test:80', '']))] : []
  const { lines, body } = framed(dice, !dice.chance(0.4))
  return `${method} ${target} ${version}\r\n${[...host, ...shuffled(dice, [...fields(dice), ...lines])].join('')}\r\n${body}`
}

/** Informational responses and a final one, and at times a surplus. */
export function responses(dice: Dice): string {
  const first = dice.some(
    2,
    () =>
      `HTTP/1.1 ${dice.pick(['100 Continue', '103 Early Hints', '102 P', '199 x'])}\r\n${fields(dice).join('')}\r\n`,
  )
  const version = dice.chance(0.85) ? 'HTTP/1.1' : dice.pick(['HTTP/1.0', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'ICY'])
  const { lines, body } = framed(dice, !dice.chance(0.1))
  const final = `${version} ${dice.pick(statuses)}\r\n${shuffled(dice, [...fields(dice), ...lines]).join('')}\r\n${body}`
  return `${dice.chance(0.2) ? first.join('') : ''}${final}${dice.chance(0.05) ? 'HTTP/1.1 200 OK\r\n\r\n' : ''}`
}

function fields(dice: Dice): string[] {
  return dice.some(5, () => {
    if (dice.chance(0.15)) return field(dice, 'Connection', dice.pick(connections))
    if (dice.chance(0.03)) return field(dice, 'Upgrade', dice.pick(['websocket', 'h2c', 'TLS/1.0']))
    const name = dice.chance(0.8) ? dice.pick(names) : dice.text(12, tokens)
    return field(dice, name, dice.chance(0.7) ? dice.pick(values) : dice.text(15, `${visible}${high} \t`))
  })
}

function field(dice: Dice, name: string, value: string): string {
  const blank = (): string => (dice.chance(0.8) ? '' : dice.text(2, ' \t'))
  return `${name}:${dice.chance(0.8) ? ' ' : blank()}${value}${blank()}\r\n`
}

/** A body and the fields that announce it: rightly, for the most part. */
function framed(dice: Dice, hasBody: boolean): { readonly lines: readonly string[]; readonly body: string } {
  if (!hasBody) return { lines: [], body: '' }
  const isChunked = dice.chance(0.5)
  const body = isChunked ? chunks(dice) : dice.text(12, dice.chance(0.5) ? anything : 'GET / HTTP/1.1\r\n0')
  const length = `${dice.chance(0.05) ? '0' : ''}${body.length}`
  const right = isChunked
    ? field(dice, 'Transfer-Encoding', dice.pick(['chunked', 'Chunked']))
    : field(dice, 'Content-Length', length)
  const wrong = dice.chance(0.04) ? [field(dice, ...dice.pick(framings))] : []
  return { lines: dice.chance(0.97) ? [right, ...wrong] : wrong, body }
}

const framings: readonly (readonly [string, string])[] = [
  ...([
    ['Content-Length', '5'],
    ['Content-Length', '+5'],
    ['Content-Length', '0'],
    ['content-length', '5, 5'],
  ] as const),
  ...([
    ['Transfer-Encoding', 'chunked'],
    ['Transfer-Encoding', 'gzip'],
    ['transfer-encoding', 'gzip, chunked'],
  ] as const),
  ...([
    ['Transfer-Encoding', 'identity'],
    ['Transfer-Encoding', 'chunked, x'],
    ['Transfer-Encoding', ''],
  ] as const),
]

const extensions = [
  ';a',
  ';a=b',
  ';a="b c"',
  ' ;a',
  '; a',
  ';a="\\""',
  ';a =b',
  ';',
  ';a=',
  ' ',
  ';"x"',
  ';a=b;c;d="e"',
  ';a;;b',
  ';a="\xe9"',
]

function chunks(dice: Dice): string {
  const extension = (): string => (dice.chance(0.93) ? '' : dice.pick(extensions))
  const data = dice.some(3, () => {
    const bytes = `x${dice.text(dice.chance(0.9) ? 6 : 40, anything)}`
    const zeros = dice.chance(0.9) ? '' : dice.text(14, '0')
    const size = bytes.length.toString(16)
    return `${zeros}${dice.chance(0.5) ? size : size.toUpperCase()}${extension()}\r\n${bytes}\r\n`
  })
  const trailers = dice.chance(0.8)
    ? []
    : dice.some(2, () => field(dice, dice.pick([...names, 'X-Forwarded-For', 'Host']), dice.pick(values)))
  return `${data.join('')}0${extension()}\r\n${trailers.join('')}\r\n`
}

function shuffled<T>(dice: Dice, list: readonly T[]): T[] {
  return list
    .map((item) => [dice.below(1 << 20), item] as const)
    .sort(([one], [other]) => one - other)
    .map(([, item]) => item)
}
