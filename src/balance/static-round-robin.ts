import type { Server } from '../core/server.js'
import type { Balancer, PickContext } from './balancer.js'
import { IndexSet } from './index-set.js'
import { weightedSlots } from './weighted-slots.js'

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
  #servers: readonly Server[] = []
  readonly #numbers = new Map<Server, number>()
  /** The number of the server that holds each slot. */
  #slots: Int32Array = new Int32Array(0)
  /** Slots of servers that may have room: those of one found full leave until it gives a slot back. */
  #open = new IndexSet(0)
  /** The slots of each server, one server after the other, and where each one's begin. */
  #ownSlots: Int32Array = new Int32Array(0)
  #ownFrom: Int32Array = new Int32Array(1)
  #position = 0
  /** The greatest common divisor of all weights seen, as HAProxy takes it of all servers, usable or not. */
  #unit = 0

  rebuild(candidates: readonly Server[]): void {
    for (const { weight, initialWeight } of candidates) this.#unit = divisor(weight, divisor(initialWeight, this.#unit))
    this.#servers = candidates
    this.#slots = weightedSlots(candidates.map(({ weight }) => weight / this.#unit))
    this.#numbers.clear()
    for (const [number, server] of candidates.entries()) this.#numbers.set(server, number)
    this.#collectOwn()
    this.#open = IndexSet.full(this.#slots.length)
  }

  #collectOwn(): void {
    this.#ownFrom = new Int32Array(this.#servers.length + 1)
    for (const [number, { weight }] of this.#servers.entries()) {
      this.#ownFrom[number + 1] = this.#ownFrom[number]! + weight / this.#unit
    }
    this.#ownSlots = new Int32Array(this.#slots.length)
    const filled = this.#ownFrom.slice()
    for (let slot = 0; slot < this.#slots.length; slot++) this.#ownSlots[filled[this.#slots[slot]!]!++] = slot
  }

  pick({ avoid, explain }: PickContext): Server | undefined {
    if (this.#position >= this.#slots.length) this.#position = 0
    let server = this.#walk(this.#position, this.#slots.length, avoid)
    if (server === undefined || server === avoid) server = this.#walk(0, this.#position, avoid) ?? server
    if (server === undefined) return undefined
    if (server === avoid) explain?.('no other server has room')
    else explain?.(`its slot, ${this.#position} of ${this.#slots.length}`)
    return server
  }

  /** Goes on to the next slot of a server with room between two slots, to the last one of `avoid` without one. */
  #walk(from: number, end: number, avoid: Server | undefined): Server | undefined {
    let avoided: Server | undefined
    for (let slot = this.#open.next(from); slot >= 0 && slot < end; slot = this.#open.next(slot + 1)) {
      const number = this.#slots[slot]!
      const server = this.#servers[number]!
      if (!server.hasRoom) {
        this.#close(number)
        continue
      }
      // It may stand behind the last slot: a list that grows now is walked on from there.
      this.#position = slot + 1
      if (server !== avoid) return server
      avoided = server
    }
    return avoided
  }

  #close(number: number): void {
    const end = this.#ownFrom[number + 1]!
    for (let own = this.#ownFrom[number]!; own < end; own++) this.#open.delete(this.#ownSlots[own]!)
  }

  onRelease(server: Server): void {
    this.onRoom(server)
  }

  onRoom(server: Server): void {
    if (this.#open.size === this.#slots.length || !server.hasRoom) return
    const number = this.#numbers.get(server)
    if (number === undefined) return
    const end = this.#ownFrom[number + 1]!
    for (let own = this.#ownFrom[number]!; own < end; own++) this.#open.add(this.#ownSlots[own]!)
  }
}

function divisor(one: number, other: number): number {
  return other === 0 ? one : divisor(other, one % other)
}
