import type { Server } from '../core/server.js'
import { type HeapNode, StableHeap } from './stable-heap.js'

/** A server in the order of ranks. */
class Entry implements HeapNode {
  place = -1

  constructor(
    readonly server: Server,
    public weight: number,
  ) {}
}

/** Servers in the order of a number that each has at the time; the lowest with room comes first. */
export class RankedServers {
  readonly #rank: (server: Server, weight: number) => number
  readonly #entries = new Map<Server, Entry>()
  /** Servers found full stand in no heap until they give a slot back. */
  readonly #heap = new StableHeap<Entry>()

  constructor(rank: (server: Server, weight: number) => number) {
    this.#rank = rank
  }

  /** Takes in who takes part now, and with which weight. */
  update(servers: readonly Server[]): void {
    const present = new Set(servers)
    for (const entry of this.#entries.values()) if (!present.has(entry.server)) this.#leave(entry)
    for (const server of servers) {
      const entry = this.#entries.get(server)
      const weight = server.effectiveWeight
      if (entry === undefined) this.#entries.set(server, new Entry(server, weight))
      else if (entry.weight === weight && entry.place >= 0) continue
      else entry.weight = weight
      this.settle(server)
    }
  }

  #leave(entry: Entry): void {
    this.#entries.delete(entry.server)
    if (entry.place >= 0) this.#heap.remove(entry)
  }

  /** The first one with room; `avoid` only if no other has. */
  first(avoid: Server | undefined): Server | undefined {
    for (let entry = this.#heap.first; entry !== undefined; entry = this.#heap.first) {
      if (entry.server === avoid && entry.server.hasRoom) {
        const second = this.#heap.second
        if (second === undefined) return avoid
        entry = second
      }
      if (entry.server.hasRoom) return entry.server
      this.#heap.remove(entry)
    }
    return undefined
  }

  /** Takes a server back in that was full, if it has room again. */
  readmit(server: Server): void {
    if (this.#entries.get(server)?.place === -1) this.settle(server)
  }

  /** Gives a server the place that its rank says, behind those of the same rank. */
  settle(server: Server): void {
    const entry = this.#entries.get(server)
    if (entry === undefined) return
    if (entry.place >= 0) this.#heap.requeue(entry, this.#rank(server, entry.weight))
    else if (server.hasRoom) this.#heap.push(entry, this.#rank(server, entry.weight))
  }
}
