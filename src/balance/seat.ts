import type { Server } from '../core/server.js'
import type { HeapNode, StableHeap } from './stable-heap.js'

/** HAProxy's internal scale of weights; what it adds in precision goes to the keys of the order. */
export const weightScale = 16
const heaviest = 256 * weightScale

/** A server's seat in a {@link WeightedTurn}: when it had its last turn, and when the next one comes. */
export class Seat implements HeapNode {
  place = -1
  /** What holds it now; a heap of the turn. */
  heap: StableHeap<Seat> | undefined
  /** Scaled; 0 while it has no part in the turn. */
  weight = 0
  /** Where its next turn lies; 0 before its first in a cycle. */
  position = 0
  #lastPosition = 0
  /** What the division of the total weight by its own left over, carried from turn to turn. */
  #remainder = 0
  isSetAside = false
  /** The cycle in which it was set aside. */
  cycle = 0

  constructor(readonly server: Server) {}

  /** HAProxy's key of the order: the position, then who has most left over. */
  get key(): number {
    return 256 * this.position + Math.floor((heaviest + this.#remainder - this.weight) / weightScale)
  }

  /** Forgets its place, at the start of a cycle. */
  forget(): void {
    this.position = this.#remainder = 0
  }

  /** Has its turn at `now`; the next one comes `total` / weight later. */
  advance(now: number, total: number): void {
    if (this.position === 0) this.position = now
    this.#lastPosition = this.position
    this.position += Math.floor(total / this.weight)
    this.#remainder += total % this.weight
    if (this.#remainder < this.weight) return
    this.#remainder -= this.weight
    this.position++
  }

  /** Brings its next turn forward where its new weight says so, but not to at once. */
  reschedule(now: number, total: number): void {
    const step = Math.floor(total / this.weight)
    this.position = Math.min(this.position, this.#lastPosition + step)
    if (this.position < now + 2) this.position = now + step
    this.#remainder = 0
  }
}
