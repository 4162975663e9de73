import { inspect } from 'node:util'
import { describe, evaluate } from '../rules/condition.js'
import { type Clock, readClock, systemClock } from '../util/clock.js'
import { Emitter, type FaultEvents } from '../util/emitter.js'
import { EvenkeelError, OptionError } from '../util/errors.js'
import { isAddress } from '../util/ip-address.js'
import { normalizeAddress } from '../util/network.js'
import { OptionReader, readName } from '../util/options.js'
import type { Backend } from './backend.js'
import { ConnectionLimit } from './connection-limit.js'
import { FrontendCounters } from './counters.js'
import type { Decision } from './decision.js'
import type { EndedExchange } from './exchange-record.js'
import { type ClientAddress, type ExchangeView, RequestView } from './exchange-view.js'
import {
  type FrontendOptions,
  type FrontendSettings,
  type RouteSettings,
  readBackend,
  readFrontendSettings,
  readRoutes,
} from './frontend-options.js'
import { clientOf } from './message/forwarded.js'
import type { RequestHead } from './message/head.js'
import { RawRequestHead } from './message/raw-head.js'
import { usualPriority } from './priority.js'
import { type ConnectionOrigin, Session } from './session.js'
import type { TraceStep } from './trace.js'
import { readTracking, type Tracking } from './tracking.js'

/** The events of a frontend; a proxy hands them on. */
export interface FrontendEvents extends FaultEvents {
  /** A connection was closed before it was a session, since it did not begin as it must. HAProxy logs it as an error. */
  'connection:refused': [refusal: ConnectionRefusal]
}

/** A connection that never became a session. */
export interface ConnectionRefusal {
  readonly frontend: Frontend
  /** The other end of the connection. */
  readonly client: ClientAddress
  /** Why, in HAProxy's words, such as `Received an invalid PROXY protocol header`. */
  readonly reason: string
}

/** A request to decide about without a socket. */
export interface RouteRequest {
  /** Default `GET`. */
  readonly method?: string
  /** The request target with its query. Default `/`. */
  readonly url?: string
  /** Fields, in any case; a list stands for several of one name. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** The client's IP address. Default `127.0.0.1`. */
  readonly source?: string
  /** Whether the client's connection is TLS. Default false. */
  readonly secure?: boolean
  /** What the body, or in TCP mode the connection, begins with, for balancers that look at it. Default nothing. */
  readonly payload?: string | Uint8Array
}

/** Who is told of a frontend's ended exchanges: its log. */
export interface ExchangeObserver {
  exchangeEnded(exchange: EndedExchange): void
}

/**
 * Where traffic enters: limits, routes, and what is told to servers about clients.
 *
 * @example
 * ```ts
 * const web = new Frontend('web', { routes: [{ backend: files, when: path.startsWith('/static') }], defaultBackend: app })
 * web.route({ url: '/static/a.css' }).backend?.name // 'static'
 * ```
 */
export class Frontend extends Emitter<FrontendEvents> {
  readonly name: string
  readonly settings: FrontendSettings
  readonly routes: readonly RouteSettings[]
  readonly defaultBackend: Backend | undefined
  readonly clock: Clock
  readonly counters = new FrontendCounters()
  /** The `track` rules; undefined: there are none. @internal */
  readonly tracking: Tracking | undefined
  /** @internal */
  observer: ExchangeObserver | undefined
  /** The frontend's own limit, and that of its proxy. @internal */
  readonly limits: ConnectionLimit[]
  readonly #defaultRoute: RouteSettings | undefined
  readonly #path: string

  /** Throws an {@link EvenkeelError} for a bad or unknown option, and for a backend of another mode. */
  constructor(name: string, options: FrontendOptions = {}, path = `frontends.${name}`) {
    super()
    const reader = new OptionReader(options, path)
    this.name = readName(name, path)
    this.#path = path === '' ? `frontends.${name}` : path
    this.settings = readFrontendSettings(reader)
    this.routes = reader.read('routes', readRoutes) ?? []
    this.defaultBackend = reader.read('defaultBackend', readBackend)
    this.#defaultRoute = this.defaultBackend && { backend: this.defaultBackend, priority: usualPriority }
    this.tracking = reader.read('track', readTracking)
    const clock = reader.read('clock', readClock)
    reader.end()
    this.limits = [new ConnectionLimit(this.settings.maxConnections)]
    this.clock = this.#agreedClock(clock)
    this.#checkModes()
    for (const backend of this.backends) backend.load.enter(this)
  }

