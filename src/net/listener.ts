import { createServer, type Server, type Socket } from 'node:net'
import type { ConnectionLimit } from '../core/connection-limit.js'
import { type Arrival, arrivalOf } from './arrival.js'
import type { BindSettings } from './bind-options.js'
import { type Bound, boundTo, listenAt } from './listen-at.js'
import { type Opening, Openings } from './openings.js'

/** What a listener asks before it lets a connection in: a frontend. */
export interface Admission {
  readonly hasRoom: boolean
  readonly limits: readonly ConnectionLimit[]
  readonly counters: { refusedConnections: number }
}

/** How many connections may wait for room behind a frontend without a limit of its own. HAProxy: `backlog`. */
const defaultBacklog = 1024

/**
 * Accepts connections at one address. Node can't stop accept(), so while there is no room it holds what it accepted,
 * unread and in order, up to the frontend's limit again, and closes and counts what comes on top.
 */
export class Listener {
  readonly #bind: BindSettings
  readonly #admission: Admission
  readonly #openings: Openings
  readonly #server: Server
  readonly #held = new Set<Socket>()
  readonly #backlog: number
  readonly #unsubscribe: (() => void)[] = []

  /** `steps` come before `accept`, in order. */
  constructor(bind: BindSettings, admission: Admission, steps: readonly Opening[], accept: (arrival: Arrival) => void) {
    this.#bind = bind
    this.#admission = admission
    this.#openings = new Openings(steps, admission.limits, accept)
    const isLimited = admission.limits.some(({ max }) => max > 0)
    this.#backlog = bind.backlog ?? (admission.limits[0]?.max || defaultBacklog)
    // Without a limit nothing is ever held, and a socket need not be started by hand.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: isLimited })
    this.#server.on('connection', (socket) => this.#connected(socket))
    // Out of descriptors, and the like: the next accept() may do better.
    this.#server.on('error', () => {})
    if (isLimited) for (const limit of admission.limits) this.#unsubscribe.push(limit.onRoom(() => this.#admitHeld()))
  }

  /** Resolves when connections are accepted; rejects with `ERR_EVENKEEL_BIND`. */
  listen(): Promise<void> {
    return listenAt(this.#server, this.#bind.address, this.#backlog)
  }

  /** What was bound; undefined while it does not listen. */
  address(): Bound | undefined {
    return boundTo(this.#server)
  }

  #connected(socket: Socket): void {
    if (this.#held.size === 0 && this.#admission.hasRoom) return this.#open(socket)
    if (this.#held.size >= this.#backlog) {
      this.#admission.counters.refusedConnections++
      socket.destroy()
      return
    }
    this.#held.add(socket)
    socket.on('error', ignore)
    socket.once('close', () => this.#held.delete(socket))
  }

  #admitHeld(): void {
    for (const socket of this.#held) {
      if (!this.#admission.hasRoom) return
      this.#held.delete(socket)
      socket.off('error', ignore)
      this.#open(socket)
    }
  }

  #open(socket: Socket): void {
    this.#openings.begin(arrivalOf(socket))
  }

  /** Accepts no more; what waited for room, and what no carrier has yet, is closed. A second call does nothing. */
  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    for (const socket of this.#held) socket.destroy()
    this.#openings.close()
    this.#server.close()
  }
}

function ignore(): void {}
