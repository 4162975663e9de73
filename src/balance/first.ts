import type { Server } from '../core/server.js'
import type { Balancer, PickContext } from './balancer.js'

export class First implements Balancer {
  readonly algorithm = 'first'
  #servers: readonly Server[] = []
  #next = 0

  rebuild(candidates: readonly Server[]): void {
    this.#servers = candidates
  }

  pick({ avoid }: PickContext): Server | undefined {
    let avoided: Server | undefined
    for (let i = 0; i < this.#servers.length; i++) {
      const server = this.#servers[this.#next++ % this.#servers.length]!
      if (!server.hasRoom) continue
      if (server !== avoid) return server
      avoided = server
    }
    return avoided
  }
}
