import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type Bound, boundTo, listenAt } from './net/listen-at.js'
import { csv } from './stats/csv.js'
import { page } from './stats/page.js'
import { pageStyle } from './stats/page-style.js'
import type { StatsSnapshot } from './stats/snapshot.js'
import type { StatsSettings } from './stats-options.js'
import { systemClock } from './util/clock.js'

/** How long what is being sent when the endpoint closes may go on. */
const lastWords = 1000

/** Nothing that a name or a check's reason smuggles into the page can run or load anything. */
const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(pageStyle).digest('base64')}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const plainText = 'text/plain; charset=utf-8'

/** One way to show a snapshot. */
interface View {
  readonly contentType: string
  readonly render: (snapshot: StatsSnapshot) => string
}

/** Serves a proxy's statistics at an address of their own: as a page, as CSV and as JSON. HAProxy: `stats enable`. */
export class StatsEndpoint {
  readonly #settings: StatsSettings
  readonly #read: () => StatsSnapshot
  readonly #server: Server
  readonly #views: ReadonlyMap<string, View>
  /** The digests of `user:password`; undefined: everybody may look. */
  readonly #credentials: readonly Buffer[] | undefined

  constructor(settings: StatsSettings, read: () => StatsSnapshot) {
    const { path, refresh, auth } = settings
    this.#settings = settings
    this.#read = read
    this.#views = new Map([
      [path, { contentType: 'text/html; charset=utf-8', render: (snapshot) => page(snapshot, { refresh, path }) }],
      [`${path};csv`, { contentType: plainText, render: csv }],
      [`${path};json`, { contentType: 'application/json', render: (snapshot) => JSON.stringify(snapshot) }],
    ])
    this.#credentials = auth && Object.entries(auth).map(([user, password]) => digest(`${user}:${password}`))
    this.#server = createServer(
      { headersTimeout: 10_000, requestTimeout: 10_000, connectionsCheckingInterval: 5000, maxHeaderSize: 8192 },
      (request, response) => this.#answer(request, response),
    )
    // Who reads too slowly must not hold a connection for ever.
    this.#server.timeout = 30_000
    // Out of descriptors, and the like: the next accept() may do better.
    this.#server.on('error', () => {})
  }

  /** Resolves when connections are accepted; rejects with `ERR_EVENKEEL_BIND`. */
  listen(): Promise<void> {
    return listenAt(this.#server, this.#settings.bind)
  }

  /** What was bound; undefined while it does not listen. */
  address(): Bound | undefined {
    return boundTo(this.#server)
  }

  /** Accepts no more and closes idle connections; what is being sent gets a second more. */
  close(): void {
    if (!this.#server.listening) return
    this.#server.close()
    this.#server.closeIdleConnections()
    const timer = systemClock.setTimer(() => this.#server.closeAllConnections(), lastWords)
    this.#server.once('close', () => timer.cancel())
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('Cache-Control', 'no-cache')
    response.setHeader('Content-Security-Policy', contentSecurityPolicy)
    response.setHeader('X-Content-Type-Options', 'nosniff')
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin')
    response.setHeader('Referrer-Policy', 'no-referrer')
    if (!this.#isAllowed(request.headers.authorization)) {
      response.setHeader('WWW-Authenticate', 'Basic realm="evenkeel statistics", charset="UTF-8"')
      return send(response, 401, plainText, 'Unauthorized\n')
    }
    const view = this.#views.get(pathOf(request.url ?? ''))
    if (view === undefined) return send(response, 404, plainText, 'Not found\n')
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      return send(response, 405, plainText, 'Method not allowed\n')
    }
    this.#show(view, response)
  }

  #show({ contentType, render }: View, response: ServerResponse): void {
    let body: string
    try {
      body = render(this.#read())
    } catch {
      return send(response, 500, plainText, 'The statistics could not be read\n')
    }
    if (this.#settings.refresh > 0) response.setHeader('Refresh', String(this.#settings.refresh))
    send(response, 200, contentType, body)
  }

  /** Takes the same time whether user or password is wrong, or neither. */
  #isAllowed(authorization = ''): boolean {
    if (this.#credentials === undefined) return true
    const encoded = /^basic +([\w+/=-]+) *$/i.exec(authorization)?.[1] ?? ''
    const given = digest(Buffer.from(encoded, 'base64'))
    let isAllowed = false
    for (const known of this.#credentials) if (timingSafeEqual(known, given)) isAllowed = true
    return isAllowed
  }
}

function digest(credentials: string | Buffer): Buffer {
  return createHash('sha256').update(credentials).digest()
}

/** The path of a request target: without its query, and without the authority of the absolute form. */
function pathOf(target: string): string {
  const query = target.indexOf('?')
  return (query < 0 ? target : target.slice(0, query)).replace(/^https?:\/\/[^/]*/i, '')
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  const content = Buffer.from(body)
  response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': content.length })
  response.end(content)
}
