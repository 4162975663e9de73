import type { Server } from '../core/server.js'
import type { Balancer, PickContext } from './balancer.js'
import { type HeapNode, StableHeap } from './stable-heap.js'

/** A server in the order of loads. */
class Entry implements HeapNode {
  place = -1
  weight: number

  constructor(readonly server: Server) {
    this.weight = server.effectiveWeight
  }

  /** HAProxy's key: idle servers are all alike, whatever their weight. */
  get key(): number {
    const load = this.server.served + this.server.queued
    return load === 0 ? 0 : Math.floor(((load + 1) * 256) / this.weight)
  }
}

/**
 * The server with the fewest exchanges for its weight, of several the one that has been so for longest. Weights count
 * only among servers that are busy: as long as one is idle, it comes first. Fit for exchanges that last. Where
 * `maxQueue` limits the servers' own queues, those are filled before the backend's, as in HAProxy.
 * HAProxy: `balance leastconn`.
 *
 * @example
 * ```ts
 * new Backend('app', { balance: new LeastConnections(), servers: ['127.0.0.1:5001', '127.0.0.1:5002'] })
 * ```
 */
export class LeastConnections implements Balancer {
  readonly algorithm = 'leastconn'
  readonly #entries = new Map<Server, Entry>()
  // Servers found full stand in no heap until they give a slot back.
  readonly #active = new StableHeap<Entry>()
  readonly #backup = new StableHeap<Entry>()
  #serving = this.#active

  rebuild(candidates: readonly Server[]): void {
    const present = new Set(candidates)
    const first = candidates[0]
    // While active servers are there, the order of the backups stands still.
    const keepsBackups = first !== undefined && !first.backup
    for (const { server } of this.#entries.values()) {
      if (!present.has(server) && !(server.backup && keepsBackups)) this.#leave(server)
    }
    for (const server of candidates) this.#update(server)
    this.#serving = first?.backup === true ? this.#backup : this.#active
  }

  #leave(server: Server): void {
    const entry = this.#entries.get(server)
    this.#entries.delete(server)
    if (entry !== undefined && entry.place >= 0) this.#heapOf(server).remove(entry)
  }

  #update(server: Server): void {
    const entry = this.#entries.get(server)
    if (entry === undefined) {
      this.#entries.set(server, new Entry(server))
      this.#settle(server)
    } else if (entry.weight !== server.effectiveWeight || entry.place < 0) {
      entry.weight = server.effectiveWeight
      this.#settle(server)
    }
  }

  pick({ avoid, explain }: PickContext): Server | undefined {
    const server = this.#least(avoid)
    if (server === undefined) return undefined
    if (server === avoid) explain?.('no other server has room')
    else explain?.(`the lowest load, ${server.served + server.queued}, for its weight ${server.effectiveWeight}`)
    return server
  }

  #least(avoid: Server | undefined): Server | undefined {
    const heap = this.#serving
    for (let entry = heap.first; entry !== undefined; entry = heap.first) {
      if (entry.server === avoid && entry.server.hasPlace) {
        const second = heap.second
        if (second === undefined) return avoid
        entry = second
      }
      if (entry.server.hasPlace) return entry.server
      heap.remove(entry)
    }
    return undefined
  }

  onTake(server: Server): void {
    this.#settle(server)
  }

  onRelease(server: Server): void {
    this.#settle(server)
  }

  onRoom(server: Server): void {
    if (this.#entries.get(server)?.place === -1) this.#settle(server)
  }

  /** Gives a server the place that its load says, behind those of the same load. */
  #settle(server: Server): void {
    const entry = this.#entries.get(server)
    if (entry === undefined) return
    if (entry.place >= 0) this.#heapOf(server).requeue(entry, entry.key)
    else if (server.hasPlace) this.#heapOf(server).push(entry, entry.key)
  }

  #heapOf(server: Server): StableHeap<Entry> {
    return server.backup ? this.#backup : this.#active
  }
}
