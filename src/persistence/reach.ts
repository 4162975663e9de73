import type { Server } from '../core/server.js'
import type { Bond } from './bond.js'

/** The servers of a backend, as persistence sees them. */
export class Reach {
  readonly #servers = new Map<string, Server>()

  /** With `persist`, a server that is down gets those that are bound to it all the same. */
  constructor(private readonly persist: boolean) {}

  join(server: Server): void {
    this.#servers.set(server.name, server)
  }

  leave(server: Server): void {
    this.#servers.delete(server.name)
  }

  named(name: string): Server | undefined {
    return this.#servers.get(name)
  }

  /** Whether an exchange that is bound to the server may go there: one that drains, or has no weight, is as good as any. */
  reaches(bond: Bond, server: Server): boolean {
    return server.isUp || this.persist || bond.isForced
  }
}
