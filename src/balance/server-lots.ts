import type { Server } from '../core/server.js'
import type { Random } from '../util/random.js'
import { WeightedLots } from './weighted-lots.js'

/** Draws servers by their numbers, as often as their weights say, and only those with room. */
export class ServerLots {
  readonly #servers: readonly Server[]
  readonly #numbers = new Map<Server, number>()
  /** Those that may have room: one found full has no lot until it gives a slot back. */
  readonly #lots: WeightedLots
  #full = 0

  constructor(servers: readonly Server[]) {
    this.#servers = servers
    this.#lots = new WeightedLots(servers.map(lotsOf))
    for (const [number, server] of servers.entries()) this.#numbers.set(server, number)
  }

  /** The number of a server; -1 when it takes no part. */
  numberOf(server: Server): number {
    return this.#numbers.get(server) ?? -1
  }

  /** Draws one that is neither of two others (-1: nobody); -1 when nobody is left. */
  draw(random: Random, other: number, another: number): number {
    const lower = Math.min(other, another)
    const upper = Math.max(other, another)
    for (;;) {
      const number = this.#drawAny(random, lower, upper)
      if (number < 0 || this.#servers[number]!.hasRoom) return number
      this.#lots.setWeight(number, 0)
      this.#full++
    }
  }

  #drawAny(random: Random, lower: number, upper: number): number {
    const lowerShare = lower < 0 ? 0 : this.#lots.weightOf(lower)
    const upperShare = upper < 0 ? 0 : this.#lots.weightOf(upper)
    const total = this.#lots.total - lowerShare - upperShare
    if (total === 0) return -1
    let point = Math.floor(random.next() * total)
    if (lowerShare > 0 && point >= this.#lots.sumBelow(lower)) point += lowerShare
    if (upperShare > 0 && point >= this.#lots.sumBelow(upper)) point += upperShare
    return this.#lots.at(point)
  }

  /** Takes a server back in that was full, if it has room again. */
  readmit(server: Server): void {
    if (this.#full === 0 || !server.hasRoom) return
    const number = this.numberOf(server)
    if (number < 0 || this.#lots.weightOf(number) > 0) return
    this.#lots.setWeight(number, lotsOf(server))
    this.#full--
  }
}

/** Whole numbers, as effective weights come in sixteenths. */
function lotsOf(server: Server): number {
  return server.effectiveWeight * 16
}
