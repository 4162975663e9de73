// Measures what heads cost: `node build/benchmarks/micro/parse-head.js`. One sample of each head is told from the next
// by its port, so that no engine can remember an answer.

import { HeadEdits } from '../../src/core/message/head-edits.js'
import { DateField } from '../../src/http1/date-field.js'
import { parseRequestHead, parseResponseHead, readRequestHead, readResponseHead } from '../../src/http1/parse-head.js'
import { TextRequestHead, TextResponseHead } from '../../src/http1/text-head.js'
import { requestText, responseText } from '../../src/http1/write-head.js'
import { systemClock } from '../../src/util/clock.js'

/** Milliseconds that each figure is measured for, after a warm-up of half of it. */
const time = 400
const batch = 256

const small = (port: number): string => `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`

const browser = (port: number): string =>
  [
    'GET /products/shoes/running?colour=blue&size=43&page=2 HTTP/1.1',
    `Host: shop.example.com:${port}`,
    'Connection: keep-alive',
    'sec-ch-ua: "Chromium";v="124", "Google Chrome";v="124", "Not-A.Brand";v="99"',
    'sec-ch-ua-mobile: ?0',
    'Upgrade-Insecure-Requests: 1',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
    'Sec-Fetch-Site: same-origin',
    'Sec-Fetch-Mode: navigate',
    'Referer: https://shop.example.com/products/shoes',
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Cookie: session=6f1ed002ab5595859014ebf0951522d9; theme=dark; consent=all; _ga=GA1.2.1234567890.1712345678',
    '\r\n',
  ].join('\r\n')

const page = (length: number): string =>
  [
    'HTTP/1.1 200 OK',
    'Server: nginx/1.22.1',
    'Date: Tue, 01 Jan 2030 00:00:00 GMT',
    'Content-Type: text/html; charset=utf-8',
    `Content-Length: ${length}`,
    'Last-Modified: Tue, 01 Jan 2030 00:00:00 GMT',
    'Connection: keep-alive',
    'ETag: "65e8c9a4-800"',
    'Accept-Ranges: bytes',
    '\r\n',
  ].join('\r\n')

const edits = new HeadEdits()
edits.set('X-Forwarded-For', '192.0.2.17')
const layers = [edits, new HeadEdits()]
const server = { host: '127.0.0.1', port: 80 }
const date = new DateField(systemClock)
const out = Buffer.allocUnsafeSlow(4096)
/** Keeps results alive, so that nothing is optimized away. */
let sink = 0

function requestHead(read: ReturnType<typeof readRequestHead>): TextRequestHead {
  if (read instanceof TextRequestHead) return read
  throw new Error(`refused: ${read}`)
}

function responseHead(read: ReturnType<typeof readResponseHead>): TextResponseHead {
  if (read instanceof TextResponseHead) return read
  throw new Error('refused')
}

type Step = (bytes: Buffer, text: string) => number

const requestSteps: Readonly<Record<string, Step>> = {
  'parse text': (_, text) => requestHead(parseRequestHead(text)).bodyLength,
  'parse text, forward, one field more': (_, text) => requestHead(parseRequestHead(text)).forwardedText(layers).length,
  'read bytes': (bytes) => requestHead(readRequestHead(bytes, 0, 0)).bodyLength,
  'bytes to bytes': (bytes) =>
    out.write(requestText(requestHead(readRequestHead(bytes, 0, 0)), layers, server), 'latin1'),
}

const responseSteps: Readonly<Record<string, Step>> = {
  'parse text': (_, text) => responseHead(parseResponseHead(text, 'GET')).bodyLength,
  'parse text, forward': (_, text) => responseHead(parseResponseHead(text, 'GET')).forwardedText([]).length,
  'read bytes': (bytes) => responseHead(readResponseHead(bytes, bytes.length, 0, 'GET')).bodyLength,
  'bytes to bytes': (bytes) =>
    out.write(
      responseText(responseHead(readResponseHead(bytes, bytes.length, 0, 'GET')), [], false, undefined, date),
      'latin1',
    ),
}

/** Nanoseconds for one: the median of the batches. */
function measure(step: Step, texts: readonly string[], buffers: readonly Buffer[]): number {
  const figures: number[] = []
  const start = performance.now()
  for (let now = start; now < start + time * 1.5; ) {
    for (let i = 0; i < batch; i++) sink += step(buffers[i]!, texts[i]!)
    const end = performance.now()
    if (now > start + time / 2) figures.push(((end - now) / batch) * 1e6)
    now = end
  }
  return figures.toSorted((one, other) => one - other)[figures.length >> 1] ?? Number.NaN
}

for (const [title, make, steps] of [
  ['small GET', small, requestSteps],
  ['browser GET, 12 fields', browser, requestSteps],
  ['response, 8 fields', page, responseSteps],
] as const) {
  const texts = Array.from({ length: batch }, (_, i) => Buffer.from(make(10_000 + i), 'latin1').toString('latin1'))
  const buffers = texts.map((text) => Buffer.from(text, 'latin1'))
  console.log(`\n${title}, ${texts[0]!.length} bytes`)
  for (const [name, step] of Object.entries(steps)) {
    console.log(`  ${name.padEnd(38)}${measure(step, texts, buffers).toFixed(0).padStart(8)} ns`)
  }
}
if (sink === 0) throw new Error('nothing was measured')
