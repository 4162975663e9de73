import type { Server } from '../../core/server.js'
import { avalanche, hashFunctions } from '../../util/hash.js'

/** A server, and where it begins to ask for places and how far it goes on each time: all places in an order of its own. */
interface Member {
  readonly server: Server
  readonly start: number
  readonly step: number
}

/**
 * Maglev's look-up table (Eisenbud and others, NSDI 2016): each server in turn, as often as its weight says, takes the
 * first free place of those that it prefers, until all are taken. When servers come, go or change their weights, hardly
 * a place changes its server but for those that must. The table depends on names and weights alone, not on the order of
 * the servers, so that several proxies agree.
 */
export class MaglevTable {
  readonly size: number
  /** In an order that does not hang on who was declared first. */
  #members: readonly Member[] = []
  /** The number of the member of each place. */
  #places: Int32Array

  /** `size`: a prime number, so that every step leads through all places. */
  constructor(size: number) {
    this.size = size
    this.#places = new Int32Array(size)
  }

  /** The server whose place a hash falls on; undefined when there is none at all. */
  at(hash: number): Server | undefined {
    return this.#members[this.#places[hash % this.size]!]?.server
  }

  /** The next server but one from where a hash falls; that one when there is no other. */
  nextBut(avoid: Server, hash: number): Server {
    for (let place = hash % this.size, left = this.size; left > 0; left--) {
      const { server } = this.#members[this.#places[place]!]!
      if (server !== avoid) return server
      place = place + 1 < this.size ? place + 1 : 0
    }
    return avoid
  }

  build(servers: readonly Server[]): void {
    const missing = new Set(servers)
    // Those who stay are in order already, so that sorting costs next to nothing.
    const members = this.#members.filter(({ server }) => missing.delete(server))
    for (const server of missing) members.push(this.#join(server))
    this.#members = members.sort((one, other) => one.start - other.start || one.step - other.step)
    if (members.length > 0) this.#fill()
  }

  #join(server: Server): Member {
    const { name } = server
    const start = avalanche(hashFunctions.crc32(name)) % this.size
    return { server, start, step: 1 + (avalanche(hashFunctions.djb2(name)) % (this.size - 1)) }
  }

  #fill(): void {
    const places = new Int32Array(this.size).fill(-1)
    const next = Int32Array.from(this.#members, ({ start }) => start)
    const steps = Int32Array.from(this.#members, ({ step }) => step)
    const groups = peersOf(this.#members)
    const heaviest = groups[0]!.weight
    for (let left = this.size; left > 0; ) {
      for (const peers of groups) {
        peers.earned += peers.weight
        if (peers.earned < heaviest) continue
        peers.earned -= heaviest
        const end = Math.min(peers.numbers.length, left)
        for (let index = 0; index < end; index++) takePlace(places, next, steps, peers.numbers[index]!)
        left -= end
      }
    }
    this.#places = places
  }
}

/** Gives a member the first free place of those that it prefers. */
function takePlace(places: Int32Array, next: Int32Array, steps: Int32Array, number: number): void {
  const step = steps[number]!
  let place = next[number]!
  while (places[place]! >= 0) {
    place += step
    if (place >= places.length) place -= places.length
  }
  places[place] = number
  next[number] = place
}

/** Members of the same weight, which have their turns in the same rounds. */
interface Peers {
  readonly weight: number
  readonly numbers: number[]
  /** A turn costs what the heaviest ones earn in a round. */
  earned: number
}

/** The heaviest first; everybody has a turn in the first round, so that nobody is left without a place. */
function peersOf(members: readonly Member[]): Peers[] {
  const groups = new Map<number, Peers>()
  for (const [number, { server }] of members.entries()) {
    const weight = server.effectiveWeight
    const peers = groups.get(weight)
    if (peers === undefined) groups.set(weight, { weight, numbers: [number], earned: 0 })
    else peers.numbers.push(number)
  }
  const sorted = [...groups.values()].sort((one, other) => other.weight - one.weight)
  for (const peers of sorted) peers.earned = sorted[0]!.weight - peers.weight
  return sorted
}
