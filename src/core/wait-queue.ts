import { type HeapNode, StableHeap } from '../balance/stable-heap.js'

/** Somebody who waits for a slot of a `Slot` (a server): an exchange. */
export interface Waiter<Slot> extends HeapNode {
  /** Where it waits; undefined while it doesn't. The queue's own. */
  queue: WaitQueue<Slot> | undefined
  /** Who has the lowest goes first, in one queue and between two. The queue's own. */
  turn: number
  /** A slot was taken for it. */
  slotGranted(slot: Slot): void
  /** The queue it stood in is gone; it must ask for a server again. */
  queueMoved(): void
}

/** Who waits for one server, or for any server of a backend, in the order of their turns; equal ones as they came. */
export class WaitQueue<Slot> {
  readonly #heap = new StableHeap<Waiter<Slot>>()

  constructor(
    /** The server that they wait for; undefined: any. */
    readonly server: Slot | undefined,
  ) {}

  get length(): number {
    return this.#heap.size
  }

  get first(): Waiter<Slot> | undefined {
    return this.#heap.first
  }

  push(waiter: Waiter<Slot>, turn: number): void {
    waiter.queue = this
    waiter.turn = turn
    this.#heap.push(waiter, turn)
  }

  /** Takes somebody out who stands here. */
  remove(waiter: Waiter<Slot>): void {
    waiter.queue = undefined
    this.#heap.remove(waiter)
  }

  /** Takes everybody out; gives them in their order. */
  clear(): Waiter<Slot>[] {
    const waiters: Waiter<Slot>[] = []
    for (let waiter = this.first; waiter !== undefined; waiter = this.first) {
      this.remove(waiter)
      waiters.push(waiter)
    }
    return waiters
  }
}
