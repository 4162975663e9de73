import { type Condition, readCondition } from '../rules/condition.js'
import type { Clock } from '../util/clock.js'
import { OptionError } from '../util/errors.js'
import { type Duration, OptionReader } from '../util/options.js'
import { Backend } from './backend.js'
import { type Mode, unlimited } from './backend-options.js'
import { type ConnectionMode, type ConnectionModeOptions, readConnectionMode } from './connection-mode.js'
import { type ErrorPages, readErrorPages } from './error-page.js'
import type { LogSink } from './exchange-record.js'
import { type Http2Options, type Http2Settings, readHttp2 } from './http2-options.js'
import { type ForwardingOptions, type ForwardingSettings, readForwarding } from './message/forwarded.js'
import { type RequestLimitOptions, type RequestLimits, readRequestLimits } from './message/head-limits.js'
import { type Priority, type PrioritySettings, readPriority, usualPriority } from './priority.js'
import type { TrackRule } from './tracking.js'

/** Sends what its condition takes to a backend. HAProxy: `use_backend`. */
export interface Route {
  readonly backend: Backend
  /** Takes an exchange when this is true. Default: always. HAProxy: `if`. */
  readonly when?: Condition
  /** Takes an exchange when this is false. HAProxy: `unless`. */
  readonly unless?: Condition
  /** Which of those who wait for a free slot of the backend go first. Default: who has waited longest. */
  readonly priority?: Priority
}

/** A route, read and complete. */
export interface RouteSettings extends Route {
  readonly priority: PrioritySettings
}

/** A frontend's time limits. */
export interface FrontendTimeouts {
  /** How long a client may be silent when it is its turn. Default 1m. HAProxy: `timeout client`. */
  readonly client?: Duration
  /** For a request's head to arrive whole, from the connection or the request's first byte. Default 10s. HAProxy: `timeout http-request`. */
  readonly httpRequest?: Duration
  /** How long a kept connection may wait for the next request. Default 10s. HAProxy: `timeout http-keep-alive`. */
  readonly httpKeepAlive?: Duration
  /** For what comes before a connection's data: a PROXY protocol header, a handshake of TLS; each of them. Default: as `client`. HAProxy: `timeout client-hs`. */
  readonly clientHandshake?: Duration
  /**
   * How long a client may be silent in a tunnel whose server has ended its side. Default 10s. HAProxy: `timeout client-fin`.
   */
  readonly clientFin?: Duration
}

/** Options of a {@link Frontend}. */
export interface FrontendOptions extends ForwardingOptions, ConnectionModeOptions, RequestLimitOptions {
  /** Default `http`. HAProxy: `mode`. */
  readonly mode?: Mode
  /** Where traffic goes, in order; the first that matches wins. HAProxy: `use_backend`. */
  readonly routes?: readonly Route[]
  /** Where it goes when no route matches. Default: 503. HAProxy: `default_backend`. */
  readonly defaultBackend?: Backend
  /** Client connections at a time; more wait unaccepted. Default 0: no limit. HAProxy: `maxconn`. */
  readonly maxConnections?: number
  readonly timeout?: FrontendTimeouts
  /**
   * In TCP mode, how long a client is waited for that does not send what the choice of its route or server depends on,
   * such as `clientHello.sni`; then it is decided without. 0: not at all. Default 5s. HAProxy: `tcp-request inspect-delay`,
   * 0 by default there.
   */
  readonly inspectDelay?: Duration
  /**
   * Forwards CONNECT to servers, and makes a tunnel of the connection when one agrees. Default false: 501, since what
   * passes then no rule sees, and a server that connects onwards would do so for everybody. HAProxy forwards it.
   */
  readonly allowConnect?: boolean
  /**
   * HTTP/2, to clients that know beforehand that it is spoken or agree on it by ALPN, and its limits. `false` speaks HTTP/1
   * alone. Default true.
   */
  readonly http2?: boolean | Http2Options
  /** Pages in the place of the proxy's own errors. HAProxy: `errorfile`. */
  readonly errorFiles?: ErrorPages
  /** Where a record of each ended exchange goes. Default: nowhere. HAProxy: `log`. */
  readonly log?: LogSink
  /** What is counted in stick tables, before routes are looked at. Default: nothing. HAProxy: `track-sc0`. */
  readonly track?: readonly TrackRule[]
  /** Where time comes from. Default: the machine. */
  readonly clock?: Clock
}

