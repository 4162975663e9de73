import type { Server } from '../core/server.js'
import type { Balancer, PickContext } from './balancer.js'
import { SlotMap } from './slot-map.js'

/**
 * A fixed list of slots, as many for each server as its weight, walked round and round. A server that comes or goes
 * makes a new list, which is walked on from the same place. The sequences are HAProxy's own; unlike there, a weight may
 * change to any value at any time. HAProxy: `balance static-rr`.
 *
 * @example
 * ```ts
 * new Backend('app', { balance: new StaticRoundRobin(), servers: ['127.0.0.1:5001', '127.0.0.1:5002'] })
 * ```
 */
export class StaticRoundRobin implements Balancer {
  readonly algorithm = 'static-rr'
  readonly isStatic = true
  readonly #map = new SlotMap(({ weight }) => weight)

  rebuild(candidates: readonly Server[], servers: readonly Server[]): void {
    this.#map.update(candidates, servers)
  }

  pick({ avoid, explain }: PickContext): Server | undefined {
    const server = this.#map.next(avoid)
    if (server === undefined) return undefined
    if (server === avoid) explain?.('no other server has room')
    else explain?.(`its slot, ${this.#map.position} of ${this.#map.length}`)
    return server
  }

  onRelease(server: Server): void {
    this.#map.readmit(server)
  }

  onRoom(server: Server): void {
    this.#map.readmit(server)
  }
}
