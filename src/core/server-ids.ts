import { OptionError } from '../util/errors.js'
import type { Server } from './server.js'

/** The numeric ids of one backend's servers. */
export class ServerIds {
  readonly #taken = new Set<number>()
  /** No id below it is free. */
  #lowest = 1

  /**
   * The ids for servers that shall join at once: their own, else their place among these, or the next free id. A server
   * that joins alone gets the lowest: in the place of one that was removed it has on a hash ring what that one had.
   */
  assign(servers: readonly Server[]): [Server, number][] {
    const own = new Set(servers.map(({ id }) => id))
    let next = this.#lowest
    return servers.map((server) => {
      const { id } = server
      while (id === 0 && (this.#taken.has(next) || own.has(next))) next++
      const assigned = id === 0 ? next : id
      // HAProxy counts places, those of servers with an id of their own too.
      next++
      return [server, assigned]
    })
  }

  /** Takes an id; throws an {@link OptionError} when another server has it. */
  take(id: number, path: string): void {
    if (this.#taken.has(id)) throw new OptionError(path, id, 'ids of servers that differ')
    this.#taken.add(id)
    if (id === this.#lowest) this.#lowest++
  }

  release(id: number): void {
    this.#taken.delete(id)
    this.#lowest = Math.min(this.#lowest, id)
  }
}