/** A frontend's options, read and complete. */
export interface FrontendSettings extends ForwardingSettings, ConnectionMode {
  readonly mode: Mode
  readonly maxConnections: number
  /** Milliseconds, `Infinity` for none. */
  readonly timeout: Readonly<Record<keyof FrontendTimeouts, number>>
  /** Milliseconds. */
  readonly inspectDelay: number
  readonly errorFiles: ErrorPages
  readonly log: LogSink | undefined
  readonly requestLimits: RequestLimits
  readonly allowConnect: boolean
  /** Undefined: HTTP/2 is not spoken. */
  readonly http2: Http2Settings | undefined
}

/** Reads all of a frontend's options but its routes, track rules and clock. */
export function readFrontendSettings(reader: OptionReader): FrontendSettings {
  return {
    mode: reader.oneOf('mode', ['http', 'tcp']) ?? 'http',
    maxConnections: reader.integer('maxConnections', 0, Number.MAX_SAFE_INTEGER) ?? 0,
    timeout: readTimeouts(reader),
    inspectDelay: reader.duration('inspectDelay') ?? 5000,
    errorFiles: reader.read('errorFiles', readErrorPages) ?? {},
    log: reader.read('log', readLogSink),
    requestLimits: readRequestLimits(reader),
    allowConnect: reader.boolean('allowConnect') ?? false,
    http2: readHttp2(reader.raw('http2') ?? true, reader.pathOf('http2')),
    ...readForwarding(reader),
    ...readConnectionMode(reader),
  }
}

function readTimeouts(reader: OptionReader): FrontendSettings['timeout'] {
  const own = reader.nested('timeout', (timeout) => ({
    client: timeout.duration('client'),
    httpRequest: timeout.duration('httpRequest'),
    httpKeepAlive: timeout.duration('httpKeepAlive'),
    clientHandshake: timeout.duration('clientHandshake'),
    clientFin: timeout.duration('clientFin'),
  }))
  const client = unlimited(own?.client) ?? 60_000
  return {
    client,
    httpRequest: unlimited(own?.httpRequest) ?? 10_000,
    httpKeepAlive: unlimited(own?.httpKeepAlive) ?? 10_000,
    clientHandshake: unlimited(own?.clientHandshake) ?? client,
    clientFin: unlimited(own?.clientFin) ?? 10_000,
  }
}

/** Reads the `log` option. */
export function readLogSink(value: unknown, path: string): LogSink {
  const info = (value as { info?: unknown } | null)?.info
  if (typeof value === 'function' || typeof info === 'function') return value as LogSink
  throw new OptionError(path, value, 'a function of a record, or a logger with info(record, message)')
}

/** Reads the `routes` option. */
export function readRoutes(value: unknown, path: string): RouteSettings[] {
  if (!Array.isArray(value)) throw new OptionError(path, value, 'a list of routes')
  return value.map((entry: unknown, index) => readRoute(entry, `${path}[${index}]`))
}

function readRoute(value: unknown, path: string): RouteSettings {
  const reader = new OptionReader(value, path)
  const backend = readBackend(reader.raw('backend'), reader.pathOf('backend'))
  const when = reader.read('when', readCondition)
  const unless = reader.read('unless', readCondition)
  const priority = reader.read('priority', readPriority) ?? usualPriority
  reader.end()
  return { backend, priority, ...(when === undefined ? {} : { when }), ...(unless === undefined ? {} : { unless }) }
}

/** Reads a reference to a backend. */
export function readBackend(value: unknown, path: string): Backend {
  if (value instanceof Backend) return value
  throw new OptionError(path, value, 'a Backend')
}