  /** One clock for the whole graph: two would tell of the same moment in two ways. */
  #agreedClock(own: Clock | undefined): Clock {
    const clock = own ?? this.backends[0]?.clock ?? systemClock
    this.tracking?.checkClock(clock)
    for (const backend of this.backends) {
      if (backend.clock === clock) continue
      throw new OptionError(
        `${this.#path}.clock`,
        own,
        `the clock of the backend ${backend.name}: one graph has one clock`,
      )
    }
    return clock
  }

  #checkModes(): void {
    for (const backend of this.backends) {
      if (backend.mode === this.settings.mode) continue
      throw new OptionError(
        `${this.#path}.mode`,
        this.settings.mode,
        `the mode of the backend ${backend.name}, ${backend.mode}`,
      )
    }
  }

  /** Every backend that traffic can reach from here. */
  get backends(): readonly Backend[] {
    const backends = new Set(this.routes.map(({ backend }) => backend))
    if (this.defaultBackend !== undefined) backends.add(this.defaultBackend)
    return [...backends]
  }

  /** Client connections at a time, by its own limit or else its proxy's; Infinity: no limit. @internal */
  get capacity(): number {
    return this.limits.find(({ max }) => max > 0)?.max ?? Infinity
  }

  /** Lays another limit over its own. @internal */
  limitBy(limit: ConnectionLimit): void {
    this.limits.push(limit)
    for (const backend of this.backends) backend.load.measure()
  }

  // -- Sessions -------------------------------------------------------------------------------------------------------

  /** Tracks an exchange as the `track` rules say; undefined: there are none. @internal */
  track(
    view: RequestView,
    headLength: number,
    session: Session,
  ): ReturnType<Tracking['exchangeBegan']> | 'callback-failed' | undefined {
    try {
      return this.tracking?.exchangeBegan(view, headLength, session)
    } catch (thrown) {
      this.fault(thrown, `track of frontends.${this.name}`)
      return 'callback-failed'
    }
  }

  /** Whether another client connection is allowed now. @internal */
  get hasRoom(): boolean {
    return this.limits.every((limit) => limit.hasRoom)
  }

  /** Counts a client connection that was let in. @internal */
  openSession(client: ClientAddress, localPort: number, secure: boolean, origin?: ConnectionOrigin): Session {
    this.counters.sessions.opened(this.clock.now())
    for (const limit of this.limits) limit.take()
    const session = new Session(this, client, localPort, secure, origin)
    if (this.tracking !== undefined) this.#track(session, this.tracking)
    return session
  }

  #track(session: Session, tracking: Tracking): void {
    try {
      session.tracked = tracking.connectionOpened(this.view(undefined, session))
    } catch (thrown) {
      this.fault(thrown, `track of frontends.${this.name}`)
    }
  }

  /** @internal */
  sessionClosed(): void {
    this.counters.sessions.closed()
    for (const limit of this.limits) limit.release()
  }

  // -- Decisions ------------------------------------------------------------------------------------------------------

  /** What rules see of a request: with the client that trusted proxies name, where there are any. @internal */
  view(head: RequestHead | undefined, session: Session): RequestView {
    return new RequestView(head, clientOf(session.client, head, this.settings.trustedProxies), session.secure, session)
  }

  /** The way of an exchange to a backend: the first route that matches, else the default. @internal */
  admit(view: ExchangeView): RouteSettings | 'callback-failed' | undefined {
    try {
      for (let index = 0; index < this.routes.length; index++) {
        if (this.#matches(index, view)) return this.routes[index]!
      }
      return this.#defaultRoute
    } catch (thrown) {
      this.fault(thrown, `routes of ${this.#path}`)
      return 'callback-failed'
    }
  }

  /** Whether a connection's route depends on more of what the client sends. @internal */
  wantsPayload(view: RequestView): boolean {
    view.isPayloadAwaited = false
    return this.admit(view) !== 'callback-failed' && view.isPayloadAwaited
  }

  #matches(index: number, view: ExchangeView): boolean {
    const { when, unless } = this.routes[index]!
    try {
      return (when === undefined || evaluate(when, view)) && !(unless !== undefined && evaluate(unless, view))
    } catch (thrown) {
      const where = `condition of ${this.#path}.routes[${index}]`
      const reason = thrown instanceof Error ? thrown.message : inspect(thrown)
      throw new EvenkeelError('ERR_EVENKEEL_CALLBACK', `${where} failed: ${reason}`, { cause: thrown })
    }
  }

  /**
   * Decides about a request without a socket, on the live objects, and gives back at once what it took: a round robin
   * advances, while no counter and no queue changes. Throws `ERR_EVENKEEL_CALLBACK` when a condition or balancer does.
   */
  route(request: RouteRequest = {}): Decision {
    const { head, client, secure, payload } = readRequest(request, `${this.#path}.route(request)`)
    const session = new Session(this, client, 0, secure)
    const view = this.view(this.settings.mode === 'tcp' ? undefined : head, session)
    view.payload = payload
    const trace: TraceStep[] = []
    const backend = this.#traceAdmit(view, trace)
    const server = backend?.decide(view, trace)
    const queued = server === 'queued'
    return {
      backend,
      server: server === 'queued' ? undefined : server,
      queued,
      status: server === undefined ? 503 : undefined,
      trace,
    }
  }

  #traceAdmit(view: ExchangeView, trace: TraceStep[]): Backend | undefined {
    for (let index = 0; index < this.routes.length; index++) {
      const { backend, when, unless } = this.routes[index]!
      const parts = [when && describe(when, 'a function'), unless && `unless ${describe(unless, 'a function')}`]
      const condition = parts.filter((part) => part !== undefined).join(' ') || 'always'
      const matched = this.#matches(index, view)
      trace.push({ step: 'route', index, backend: backend.name, condition, matched })
      if (matched) return backend
    }
    trace.push({ step: 'default-backend', backend: this.defaultBackend?.name })
    return this.defaultBackend
  }
}

