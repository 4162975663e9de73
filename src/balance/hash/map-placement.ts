import type { Server } from '../../core/server.js'
import { SlotMap } from '../slot-map.js'
import type { Placement } from './placement.js'

/**
 * The slot of a map, by the hash modulo their number. One server more or less moves most hashes. HAProxy:
 * `hash-type map-based`.
 *
 * The map is a static one: it knows the weights that servers were made with, and a change of weight while it runs moves
 * nothing, but that a server of weight 0 is none. A server to avoid is chosen again.
 */
export class MapPlacement implements Placement {
  // Who began with weight 0 and has one now must have some.
  readonly #map = new SlotMap(({ initialWeight, weight }) => initialWeight || weight)

  update(candidates: readonly Server[], servers: readonly Server[]): void {
    this.#map.update(candidates, servers)
  }

  at(hash: number): Server | undefined {
    return this.#map.at(hash)
  }

  next(avoid: Server | undefined): Server | undefined {
    return this.#map.next(avoid)
  }

  onRelease(server: Server): void {
    this.#map.readmit(server)
  }

  onRoom(server: Server): void {
    this.#map.readmit(server)
  }

  describe(hash: number): string {
    return `slot ${(hash % this.#map.length) + 1} of ${this.#map.length}`
  }
}
