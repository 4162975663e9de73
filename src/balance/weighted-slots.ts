import { IndexSet } from './index-set.js'

/**
 * Spreads servers over as many slots as their weights add up to: a slot holds the number of a server, which gets as
 * many slots as its weight. The spread is that of HAProxy's static maps: each slot adds to every server's score its
 * weight; the highest score in whole multiples of the total wins, among equals the first declared; the winner's score
 * falls by the total.
 *
 * HAProxy looks at every server for every slot. But a server's multiple changes only where its score passes one: once
 * for each of its slots, and where it wins. So each slot costs O(log n) here, for the same spread.
 */
export function weightedSlots(weights: readonly number[]): Int32Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const slots = new Int32Array(total)
  const risers = new Risers(weights, total)
  const multiples = new Int32Array(weights.length).fill(1)
  const ranks = [new IndexSet(weights.length), new IndexSet(weights.length)]
  for (let server = 0; server < weights.length; server++) ranks[1]!.add(server)

  const move = (server: number, by: number): void => {
    const from = multiples[server]!
    multiples[server] = from + by
    ranks[from]!.delete(server)
    ranks[from + by] ??= new IndexSet(weights.length)
    ranks[from + by]!.add(server)
  }
  for (let slot = 0; slot < total; slot++) {
    risers.at(slot, (server) => move(server, 1))
    const highest = ranks.findLast((rank) => rank.size > 0)!
    const winner = highest.next(0)
    slots[slot] = winner
    move(winner, -1)
  }
  return slots
}

/** Which scores pass a multiple of the total at which slot. */
class Risers {
  // Lists by slot, linked through the arrays: one entry for each of a server's slots.
  readonly #first: Int32Array
  readonly #next: Int32Array
  readonly #server: Int32Array

  constructor(weights: readonly number[], total: number) {
    this.#first = new Int32Array(total).fill(-1)
    this.#next = new Int32Array(total)
    this.#server = new Int32Array(total)
    let entry = 0
    for (const [server, weight] of weights.entries()) {
      for (let multiple = 1; multiple <= weight; multiple++) {
        const slot = Math.ceil((multiple * total) / weight) - 1
        this.#server[entry] = server
        this.#next[entry] = this.#first[slot]!
        this.#first[slot] = entry++
      }
    }
  }

  at(slot: number, visit: (server: number) => void): void {
    for (let entry = this.#first[slot]!; entry >= 0; entry = this.#next[entry]!) visit(this.#server[entry]!)
  }
}
