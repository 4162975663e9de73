import type { EventEmitter } from 'node:events'
import { activateBackend } from './activation.js'
import { type Backend, type BackendEvents, backendEventNames } from './core/backend.js'
import { ConnectionLimit } from './core/connection-limit.js'
import type { Decision } from './core/decision.js'
import type { Frontend, FrontendEvents, RouteRequest } from './core/frontend.js'
import type { Server } from './core/server.js'
import { FrontendListener } from './frontend-listener.js'
import type { BindSettings } from './net/bind-options.js'
import { type StatsSnapshot, snapshot } from './stats/snapshot.js'
import { StatsEndpoint } from './stats-endpoint.js'
import type { StatsSettings } from './stats-options.js'
import type { Clock } from './util/clock.js'
import { Emitter } from './util/emitter.js'
import { EvenkeelError } from './util/errors.js'
import { type Duration, OptionReader } from './util/options.js'

/** What was bound: an IP address with its port, or the path of a Unix socket. */
export type BoundAddress =
  | { readonly address: string; readonly port: number; readonly family: string }
  | { readonly path: string }

/** The events of a proxy: those of all its backends and frontends, and its own. */
export interface ProxyEvents extends BackendEvents, FrontendEvents {
  /** Every bind accepts connections. */
  listening: []
  /** The last connection is gone after `close()`. */
  close: []
}

/** What a {@link ProxyServer} is made of. */
interface Parts {
  readonly frontends: ReadonlyMap<string, Frontend>
  readonly backends: ReadonlyMap<string, Backend>
  readonly binds: ReadonlyMap<Frontend, readonly BindSettings[]>
  readonly maxConnections: number
  readonly clock: Clock
  readonly stats: StatsSettings | undefined
}

/**
 * A proxy as `createProxy` makes it: frontends with their addresses, backends, and the page about them.
 *
 * Events: {@link ProxyEvents}. With `await using` it is closed at the end of the block.
 */
export class ProxyServer extends Emitter<ProxyEvents> implements AsyncDisposable {
  readonly #parts: Parts
  readonly #limit: ConnectionLimit
  readonly #startedAt: number
  #listeners = new Map<string, FrontendListener>()
  #endpoint: StatsEndpoint | undefined
  #releases: (() => void)[] = []
  #state: 'new' | 'listening' | 'closing' | 'closed' = 'new'
  #opening: Promise<void> | undefined
  #closing: Promise<void> | undefined

  /** @internal */
  constructor(parts: Parts) {
    super()
    this.#parts = parts
    this.#limit = new ConnectionLimit(parts.maxConnections)
    this.#startedAt = this.#parts.clock.now()
    for (const frontend of parts.frontends.values()) {
      if (parts.maxConnections > 0) frontend.limitBy(this.#limit)
      frontend.on('fault', (fault) => this.report(fault))
      frontend.on('connection:refused', (refusal) => this.notify('connection:refused', refusal))
    }
    for (const backend of parts.backends.values()) this.#follow(backend)
  }

  #follow(backend: Backend): void {
    for (const name of backendEventNames) this.#handOn(backend, name)
    backend.on('fault', (fault) => this.report(fault))
  }

