import type { Server } from '../core/server.js'
import { IndexSet } from './index-set.js'
import { weightedSlots } from './weighted-slots.js'

/**
 * HAProxy's map: a list of slots, as many for each server as its weight, of which one is chosen by a hash, or the next
 * one in turn. It is made anew by whoever looks first after a change: many changes at once cost no more than one.
 */
export class SlotMap {
  readonly #weightOf: (server: Server) => number
  #servers: readonly Server[] = []
  #allServers: readonly Server[] = []
  #isStale = false
  /** The number of the server that holds each slot. */
  #slots: Int32Array = new Int32Array(0)
  /** Slots of servers that may have room: those of one found full leave until it gives a slot back. */
  #open: IndexSet | undefined
  /** Made when the first server is found full: most never are. */
  #index: SlotIndex | undefined
  #position = 0
  /** The greatest common divisor of all weights seen, as HAProxy takes it of all servers, usable or not. */
  #unit = 0

  constructor(weightOf: (server: Server) => number) {
    this.#weightOf = weightOf
  }

  /** Takes in who takes part now, of all the servers there are; the turn goes on from where it stands. */
  update(servers: readonly Server[], all: readonly Server[]): void {
    this.#servers = servers
    this.#allServers = all
    this.#isStale = true
  }

  /** How many slots there are. */
  get length(): number {
    if (this.#isStale) this.#build()
    return this.#slots.length
  }

  /** Where the turn stands: the place after the last slot that it gave. */
  get position(): number {
    return this.#position
  }

  #build(): void {
    this.#isStale = false
    for (const server of this.#allServers) {
      if (this.#unit === 1) break
      this.#unit = divisor(this.#weightOf(server), divisor(server.initialWeight, this.#unit))
    }
    this.#slots = weightedSlots(this.#servers.map((server) => this.#weightOf(server) / this.#unit))
    this.#open = this.#index = undefined
  }

  /** The server of the slot that a hash falls on, whether it has room or not. */
  at(hash: number): Server | undefined {
    if (this.#isStale) this.#build()
    return this.#slots.length === 0 ? undefined : this.#servers[this.#slots[hash % this.#slots.length]!]
  }

  /** The next server in turn that has room; `avoid` only if no other has. */
  next(avoid: Server | undefined): Server | undefined {
    if (this.#isStale) this.#build()
    if (this.#position >= this.#slots.length) this.#position = 0
    this.#open ??= IndexSet.full(this.#slots.length)
    const server = this.#walk(this.#open, this.#position, this.#slots.length, avoid)
    if (server !== undefined && server !== avoid) return server
    return this.#walk(this.#open, 0, this.#position, avoid) ?? server
  }

  /** Goes on to the next slot of a server with room between two slots, to the last one of `avoid` without one. */
  #walk(open: IndexSet, from: number, end: number, avoid: Server | undefined): Server | undefined {
    let avoided: Server | undefined
    for (let slot = open.next(from); slot >= 0 && slot < end; slot = open.next(slot + 1)) {
      const number = this.#slots[slot]!
      const server = this.#servers[number]!
      if (!server.hasRoom) {
        this.#index ??= new SlotIndex(this.#servers, this.#slots)
        this.#index.remove(number, open)
        continue
      }
      // It may stand behind the last slot: a list that grows now is walked on from there.
      this.#position = slot + 1
      if (server !== avoid) return server
      avoided = server
    }
    return avoided
  }

  /** Takes a server back into the turn that was full, if it has room again. */
  readmit(server: Server): void {
    const open = this.#open
    if (open === undefined || open.size === this.#slots.length || !server.hasRoom) return
    const number = this.#index?.numberOf(server)
    if (number !== undefined) this.#index?.add(number, open)
  }
}

/** Which slots a server holds. */
class SlotIndex {
  readonly #numbers = new Map<Server, number>()
  /** The slots of each server, one server after the other, and where each one's begin. */
  readonly #slots: Int32Array
  readonly #starts: Int32Array

  constructor(servers: readonly Server[], slots: Int32Array) {
    for (const [number, server] of servers.entries()) this.#numbers.set(server, number)
    this.#starts = new Int32Array(servers.length + 1)
    for (const number of slots) this.#starts[number + 1]!++
    for (let number = 0; number < servers.length; number++) this.#starts[number + 1]! += this.#starts[number]!
    this.#slots = new Int32Array(slots.length)
    const filled = this.#starts.slice()
    for (let slot = 0; slot < slots.length; slot++) this.#slots[filled[slots[slot]!]!++] = slot
  }

  numberOf(server: Server): number | undefined {
    return this.#numbers.get(server)
  }

  /** Adds a server's slots to a set. */
  add(number: number, set: IndexSet): void {
    const end = this.#starts[number + 1]!
    for (let at = this.#starts[number]!; at < end; at++) set.add(this.#slots[at]!)
  }

  /** Takes a server's slots out of a set. */
  remove(number: number, set: IndexSet): void {
    const end = this.#starts[number + 1]!
    for (let at = this.#starts[number]!; at < end; at++) set.delete(this.#slots[at]!)
  }
}

function divisor(one: number, other: number): number {
  return other === 0 ? one : divisor(other, one % other)
}
