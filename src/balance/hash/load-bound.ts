import type { Server } from '../../core/server.js'

/**
 * How many exchanges each server may have at a time: its share, by weight, of all that are under way and the next one,
 * times a factor (consistent hashing with bounded loads, arXiv 1608.01350). HAProxy: `hash-balance-factor`.
 */
export class LoadBound {
  readonly #percent: number
  #served = 0
  #totalWeight = 0

  constructor(percent: number) {
    this.#percent = percent
  }

  /** Takes in the sum of all weights. */
  update(totalWeight: number): void {
    this.#totalWeight = totalWeight
  }

  onTake(): void {
    this.#served++
  }

  onRelease(): void {
    this.#served--
  }

  /** Whether a server of that weight has not had its share. `below` is the weight of all servers that stand before it. */
  allows(server: Server, weight: number, below: number): boolean {
    const total = this.#totalWeight
    const slots = Math.ceil(((this.#served + 1) * this.#percent) / 100)
    const rest = slots % total
    // What does not divide evenly is dealt out along the line of servers, so that no slot is lost.
    const share = Math.floor((rest * (below + weight)) / total) - Math.floor((rest * below) / total)
    return server.served < Math.max(1, weight * Math.floor(slots / total) + share)
  }
}