  #handOn<Name extends (typeof backendEventNames)[number]>(backend: Emitter<BackendEvents>, name: Name): void {
    const events: EventEmitter = backend
    events.on(name, (...event: ProxyEvents[Name]) => this.notify(name, ...event))
  }

  /** Opens every bind and starts the checks. Rejects with `ERR_EVENKEEL_BIND` when one can't be opened; then none is. */
  async listen(): Promise<void> {
    if (this.#state !== 'new')
      throw new EvenkeelError('ERR_EVENKEEL_STATE', `listen() on a proxy that is ${this.#state}`)
    this.#state = 'listening'
    this.#opening = this.#open()
    try {
      await this.#opening
    } catch (error) {
      this.#stop()
      if (this.#state === 'listening') this.#state = 'new'
      throw error
    } finally {
      this.#opening = undefined
    }
    this.notify('listening')
  }

  async #open(): Promise<void> {
    this.#releases = [...this.#parts.backends.values()].map(activateBackend)
    for (const [frontend, binds] of this.#parts.binds) {
      const listener = new FrontendListener(frontend, binds)
      this.#listeners.set(frontend.name, listener)
      await listener.listen()
    }
    if (this.#parts.stats !== undefined) {
      this.#endpoint = new StatsEndpoint(this.#parts.stats, () => this.stats())
      await this.#endpoint.listen()
    }
  }

  /** What was bound, by frontend, with the ports that the system chose; the stats page's address is under `stats`. */
  addresses(): Record<string, BoundAddress[]> {
    const addresses: Record<string, BoundAddress[]> = {}
    for (const [name, listener] of this.#listeners) addresses[name] = listener.addresses()
    const stats = this.#endpoint?.address()
    if (stats !== undefined) addresses.stats = [stats]
    return addresses
  }

  /**
   * Stops accepting, closes idle connections, lets exchanges finish, each with `Connection: close`, then ends what is
   * left after `timeout` (default 30s). A second call waits for the first.
   */
  close(options: { readonly timeout?: Duration } = {}): Promise<void> {
    const reader = new OptionReader(options, 'close(options)')
    const timeout = reader.duration('timeout') ?? 30_000
    reader.end()
    this.#closing ??= this.#close(timeout)
    return this.#closing
  }

  async #close(timeout: number): Promise<void> {
    this.#state = 'closing'
    // A bind that is being opened can't be told to stop.
    if (this.#opening !== undefined) await this.#opening.catch(() => {})
    const drained = Promise.all([...this.#listeners.values()].map((listener) => listener.drain()))
    await this.#within(timeout, drained)
    this.#stop()
    this.#state = 'closed'
    this.notify('close')
  }

  /** Waits for a promise, but not for longer than `ms`. */
  #within(ms: number, promise: Promise<unknown>): Promise<void> {
    // A clock's timer keeps no process alive, and whoever waits for the end must hear of it.
    const hold = setInterval(() => {}, 60_000)
    return new Promise<void>((resolve) => {
      const timer = this.#parts.clock.setTimer(resolve, ms)
      void promise.then(() => {
        timer.cancel()
        resolve()
      })
    }).finally(() => clearInterval(hold))
  }

  #stop(): void {
    for (const listener of this.#listeners.values()) listener.stop()
    this.#listeners = new Map()
    this.#endpoint?.close()
    this.#endpoint = undefined
    for (const release of this.#releases) release()
    this.#releases = []
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** All frontends, in the order of the configuration. */
  get frontends(): readonly Frontend[] {
    return [...this.#parts.frontends.values()]
  }

  /** All backends. */
  get backends(): readonly Backend[] {
    return [...this.#parts.backends.values()]
  }

  /** The frontend of that name. Throws `ERR_EVENKEEL_UNKNOWN_NAME`. */
  frontend(name: string): Frontend {
    return find(this.#parts.frontends, name, 'frontend')
  }

  /** The backend of that name. Throws `ERR_EVENKEEL_UNKNOWN_NAME`. */
  backend(name: string): Backend {
    return find(this.#parts.backends, name, 'backend')
  }

  /** The server that is called so, as `backend/server`. Throws `ERR_EVENKEEL_UNKNOWN_NAME`. */
  server(name: string): Server {
    const slash = name.indexOf('/')
    return this.backend(slash < 0 ? name : name.slice(0, slash)).server(slash < 0 ? '' : name.slice(slash + 1))
  }

  /** Decides about a request without a socket: as {@link Frontend.route}. */
  route(frontend: string, request?: RouteRequest): Decision {
    return this.frontend(frontend).route(request)
  }

  /** Everything that is counted, as plain data. */
  stats(): StatsSnapshot {
    return snapshot({
      frontends: this.frontends,
      backends: this.backends,
      uptime: this.#parts.clock.now() - this.#startedAt,
    })
  }
}

function find<T>(objects: ReadonlyMap<string, T>, name: string, kind: string): T {
  const object = objects.get(name)
  if (object !== undefined) return object
  const known = [...objects.keys()].join(', ')
  throw new EvenkeelError('ERR_EVENKEEL_UNKNOWN_NAME', `there is no ${kind} ${name}; there are: ${known}`)
}
