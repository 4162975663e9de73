import type { SessionCounters } from './counters.js'

/** Where a backend's traffic comes from: a frontend. */
export interface Entrance {
  /** Client connections that it lets in at a time; Infinity: no limit. */
  readonly capacity: number
}

/** A server, as far as limits go. */
export interface Limited {
  readonly maxConnections: number
  /** Whether its limit follows the load. */
  readonly hasDynamicLimit: boolean
}

/** How many exchanges a backend has, and what that means for the limits of its servers. */
export class Load<Server extends Limited> {
  readonly #sessions: SessionCounters
  readonly #givenFull: number | undefined
  readonly #onGrowth: (server: Server) => void
  readonly #entrances: Entrance[] = []
  #full = 1
  /** Servers with dynamic limits, by the highest: those of one grow together. */
  readonly #followers = new Map<number, Server[]>()
  /** Who is to be followed, until the next exchange: many changes at once cost no more than one. */
  #changed: Iterable<Server> | undefined

  /** `onGrowth` is called for servers that may take one more because there is more traffic. */
  constructor(sessions: SessionCounters, full: number | undefined, onGrowth: (server: Server) => void) {
    this.#sessions = sessions
    this.#givenFull = full
    this.#onGrowth = onGrowth
    this.measure()
  }

  /** With so many exchanges servers take all that they can. HAProxy: `fullconn`. */
  get full(): number {
    return this.#full
  }

  /** Another frontend leads here. */
  enter(entrance: Entrance): void {
    this.#entrances.push(entrance)
    this.measure()
  }

  /** Takes in how many connections the entrances let in. */
  measure(): void {
    const most = this.#entrances.reduce((sum, { capacity }) => sum + capacity, 0)
    this.#full = this.#givenFull ?? Math.max(1, Math.ceil(most / 10))
  }

  /** Takes in which servers there are, and their limits. */
  follow(servers: Iterable<Server>): void {
    this.#changed = servers
  }

  #follow(servers: Iterable<Server>): void {
    this.#changed = undefined
    this.#followers.clear()
    for (const server of servers) {
      if (!server.hasDynamicLimit) continue
      const alike = this.#followers.get(server.maxConnections)
      if (alike === undefined) this.#followers.set(server.maxConnections, [server])
      else alike.push(server)
    }
  }

  /** The limit, with the present load, of a server that may take `least` always and `most` when the backend is full. */
  limit(least: number, most: number): number {
    return Math.min(most, Math.max(least, this.#share(most, this.#sessions.current)))
  }

  #share(most: number, exchanges: number): number {
    return exchanges >= this.#full ? most : Math.floor((exchanges * most) / this.#full)
  }

  exchangeBegan(now: number): void {
    this.#sessions.opened(now)
    if (this.#changed !== undefined) this.#follow(this.#changed)
    if (this.#followers.size > 0 && this.#sessions.current <= this.#full) this.#grow(this.#sessions.current)
  }

  #grow(exchanges: number): void {
    for (const [most, servers] of this.#followers) {
      if (this.#share(most, exchanges) === this.#share(most, exchanges - 1)) continue
      for (const server of servers) this.#onGrowth(server)
    }
  }

  exchangeEnded(): void {
    this.#sessions.closed()
  }
}
