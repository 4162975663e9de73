import type { OutgoingRequest, ServerListener, Transport, TransportCapabilities, Try } from '../core/carrier.js'
import type { ResponseLimits } from '../core/message/head-limits.js'
import { asksForTunnel } from '../core/message/hop-by-hop.js'
import type { PoolSettings } from '../core/pool-options.js'
import type { Session } from '../core/session.js'
import type { HttpReuse } from '../core/transport-options.js'
import type { Target } from '../net/target.js'
import type { Clock, Timer } from '../util/clock.js'
import { LinkedList } from '../util/linked-list.js'
import { ServerConnection, type ServerConnectionOwner } from './server-connection.js'

/** Settings of an {@link Http1Transport}. */
export interface Http1TransportOptions extends PoolSettings {
  /** What the address is that of, for a client that only one server knows. */
  readonly server: object
  /** Milliseconds to connect. */
  readonly connectTimeout: number
  readonly clock: Clock
  readonly httpReuse: HttpReuse
  readonly responseLimits: ResponseLimits
}

/** The longest that a server closes a connection before the time that it told: clocks and wires are slow. */
const longestMargin = 1000

/**
 * Sends exchanges to one server over HTTP/1.1, on connections that are kept and taken up again, the youngest first.
 * A connection that carries its client's authentication, and every one with `httpReuse: 'never'` or of which the server
 * was told whose it is (`sendProxy`), belongs to that client's session, which keeps it while it is idle.
 */
export class Http1Transport implements Transport, ServerConnectionOwner {
  readonly capabilities: TransportCapabilities = { expectContinue: true, requestTrailers: true }
  readonly target: Target
  readonly server: object
  readonly connectTimeout: number
  readonly maxReuse: number
  readonly responseLimits: ResponseLimits
  readonly #clock: Clock
  readonly #httpReuse: HttpReuse
  /** Each connection serves one client alone. */
  readonly #isUnshared: boolean
  readonly #maxIdle: number
  readonly #purgeDelay: number
  /** How long an idle connection is kept: the server may have said less than was asked for. */
  #idleTime: number
  /** Idle connections, the oldest first. */
  readonly #idle = new LinkedList<ServerConnection>()
  /** With `aggressive`, those of them that were reused before: they have shown that the server can do it. */
  readonly #proven = new LinkedList<ServerConnection>()
  /** Idle connections that sessions keep for themselves. */
  readonly #kept = new LinkedList<ServerConnection>()
  #sweeper: Timer | undefined
  #isClosed = false

  constructor(target: Target, options: Http1TransportOptions) {
    this.target = target
    this.server = options.server
    this.connectTimeout = options.connectTimeout
    this.maxReuse = options.maxReuse
    this.responseLimits = options.responseLimits
    this.#clock = options.clock
    this.#httpReuse = options.httpReuse
    // What a server was told of a client in the beginning holds for all that follows.
    this.#isUnshared = options.httpReuse === 'never' || target.sendProxy !== undefined
    this.#maxIdle = options.poolMaxConnections
    this.#purgeDelay = this.#idleTime = options.poolPurgeDelay
  }

  open(request: OutgoingRequest, listener: ServerListener): Try {
    // What may become a tunnel needs a socket that was opened for it.
    const isFresh = request.isRetry || asksForTunnel(request.head!)
    const connection = isFresh ? undefined : this.#take(request)
    return (connection ?? new ServerConnection(this)).begin(request, listener)
  }

  #take({ session, mayReuse }: OutgoingRequest): ServerConnection | undefined {
    const own = session.takeOwn(this)
    if (own instanceof ServerConnection) {
      this.#kept.remove(own)
      return own
    }
    const isAny = mayReuse || this.#httpReuse === 'always'
    const idle = (isAny ? this.#idle.last : undefined) ?? this.#proven.last
    idle?.list?.remove(idle)
    return idle
  }

  putBack(connection: ServerConnection, session: Session): void {
    if (this.#isClosed || this.#idleTime === 0) return connection.destroy()
    if (connection.isPrivate || this.#isUnshared) {
      if (!session.keep(connection)) return connection.destroy()
      connection.keeper = session
      return this.#kept.push(connection)
    }
    if (this.#idle.length + this.#proven.length >= this.#maxIdle) return connection.destroy()
    connection.idleSince = this.#clock.now()
    const isProven = this.#httpReuse === 'aggressive' && connection.reuses > 0
    if (isProven) this.#proven.push(connection)
    else this.#idle.push(connection)
    if (this.#sweeper === undefined) this.#watch()
  }

  gone(connection: ServerConnection): void {
    connection.list?.remove(connection)
    connection.keeper?.forget(connection)
  }

  /** The server has told for how long it keeps an idle connection. */
  keptFor(ms: number): void {
    const idleTime = Math.min(this.#purgeDelay, ms - Math.min(longestMargin, ms / 2))
    if (idleTime === this.#idleTime) return
    this.#idleTime = idleTime
    this.#sweep()
  }

  /** Waits until the oldest idle connection has been so for too long. */
  #watch(): void {
    const since = Math.min(this.#idle.first?.idleSince ?? Infinity, this.#proven.first?.idleSince ?? Infinity)
    if (since === Infinity) return
    this.#sweeper = this.#clock.setTimer(() => this.#sweep(), since + this.#idleTime - this.#clock.now())
  }

  /** Closes what has been idle for too long. */
  #sweep(): void {
    this.#sweeper?.cancel()
    this.#sweeper = undefined
    const latest = this.#clock.now() - this.#idleTime
    for (const list of [this.#idle, this.#proven]) {
      for (let oldest = list.first; oldest !== undefined && oldest.idleSince <= latest; oldest = list.first) {
        oldest.destroy()
      }
    }
    this.#watch()
  }

  close(): void {
    this.#isClosed = true
    this.#idleTime = 0
    this.#sweep()
    for (let own = this.#kept.first; own !== undefined; own = this.#kept.first) own.destroy()
  }
}
