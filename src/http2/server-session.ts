import { type ClientHttp2Session, connect } from 'node:http2'
import type { Socket } from 'node:net'
import type { TryFailure } from '../core/failure.js'
import type { ResponseLimits } from '../core/message/head-limits.js'
import { dial } from '../net/dialer.js'
import type { Target } from '../net/target.js'
import type { Clock } from '../util/clock.js'
import { Deadline, type DeadlineOwner } from '../util/deadline.js'

/** Settings of a transport over HTTP/2. */
export interface Http2TransportOptions {
  /** Milliseconds to connect, until the server's settings are there. */
  readonly connectTimeout: number
  readonly clock: Clock
  readonly responseLimits: ResponseLimits
  /** Milliseconds for which a connection is kept on which nothing is under way. */
  readonly poolPurgeDelay: number
  /** How many requests a connection may carry after its first. */
  readonly maxReuse: number
}

/** What waits for a connection, or rides on it. */
export interface Rider {
  /** The connection is being made. */
  waits(session: ServerSession): void
  /** The connection stands: goes out on it. */
  start(session: ServerSession, http2: ClientHttp2Session): void
  /** There will be no connection. */
  failed(failure: TryFailure): void
}

/** Where connections come from. */
export interface ServerSessionOwner {
  readonly target: Target
  readonly options: Http2TransportOptions
  readonly streamLimit: number
  /** The server tells how many streams it takes; gives how many it gets. */
  limitTold(streams: number): number
  /** Finds another connection for what found no room. */
  place(rider: Rider): void
  /** The connection takes nothing more. */
  retired(session: ServerSession): void
}

/** One connection to a server, which carries many requests at a time. */
export class ServerSession implements DeadlineOwner {
  readonly #owner: ServerSessionOwner
  readonly #deadline: Deadline
  #http2: ClientHttp2Session | undefined
  #giveUpDial: (() => void) | undefined
  /** Those that wait for the connection. */
  readonly #waiting = new Set<Rider>()
  #active = 0
  #served = 0
  #limit: number
  #isOpen = false
  #isRetired = false
  /** The last stream that the server has looked at, once it has said that it goes. */
  #lastProcessed = Infinity
  #error: Error | undefined

  constructor(owner: ServerSessionOwner) {
    this.#owner = owner
    this.#limit = owner.streamLimit
    this.#deadline = new Deadline(owner.options.clock)
    const { connectTimeout: timeout } = owner.options
    this.#giveUpDial = dial(owner.target, { timeout, protocols: ['h2'] }, ({ socket, error }) => {
      if (socket === undefined) this.#failed({ kind: error.kind, sent: false, reused: false, cause: error })
      else this.#connected(socket)
    })
    this.#deadline.set(this, timeout)
  }

  get hasRoom(): boolean {
    return !this.#isRetired && this.#active + this.#waiting.size < this.#limit
  }

  /** Whether the connection has carried an earlier request. */
  get isReused(): boolean {
    return this.#served > 1
  }

  /** Whether the server speaks of tunnels for other protocols (RFC 8441). */
  get takesExtendedConnect(): boolean {
    return this.#http2?.remoteSettings.enableConnectProtocol === true
  }

  /** Whether the connection is gone, and all its streams with it. */
  get isGone(): boolean {
    return this.#http2?.destroyed === true
  }

  /** What ended the connection, where that is known. */
  get error(): Error | undefined {
    return this.#error
  }

  /** Whether the server has said that it has not looked at that stream, nor will. */
  isUnprocessed(stream: number): boolean {
    return stream > this.#lastProcessed
  }

  take(rider: Rider): void {
    if (this.#isOpen) return this.#start(rider)
    this.#waiting.add(rider)
    rider.waits(this)
  }

  /** Forgets one that waits. */
  forget(rider: Rider): void {
    this.#waiting.delete(rider)
  }

  #connected(socket: Socket): void {
    const { maxHeaderBytes, maxHeaders } = this.#owner.options.responseLimits
    const http2 = connect('http://server', {
      createConnection: () => socket,
      maxHeaderListPairs: maxHeaders + 8,
      settings: {
        enablePush: false,
        initialWindowSize: windowSize,
        maxHeaderListSize: maxHeaderBytes + 32 * maxHeaders,
      },
    })
    this.#http2 = http2
    http2.unref()
    // It came paused, and has been taken over by now.
    http2.on('connect', () => socket.resume())
    http2.on('remoteSettings', ({ maxConcurrentStreams }) => this.#settingsCame(maxConcurrentStreams))
    http2.on('goaway', (_code, lastProcessed) => {
      this.#lastProcessed = lastProcessed
      this.#retire()
    })
    http2.on('error', (error: Error) => {
      this.#error = error
    })
    http2.on('close', () => this.#closed())
  }

  #settingsCame(streams = Infinity): void {
    this.#limit = this.#owner.limitTold(streams)
    if (this.#isOpen) return
    this.#isOpen = true
    this.#deadline.disarm()
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const rider of waiting) {
      if (!this.#isRetired && this.#active < this.#limit) this.#start(rider)
      else this.#owner.place(rider)
    }
    this.#rest()
  }

  #start(rider: Rider): void {
    this.#active++
    this.#served++
    if (this.#served > this.#owner.options.maxReuse) this.#retire()
    this.#deadline.disarm()
    rider.start(this, this.#http2!)
  }

  /** A stream is over. */
  release(): void {
    this.#active--
    this.#rest()
  }

  /** Sees to a connection on which nothing is under way. */
  #rest(): void {
    if (this.#active > 0 || !this.#isOpen) return
    const { poolPurgeDelay } = this.#owner.options
    if (this.#isRetired || poolPurgeDelay === 0) this.retire()
    else this.#deadline.set(this, poolPurgeDelay)
  }

  /** It has been idle, or not there, for too long. */
  deadlinePassed(): void {
    if (this.#isOpen) return this.retire()
    this.#giveUpDial?.()
    this.#failed({ kind: 'connect-timeout', sent: false, reused: false })
  }

  /** Takes nothing more. */
  #retire(): void {
    if (this.#isRetired) return
    this.#isRetired = true
    this.#owner.retired(this)
  }

  /** Takes nothing more, and ends as soon as nothing is under way. */
  retire(): void {
    this.#retire()
    if (this.#active === 0 && this.#waiting.size === 0) this.#end()
  }

  #end(): void {
    this.#deadline.cancel()
    this.#giveUpDial?.()
    this.#http2?.close()
  }

  #closed(): void {
    this.#failed({ kind: 'connect-refused', sent: false, reused: false, cause: this.#error })
  }

  /** Whoever still waits waits in vain; streams hear of it themselves. */
  #failed(failure: TryFailure): void {
    this.#retire()
    this.#deadline.cancel()
    this.#http2?.destroy()
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const rider of waiting) rider.failed(failure)
  }
}

/** How much of a response a server may send before the client has taken it: memory that every stream can take. */
const windowSize = 256 * 1024
