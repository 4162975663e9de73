// Measures what keeping clients on their servers costs a request: `node build/benchmarks/micro/persistence.js`. A
// browser's request and its response are parsed before; what is measured is all that is done with both until their fields
// are text again. The first figure is that of a backend without persistence.

import { Backend } from '../../src/core/backend.js'
import type { BackendOptions } from '../../src/core/backend-options.js'
import { RequestView } from '../../src/core/exchange-view.js'
import { HeadEdits } from '../../src/core/message/head-edits.js'
import { parseRequestHead, parseResponseHead } from '../../src/http1/parse-head.js'
import { TextRequestHead, type TextResponseHead } from '../../src/http1/text-head.js'
import { response } from '../../src/rules/response-samples.js'
import { cookie, source } from '../../src/rules/samples.js'
import { StickyTable } from '../../src/sticky-table/sticky-table.js'

/** Milliseconds that each figure is measured for, after a warm-up of half of it. */
const time = 400
const batch = 1024
const sources = Array.from({ length: batch }, (_, i) => ({ address: `192.0.${i >> 8}.${i & 255}`, port: 4000 }))

function requestHead(pair: string, index: number): TextRequestHead {
  const lines = [
    `GET /products/shoes?page=${index} HTTP/1.1`,
    'Host: shop.example.com',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
    'Accept-Encoding: gzip, deflate, br, zstd',
    `Cookie: session=6f1ed002ab5595859014ebf0951522d9; ${pair}theme=dark; _ga=GA1.2.${1_000_000 + index}`,
  ]
  const head = parseRequestHead(`${lines.join('\r\n')}\r\n\r\n`)
  if (head instanceof TextRequestHead) return head
  throw new Error(`refused: ${head}`)
}

const responseHead = parseResponseHead(
  'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\nETag: "x"\r\nSet-Cookie: theme=dark\r\n\r\n',
  'GET',
) as TextResponseHead

const servers = Array.from({ length: 100 }, (_, i) => ({ name: `s${i}`, address: `10.0.0.${i}:80` }))
const dynamic = { key: 'secret' }
const texts = new StickyTable({ type: 'string', size: '100k', expire: '30m' })
const addresses = new StickyTable({ type: 'ip', size: '100k', expire: '30m' })

const cases: Readonly<Record<string, { readonly options: BackendOptions; readonly name?: string }>> = {
  'no persistence': { options: {} },
  'insert indirect, no cookie yet': { options: { cookie: { name: 'SRV', mode: 'insert', indirect: true, dynamic } } },
  'insert indirect, led by it': {
    options: { cookie: { name: 'SRV', mode: 'insert', indirect: true, dynamic } },
    name: 'SRV',
  },
  'insert, led by it': { options: { cookie: { name: 'SRV', mode: 'insert', dynamic } }, name: 'SRV' },
  'stick on source': { options: { stick: [{ on: source, table: addresses }] } },
  'stick on a session of the response': {
    options: {
      stick: [
        { on: cookie('session'), table: texts, match: true },
        { on: response.cookie('session'), table: texts, storeResponse: true },
      ],
    },
  },
}

/** Keeps results alive, so that nothing is optimized away. */
let sink = 0

/** Nanoseconds for one: the median of the batches. */
function measure({ options, name }: (typeof cases)[string]): number {
  const backend = new Backend('app', { servers, ...options })
  const [server] = backend.servers
  const heads = Array.from({ length: batch }, (_, i) =>
    requestHead(name === undefined ? '' : `${name}=${backend.servers[i % 100]!.cookie}; `, i),
  )
  const { persistence } = backend
  const figures: number[] = []
  const start = performance.now()
  for (let now = start; now < start + time * 1.5; ) {
    for (let i = 0; i < batch; i++) {
      const head = heads[i]!
      const view = new RequestView(head, sources[i]!, false)
      const bond = persistence?.open(view)
      const requestEdits = new HeadEdits()
      persistence?.clean(head, requestEdits)
      if (bond !== undefined) persistence?.settle(bond)
      sink += head.forwardedText([requestEdits]).length
      const responseEdits = new HeadEdits()
      if (bond !== undefined) persistence?.answered(bond, bond.server ?? server!, responseHead, responseEdits)
      sink += responseHead.forwardedText([responseEdits]).length
    }
    const end = performance.now()
    if (now > start + time / 2) figures.push(((end - now) / batch) * 1e6)
    now = end
  }
  return figures.toSorted((one, other) => one - other)[figures.length >> 1] ?? Number.NaN
}

console.log('a browser’s request and its response, 100 servers')
for (const [name, one] of Object.entries(cases)) {
  console.log(`  ${name.padEnd(38)}${measure(one).toFixed(0).padStart(8)} ns`)
}
if (sink === 0) throw new Error('nothing was measured')
