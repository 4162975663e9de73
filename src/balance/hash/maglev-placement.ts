import type { Server } from '../../core/server.js'
import { WeightedTurn } from '../weighted-turn.js'
import { MaglevTable } from './maglev-table.js'
import type { Placement } from './placement.js'

/**
 * The place of a table, by the hash modulo their number. When a server comes, goes or changes its weight, hardly any
 * hash moves but those that must, and shares are as the weights say to within a few percent. HAProxy has nothing like it.
 */
export class MaglevPlacement implements Placement {
  readonly #table: MaglevTable
  readonly #turn = new WeightedTurn()

  /** `tableSize`: a prime number. */
  constructor(tableSize = 65_537) {
    this.#table = new MaglevTable(tableSize)
  }

  update(candidates: readonly Server[]): void {
    this.#table.build(candidates)
    this.#turn.update(candidates)
  }

  at(hash: number, avoid: Server | undefined): Server | undefined {
    const server = this.#table.at(hash)
    return server !== undefined && server === avoid ? this.#table.nextBut(server, hash) : server
  }

  next(avoid: Server | undefined): Server | undefined {
    return this.#turn.pick(avoid)
  }

  onRelease(server: Server): void {
    this.#turn.readmit(server)
  }

  onRoom(server: Server): void {
    this.#turn.readmit(server)
  }

  describe(hash: number): string {
    return `place ${hash % this.#table.size} of ${this.#table.size}`
  }
}
