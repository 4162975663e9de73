import type { OutgoingRequest, ServerListener, Transport, TransportCapabilities, Try } from '../core/carrier.js'
import type { Target } from '../net/target.js'
import { type Http2TransportOptions, type Rider, ServerSession, type ServerSessionOwner } from './server-session.js'
import { Http2Try } from './try.js'

/** What HAProxy allows itself too (`tune.h2.max-concurrent-streams`), whatever the server says beyond that. */
const mostStreams = 100

/**
 * Sends exchanges to one server over HTTP/2: many on one connection, up to the limit that the server tells, and on further
 * connections what is more.
 */
export class Http2Transport implements Transport, ServerSessionOwner {
  readonly capabilities: TransportCapabilities = { expectContinue: true, requestTrailers: true }
  readonly target: Target
  readonly options: Http2TransportOptions
  /** What the server told last: a connection that is being made is taken to allow as many. */
  streamLimit = mostStreams
  /** Those that may take a request, or will as soon as they stand. */
  readonly #sessions = new Set<ServerSession>()
  #isClosed = false

  constructor(target: Target, options: Http2TransportOptions) {
    this.target = target
    this.options = options
  }

  open(request: OutgoingRequest, listener: ServerListener): Try {
    return new Http2Try(this, request, listener)
  }

  /** Finds a connection for what wants one, or makes one. */
  place(rider: Rider): void {
    for (const session of this.#sessions) {
      if (session.hasRoom) return session.take(rider)
    }
    const session = new ServerSession(this)
    this.#sessions.add(session)
    session.take(rider)
    if (this.#isClosed) session.retire()
  }

  limitTold(streams: number): number {
    this.streamLimit = Math.min(streams, mostStreams)
    return this.streamLimit
  }

  retired(session: ServerSession): void {
    this.#sessions.delete(session)
  }

  close(): void {
    this.#isClosed = true
    for (const session of this.#sessions) session.retire()
  }
}
