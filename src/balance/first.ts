import type { Server } from '../core/server.js'
import type { Balancer, PickContext } from './balancer.js'
import { IndexSet } from './index-set.js'

/**
 * The server with the lowest id that has room, so that the last ones stay idle and can be shut down. Weights make no
 * difference, and without `maxConnections` the first server gets everything. HAProxy: `balance first`.
 *
 * @example
 * ```ts
 * new Backend('app', {
 *   balance: new First(),
 *   servers: [
 *     new Server('app1', { address: '127.0.0.1:5001', maxConnections: 100 }),
 *     new Server('app2', { address: '127.0.0.1:5002', maxConnections: 100 }),
 *   ],
 * })
 * ```
 */
export class First implements Balancer {
  readonly algorithm = 'first'
  #servers: readonly Server[] = []
  readonly #places = new Map<Server, number>()
  /** Places of those that may have room: one found full leaves until it gives a slot back. */
  #open = new IndexSet(0)

  rebuild(candidates: readonly Server[]): void {
    this.#servers = candidates.toSorted((one, other) => one.id - other.id)
    this.#open = IndexSet.full(candidates.length)
    this.#places.clear()
    for (const [place, server] of this.#servers.entries()) this.#places.set(server, place)
  }

  pick({ avoid, explain }: PickContext): Server | undefined {
    let avoided: Server | undefined
    for (let place = this.#open.next(0); place >= 0; place = this.#open.next(place + 1)) {
      const server = this.#servers[place]!
      if (!server.hasRoom) this.#open.delete(place)
      else if (server === avoid) avoided = server
      else {
        explain?.(`the lowest id with room, ${server.id}`)
        return server
      }
    }
    if (avoided !== undefined) explain?.('no other server has room')
    return avoided
  }

  onRelease(server: Server): void {
    this.onRoom(server)
  }

  onRoom(server: Server): void {
    if (this.#open.size === this.#servers.length || !server.hasRoom) return
    const place = this.#places.get(server)
    if (place !== undefined) this.#open.add(place)
  }
}
