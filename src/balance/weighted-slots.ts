import { type HeapNode, StableHeap } from './stable-heap.js'

/**
 * Spreads servers over as many slots as their weights add up to: a slot holds the number of a server, which gets as
 * many slots as its weight. The spread is that of HAProxy's static maps: each slot adds to every server's score its
 * weight; the highest score in whole multiples of the total wins, among equals the first declared; the winner's score
 * falls by the total.
 *
 * HAProxy looks at every server for every slot. But a server's multiple rises only where its score, wins apart, passes
 * one: once for each of its slots, and at the same slots for all servers of its weight. Between two such events the
 * winners are those of the highest multiple in the order in which they were declared.
 */
export function weightedSlots(weights: readonly number[]): Int32Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const slots = new Int32Array(total)
  const rises = new StableHeap<Peers>()
  for (const peers of peersOf(weights, total)) rises.push(peers, peers.nextRise)
  const ranking = new Ranking(weights.length)
  for (let slot = 0; slot < total; ) {
    const peers = rises.first!
    if (peers.nextRise <= slot) {
      ranking.raise(peers.members)
      rises.requeue(peers, peers.rise())
    } else {
      const end = Math.min(peers.nextRise, total)
      ranking.lowerBest(slots, slot, end)
      slot = end
    }
  }
  return slots
}

/** Servers of the same weight: their scores, wins apart, are the same. */
class Peers implements HeapNode {
  place = -1
  readonly members: Int32Array
  #rises = 0
  /** At which slot their scores pass the next multiple of the total. */
  nextRise: number

  constructor(
    members: readonly number[],
    private readonly weight: number,
    private readonly total: number,
  ) {
    this.members = Int32Array.from(members)
    this.nextRise = this.rise()
  }

  rise(): number {
    this.nextRise = Math.ceil((++this.#rises * this.total) / this.weight) - 1
    return this.nextRise
  }
}

function peersOf(weights: readonly number[], total: number): Peers[] {
  const members = new Map<number, number[]>()
  for (const [number, weight] of weights.entries()) {
    const peers = members.get(weight)
    if (peers === undefined) members.set(weight, [number])
    else peers.push(number)
  }
  return Array.from(members, ([weight, numbers]) => new Peers(numbers, weight, total))
}

/**
 * Servers by how many multiples of the total, rounded down, their scores have: at first one each, and never below none.
 * Peers win in the order in which they were declared, so that those among them that are behind come first.
 */
class Ranking {
  /** Who has more multiples than the plane's number. Plane 1 may lack the rest of the leaders. */
  readonly #planes: Plane[]
  readonly #count: number
  /** The peers, from a place on, that alone have more than one multiple: to hand them out costs least. */
  #leaders: Int32Array | undefined
  #firstLeader = 0

  constructor(count: number) {
    this.#count = count
    this.#planes = [new Plane(count)]
    this.raise(Int32Array.from({ length: count }, (_, number) => number))
  }

  raise(peers: Int32Array): void {
    const first = this.#plane(0).addAbsent(peers, 0)
    if (first === peers.length) return
    if (this.#leaders === undefined && this.#planes.every((plane, rank) => rank === 0 || plane.isEmpty)) {
      this.#leaders = peers
      this.#firstLeader = first
      return
    }
    if (this.#leaders !== undefined) this.#plane(1).addAbsent(this.#leaders, this.#firstLeader)
    this.#leaders = undefined
    for (let rank = 1, from = first; from < peers.length; rank++) from = this.#plane(rank).addAbsent(peers, from)
  }

  #plane(rank: number): Plane {
    this.#planes[rank] ??= new Plane(this.#count)
    return this.#planes[rank]
  }

  /** Gives each slot to the first declared of those that rank highest, and lowers it. */
  lowerBest(slots: Int32Array, start: number, end: number): void {
    let slot = start
    if (this.#leaders !== undefined) slot = this.#lowerLeaders(this.#leaders, slots, slot, end)
    for (let rank = this.#planes.length - 1; slot < end; rank--) slot = this.#planes[rank]!.takeLowest(slots, slot, end)
  }

  #lowerLeaders(leaders: Int32Array, slots: Int32Array, start: number, end: number): number {
    let slot = start
    let leader = this.#firstLeader
    while (slot < end && leader < leaders.length) slots[slot++] = leaders[leader++]!
    this.#firstLeader = leader
    if (leader === leaders.length) this.#leaders = undefined
    return slot
  }
}

/** A set of numbers that gives away its lowest ones. A line of 32 bits says which of 32 words are not empty. */
class Plane {
  readonly #words: Int32Array
  readonly #lines: Int32Array
  #firstLine: number

  constructor(limit: number) {
    this.#words = new Int32Array((limit + 31) >>> 5)
    this.#lines = new Int32Array((limit + 1023) >>> 10)
    this.#firstLine = this.#lines.length
  }

  /** Whether it was found to be empty, and got nothing since. */
  get isEmpty(): boolean {
    return this.#firstLine === this.#lines.length
  }

  /** Takes in numbers, which rise, up to the first one that is there already; gives its index. */
  addAbsent(numbers: Int32Array, from: number): number {
    const words = this.#words
    const lines = this.#lines
    let index = from
    for (; index < numbers.length; index++) {
      const number = numbers[index]!
      const word = number >>> 5
      const before = words[word]!
      const after = before | (1 << (number & 31))
      if (after === before) break
      words[word] = after
      lines[word >>> 5]! |= 1 << (word & 31)
    }
    if (index > from) this.#firstLine = Math.min(this.#firstLine, numbers[from]! >>> 10)
    return index
  }

  /** Moves its lowest numbers, as far as there are any, to `target` from `start` up to `end`; gives where they end. */
  takeLowest(target: Int32Array, start: number, end: number): number {
    const words = this.#words
    const lines = this.#lines
    let at = start
    let first = this.#firstLine
    for (; first < lines.length; first++) {
      let line = lines[first]!
      while (line !== 0 && at < end) {
        const word = 32 * first + 31 - Math.clz32(line & -line)
        let bits = words[word]!
        do {
          target[at++] = 32 * word + 31 - Math.clz32(bits & -bits)
          bits &= bits - 1
        } while (bits !== 0 && at < end)
        words[word] = bits
        if (bits === 0) line &= line - 1
      }
      lines[first] = line
      if (line !== 0) break
    }
    this.#firstLine = first
    return at
  }
}
