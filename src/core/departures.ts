import type { Clock } from '../util/clock.js'
import { EvenkeelError } from '../util/errors.js'
import type { Server } from './server.js'

/** Who waits until a server that is to be removed has nothing under way any more. */
export class Departures {
  readonly #clock: Clock
  readonly #path: string
  readonly #waiting = new Map<Server, Set<() => void>>()

  constructor(clock: Clock, path: string) {
    this.#clock = clock
    this.#path = path
  }

  /** Resolves when nobody is with the server or waits for it; rejects with `ERR_EVENKEEL_TIMEOUT` after so many ms. */
  async emptied(server: Server, timeout: number): Promise<void> {
    if (isEmpty(server)) return
    const waiting = this.#waiting.get(server) ?? new Set()
    this.#waiting.set(server, waiting)
    await new Promise<void>((resolve, reject) => {
      const emptied = (): void => {
        timer.cancel()
        resolve()
      }
      waiting.add(emptied)
      const timer = this.#clock.setTimer(() => {
        waiting.delete(emptied)
        const rest = `${server.served} exchanges are still with it`
        reject(new EvenkeelError('ERR_EVENKEEL_TIMEOUT', `${this.#path}: ${server.name} was not removed: ${rest}`))
      }, timeout)
    })
  }

  /** A slot of the server was given back. */
  slotFreed(server: Server): void {
    if (this.#waiting.size === 0 || !isEmpty(server)) return
    for (const emptied of this.#waiting.get(server) ?? []) emptied()
    this.#waiting.delete(server)
  }
}

function isEmpty(server: Server): boolean {
  return server.served === 0 && server.queued === 0
}
