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
  const rises = new Rises(weights, total)
  const ranking = new Ranking(weights.length)
  for (let slot = 0; slot < total; slot++) {
    for (let server = rises.takeFrom(slot); server >= 0; server = rises.takeFrom(slot)) ranking.raise(server)
    slots[slot] = ranking.lowerBest()
  }
  return slots
}

/** Which servers' scores, wins apart, pass a multiple of the total at which slot. */
class Rises {
  /** The first server of each slot's list, and what follows each server in the list that it stands in; -1: none. */
  readonly #first: Int32Array
  readonly #next: Int32Array
  readonly #passed: Int32Array
  readonly #weights: readonly number[]

  constructor(weights: readonly number[], total: number) {
    this.#weights = weights
    this.#first = new Int32Array(total).fill(-1)
    this.#next = new Int32Array(weights.length)
    this.#passed = new Int32Array(weights.length)
    for (let server = 0; server < weights.length; server++) this.#enlist(server)
  }

  /** One more server whose score passes a multiple at that slot; -1 when there is none. */
  takeFrom(slot: number): number {
    const server = this.#first[slot]!
    if (server < 0) return -1
    this.#first[slot] = this.#next[server]!
    if (this.#passed[server]! < this.#weights[server]!) this.#enlist(server)
    return server
  }

  #enlist(server: number): void {
    const multiple = ++this.#passed[server]!
    const slot = Math.ceil((multiple * this.#first.length) / this.#weights[server]!) - 1
    this.#next[server] = this.#first[slot]!
    this.#first[slot] = server
  }
}

/** Servers by how many multiples of the total, rounded down, their scores have; all begin with one. */
class Ranking {
  readonly #ranks: Int32Array
  readonly #servers: IndexSet[] = []
  readonly #count: number

  constructor(count: number) {
    this.#count = count
    this.#ranks = new Int32Array(count).fill(1)
    this.#servers = [new IndexSet(count), IndexSet.full(count)]
  }

  raise(server: number): void {
    this.#move(server, this.#ranks[server]! + 1)
  }

  /** Gives the first declared of those that rank highest, and lowers it. */
  lowerBest(): number {
    let rank = this.#servers.length - 1
    while (this.#servers[rank]!.size === 0) rank--
    const server = this.#servers[rank]!.next(0)
    this.#move(server, rank - 1)
    return server
  }

  #move(server: number, rank: number): void {
    this.#servers[this.#ranks[server]!]!.delete(server)
    this.#ranks[server] = rank
    this.#servers[rank] ??= new IndexSet(this.#count)
    this.#servers[rank].add(server)
  }
}
