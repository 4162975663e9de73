import type { Socket } from 'node:net'
import type { ConnectionLimit } from '../core/connection-limit.js'
import type { Arrival } from './arrival.js'

/**
 * What a connection goes through before a carrier has it, such as a handshake. It calls `done` with the connection as it
 * is then; one that fails it ends itself, and `done` is never called.
 */
export type Opening = (arrival: Arrival, done: (arrival: Arrival) => void) => void

/** The connections that are not a carrier's yet. Each holds its place within the limits, as it will as a session. */
export class Openings {
  readonly #steps: readonly Opening[]
  readonly #limits: readonly ConnectionLimit[]
  readonly #accept: (arrival: Arrival) => void
  readonly #pending = new Set<Socket>()

  constructor(steps: readonly Opening[], limits: readonly ConnectionLimit[], accept: (arrival: Arrival) => void) {
    this.#steps = steps
    this.#limits = limits
    this.#accept = accept
  }

  /** Leads a connection through all steps, in order, and to its carrier. */
  begin(arrival: Arrival): void {
    if (this.#steps.length === 0) return this.#accept(arrival)
    const { socket } = arrival
    socket.on('error', ignore)
    if (socket.destroyed) return
    for (const limit of this.#limits) limit.take()
    this.#pending.add(socket)
    const end = (): void => this.#end(socket)
    socket.once('close', end)
    this.#step(arrival, 0, () => {
      socket.off('close', end)
      end()
    })
  }

  #step(arrival: Arrival, index: number, end: () => void): void {
    const step = this.#steps[index]
    if (step !== undefined) return step(arrival, (next) => this.#step(next, index + 1, end))
    // The session takes its place before this one is given back: whoever waits shall not slip in between.
    this.#accept(arrival)
    end()
  }

  #end(socket: Socket): void {
    if (!this.#pending.delete(socket)) return
    for (const limit of this.#limits) limit.release()
  }

  /** Ends all of them. */
  close(): void {
    for (const socket of this.#pending) socket.destroy()
  }
}

/** A connection that breaks meanwhile is closed, which is all there is to know. */
function ignore(): void {}
