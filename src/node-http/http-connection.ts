import type { Socket } from 'node:net'
import type { Frontend } from '../core/frontend.js'
import type { Session } from '../core/session.js'
import { arrivalOf } from '../net/arrival.js'
import type { OpenConnection } from '../net/connection-set.js'
import { Deadline, type DeadlineOwner } from '../util/deadline.js'

const key: unique symbol = Symbol('evenkeel connection')

type KeyedSocket = Socket & { [key]?: HttpConnection }

/** A request on a connection that has not ended. */
interface ActiveRequest {
  shutDown(): void
  /** The connection is gone. */
  connectionClosed(): void
}

/** Who wants to know of a connection's end, and answers what timed out before it was a request. */
export interface HttpConnectionOwner {
  /** The server is the application's alone again: its connections have no limits of ours any more. */
  readonly isDetached: boolean
  connectionClosed(connection: HttpConnection): void
  /** A request's head did not arrive in time. */
  headTimedOut(connection: HttpConnection): void
}

/**
 * One client connection under `node:http`: its session, and the time limits between requests. What node:http hides (the
 * first byte of a head) is seen from the socket's byte count when a limit has passed.
 */
export class HttpConnection implements DeadlineOwner, OpenConnection {
  readonly session: Session
  /** Another 'close' follows no more: finish what is under way, then end. */
  isDraining = false
  readonly #frontend: Frontend
  readonly #owner: HttpConnectionOwner | undefined
  readonly #deadline: Deadline
  readonly #active = new Set<ActiveRequest>()
  #bytesAtIdle = -1

  private constructor(
    frontend: Frontend,
    readonly socket: KeyedSocket,
    owner: HttpConnectionOwner | undefined,
  ) {
    this.#frontend = frontend
    this.#owner = owner
    this.#deadline = new Deadline(frontend.clock)
    const arrival = arrivalOf(socket)
    this.session = frontend.openSession(arrival.client, arrival.localPort, arrival.tls !== undefined, arrival)
    socket[key] = this
    socket.on('close', () => this.#closed())
    // node:http attaches its own, but takes it away when a socket is upgraded.
    socket.on('error', ignore)
  }

  /** Takes up a connection that was just accepted, and its time limits with it. */
  static open(frontend: Frontend, socket: Socket, owner: HttpConnectionOwner): HttpConnection {
    const connection = new HttpConnection(frontend, socket, owner)
    connection.#deadline.set(connection, frontend.settings.timeout.httpRequest)
    return connection
  }

  /** The connection that a request came on; one that nobody took up is taken up now, without limits of our own. */
  static of(frontend: Frontend, socket: KeyedSocket): HttpConnection {
    return socket[key] ?? new HttpConnection(frontend, socket, undefined)
  }

  /** The connection of a socket, where we know it. */
  static find(socket: KeyedSocket): HttpConnection | undefined {
    return socket[key]
  }

  get isIdle(): boolean {
    return this.#active.size === 0
  }

  /** A request began: gives it a deadline. The connection's own serves while requests come one at a time. */
  requestBegan(request: ActiveRequest): Deadline {
    const deadline = this.isIdle ? this.#deadline : new Deadline(this.#frontend.clock)
    deadline.disarm()
    this.#active.add(request)
    return deadline
  }

  /** A request and its response are over. */
  requestEnded(request: ActiveRequest, deadline: Deadline): void {
    if (!this.#active.delete(request)) return
    if (deadline === this.#deadline) deadline.disarm()
    else deadline.cancel()
    if (!this.isIdle || this.#owner === undefined || this.socket.destroyed) return
    if (this.#owner.isDetached) return this.#leave()
    if (this.isDraining) {
      this.socket.destroySoon()
      return
    }
    this.#bytesAtIdle = this.socket.bytesRead
    this.#deadline.set(this, this.#frontend.settings.timeout.httpKeepAlive)
  }

  drain(): void {
    this.isDraining = true
    if (this.isIdle) this.socket.destroySoon()
  }

  shutDown(): void {
    for (const request of this.#active) request.shutDown()
    this.socket.destroy()
  }

  deadlinePassed(): void {
    if (this.#owner?.isDetached) return this.#leave()
    const isWaiting = this.#bytesAtIdle >= 0
    if (!isWaiting) return this.#owner?.headTimedOut(this)
    if (this.socket.bytesRead === this.#bytesAtIdle) {
      this.socket.destroySoon()
      return
    }
    this.#bytesAtIdle = -1
    this.#deadline.set(this, this.#frontend.settings.timeout.httpRequest)
  }

  #closed(): void {
    // node:http tells only the response that has the socket, not those that wait for it in the pipeline.
    for (const request of this.#active) request.connectionClosed()
    this.#leave()
  }

  /** The connection is gone, or no business of ours any more. */
  #leave(): void {
    if (this.socket[key] === this) delete this.socket[key]
    this.#deadline.cancel()
    this.session.close()
    this.#owner?.connectionClosed(this)
  }
}

function ignore(): void {}
