import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Frontend } from '../core/frontend.js'
import { defaultHttp2 } from '../core/http2-options.js'
import type { Session } from '../core/session.js'
import type { OpenConnection } from '../net/connection-set.js'
import { Deadline, type DeadlineOwner } from '../util/deadline.js'
import { RateMeter } from '../util/rate-meter.js'

/** For how long resets and control frames are counted. */
const countedTime = 10_000

/** How long a client may take to leave that was told to. */
const lingerTime = 2000

/** A request on a connection that has not ended. */
interface ActiveRequest {
  shutDown(): void
}

/** Who takes the requests of a connection, and wants to know of its end. */
export interface Http2ConnectionOwner {
  /** `raw` are the fields, flat; `isWhole`: the request has no body. */
  requestCame(connection: Http2Connection, stream: ServerHttp2Stream, raw: readonly string[], isWhole: boolean): void
  connectionClosed(connection: Http2Connection): void
}

/** One client connection that speaks HTTP/2: its session, its requests, and what it may do. */
export class Http2Connection implements DeadlineOwner, OpenConnection {
  readonly session: Session
  readonly #frontend: Frontend
  readonly #http2: ServerHttp2Session
  readonly #socket: Socket
  readonly #owner: Http2ConnectionOwner
  readonly #deadline: Deadline
  readonly #active = new Set<ActiveRequest>()
  /** Those of requests that are over: a timer that runs is not made anew. */
  readonly #spare: Deadline[] = []
  readonly #resets = new RateMeter(countedTime)
  readonly #controls = new RateMeter(countedTime)
  #isClosed = false

  constructor(
    frontend: Frontend,
    http2: ServerHttp2Session,
    socket: Socket,
    session: Session,
    owner: Http2ConnectionOwner,
  ) {
    this.#frontend = frontend
    this.#http2 = http2
    this.#socket = socket
    this.session = session
    this.#owner = owner
    this.#deadline = new Deadline(frontend.clock)
    this.#deadline.set(this, frontend.settings.timeout.httpRequest)
    http2.on('stream', this.#onStream)
    http2.on('ping', this.#onControl)
    http2.on('remoteSettings', this.#onControl)
    http2.on('error', ignore)
    http2.on('close', this.#onClose)
  }

  readonly #onStream = (stream: ServerHttp2Stream, _headers: unknown, flags: number, raw?: string[]): void => {
    const isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
    // It ends with what has begun.
    if (this.#frontend.settings.httpClose) this.#http2.close()
    this.#owner.requestCame(this, stream, raw!, isWhole)
  }

  /** A request began: gives it a deadline. */
  requestBegan(request: ActiveRequest): Deadline {
    this.#deadline.disarm()
    this.#active.add(request)
    return this.#spare.pop() ?? new Deadline(this.#frontend.clock)
  }

  /** A request and its response are over. */
  requestEnded(request: ActiveRequest, deadline: Deadline): void {
    if (!this.#active.delete(request)) return
    deadline.disarm()
    if (this.#isClosed) return deadline.cancel()
    this.#spare.push(deadline)
    if (this.#active.size > 0) return
    this.#deadline.set(this, this.#http2.closed ? lingerTime : this.#frontend.settings.timeout.httpKeepAlive)
  }

  /** A request broke off before its response was whole. */
  requestReset(): void {
    const now = this.#frontend.clock.now()
    this.#resets.add(1, now)
    if (this.#resets.read(now) > this.#limits.maxResets) this.#endInAnger()
  }

  readonly #onControl = (): void => {
    const now = this.#frontend.clock.now()
    this.#controls.add(1, now)
    if (this.#controls.read(now) > this.#limits.maxControlFrames) this.#endInAnger()
  }

  get #limits() {
    return this.#frontend.settings.http2 ?? defaultHttp2
  }

  #endInAnger(): void {
    if (this.#http2.destroyed) return
    this.#frontend.counters.requestErrors++
    this.#http2.destroy(new Error('the client does too much'), constants.NGHTTP2_ENHANCE_YOUR_CALM)
  }

  /** Nothing was asked for too long, or a client that was told to leave does not. */
  deadlinePassed(): void {
    if (this.#http2.closed) this.#socket.destroy()
    else this.drain()
  }

  drain(): void {
    this.#http2.close()
    if (this.#active.size === 0) this.#deadline.set(this, lingerTime)
  }

  shutDown(): void {
    for (const request of this.#active) request.shutDown()
    this.#http2.destroy()
    this.#socket.destroy()
  }

  readonly #onClose = (): void => {
    this.#isClosed = true
    this.#deadline.cancel()
    for (const deadline of this.#spare) deadline.cancel()
    this.session.close()
    this.#owner.connectionClosed(this)
  }
}

function ignore(): void {}