/** What `route` is asked about. @internal */
export interface AskedRequest {
  readonly head: RequestHead
  readonly client: ClientAddress
  readonly secure: boolean
  readonly payload: Uint8Array | undefined
}

/** Reads a request to decide about. @internal */
export function readRequest(request: RouteRequest, path: string): AskedRequest {
  const reader = new OptionReader(request, path)
  const method = reader.string('method') ?? 'GET'
  const url = reader.string('url') ?? '/'
  const fields = reader.read('headers', readFields) ?? []
  const source = reader.read('source', readSource) ?? '127.0.0.1'
  const secure = reader.boolean('secure') ?? false
  const payload = reader.read('payload', readPayload)
  reader.end()
  return { head: new RawRequestHead(method, url, 1, fields), client: { address: source, port: 0 }, secure, payload }
}

function readSource(value: unknown, path: string): string {
  if (typeof value === 'string' && isAddress(value)) return normalizeAddress(value)
  throw new OptionError(path, value, 'an IP address')
}

function readPayload(value: unknown, path: string): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value)
  if (value instanceof Uint8Array) return value
  throw new OptionError(path, value, 'a text, or bytes')
}

/** Reads a record of fields as a flat list. */
function readFields(value: unknown, path: string): string[] {
  const fields: string[] = []
  for (const [name, given] of Object.entries(new OptionReader(value, path).values)) {
    for (const one of Array.isArray(given) ? (given as unknown[]) : [given]) {
      if (typeof one !== 'string')
        throw new OptionError(`${path}.${name}`, one, 'the text of a field, or a list of texts')
      fields.push(name, one)
    }
  }
  return fields
}
