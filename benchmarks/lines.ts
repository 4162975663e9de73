/** One kind of traffic that every peer is measured with. */
export interface Line {
  /** What `--lines` calls it. */
  readonly name: string
  readonly title: string
  /** What the proxy takes it for. In `tcp` it is the same HTTP, which the proxy does not look at. */
  readonly mode: 'http' | 'tcp'
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Request fields besides Host, Content-Length and Connection: close. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** Bytes of the request's body. */
  readonly bodyBytes: number
  /** Bytes of the answer's body. An answer that is shorter is a failure of the peer. */
  readonly answerBytes: number
  /** False: the client opens a connection for every request and says Connection: close. */
  readonly keepAlive: boolean
}

/** What the origin answers at each path. */
export const answers = {
  '/small': 'hello\n',
  '/page': 'p'.repeat(2048),
  '/64k': 'b'.repeat(65_536),
  '/1m': 'b'.repeat(1_048_576),
  '/upload': 'stored\n',
} as const

/** Fields of the page's answer, besides the ones every answer has. */
export const pageFields = {
  'Cache-Control': 'public, max-age=60',
  ETag: '"65f0c1d2-800"',
  Vary: 'Accept-Encoding',
  'X-Content-Type-Options': 'nosniff',
} as const

const browserFields = [
  ['Connection', 'keep-alive'],
  ['Upgrade-Insecure-Requests', '1'],
  [
    'User-Agent',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  ],
  ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'],
  ['Sec-Fetch-Site', 'same-origin'],
  ['Sec-Fetch-Mode', 'navigate'],
  ['Sec-Fetch-Dest', 'document'],
  ['Referer', 'http://shop.example/catalogue?page=2'],
  ['Accept-Encoding', 'gzip, deflate, br'],
  ['Accept-Language', 'en-GB,en;q=0.9,de;q=0.8'],
  ['Cookie', 'session=0f8fad5bd9cb469fa165708086; theme=dark; consent=1'],
] as const

function get(name: string, title: string, path: keyof typeof answers): Line {
  const answerBytes = answers[path].length
  return { name, title, mode: 'http', method: 'GET', path, fields: [], bodyBytes: 0, answerBytes, keepAlive: true }
}

/** Every line, in the order of the report. */
export const lines: readonly Line[] = [
  get('small-get', 'small GET', '/small'),
  { ...get('page', '2 KB page, 12 request fields', '/page'), fields: browserFields },
  get('body-64k', '64 KB body', '/64k'),
  get('body-1m', '1 MB body', '/1m'),
  {
    ...get('post-64k', '64 KB POST', '/upload'),
    method: 'POST',
    fields: [['Content-Type', 'application/octet-stream']],
    bodyBytes: 65_536,
  },
  { ...get('connection-per-request', 'a connection per request', '/small'), keepAlive: false },
  { ...get('tcp-request', 'TCP: small request, kept', '/small'), mode: 'tcp' },
  { ...get('tcp-connection', 'TCP: a connection each', '/small'), mode: 'tcp', keepAlive: false },
  { ...get('tcp-1m', 'TCP: 1 MB to the client', '/1m'), mode: 'tcp' },
]
