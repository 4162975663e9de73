import { type HeapNode, StableHeap } from '../balance/stable-heap.js'

/** What binds somebody who waits to one slot: persistence. */
export interface Binding {
  /** It is bound to its slot, no balancer has chosen. */
  readonly isPersistent: boolean
  /** No other slot will do. */
  readonly isForced: boolean
}

/** Somebody who waits for a slot of a `Slot` (a server): an exchange. */
export interface Waiter<Slot> extends HeapNode {
  /** Where it waits; undefined while it doesn't. The queue's own. */
  queue: WaitQueue<Slot> | undefined
  /** Who has the lowest goes first, in one queue and between two. The queue's own. */
  turn: number
  readonly bond?: Binding | undefined
  /** A slot was taken for it. */
  slotGranted(slot: Slot): void
  /** It waited for that one, which takes nobody any more; it must ask for a server again. */
  queueMoved(from: Slot): void
}

/** What is to be known of a {@link WaitQueue}. */
export interface WaitQueueOptions<Slot> {
  /** The server that they wait for; undefined: any. */
  readonly server?: Slot
  /** How many may wait; 0: any number. */
  readonly limit: number
  /** Where the most that waited at a time is noted. */
  readonly counters: { queueMax: number }
}

/** Who waits for one server, or for any server of a backend, in the order of their turns; equal ones as they came. */
export class WaitQueue<Slot> {
  /** The server that they wait for; undefined: any. */
  readonly server: Slot | undefined
  readonly #limit: number
  readonly #counters: WaitQueueOptions<Slot>['counters']
  readonly #heap = new StableHeap<Waiter<Slot>>()

  constructor({ server, limit, counters }: WaitQueueOptions<Slot>) {
    this.server = server
    this.#limit = limit
    this.#counters = counters
  }

  get length(): number {
    return this.#heap.size
  }

  get isFull(): boolean {
    return this.#limit > 0 && this.length >= this.#limit
  }

  get first(): Waiter<Slot> | undefined {
    return this.#heap.first
  }

  push(waiter: Waiter<Slot>, turn: number): void {
    waiter.queue = this
    waiter.turn = turn
    this.#heap.push(waiter, turn)
    if (this.length > this.#counters.queueMax) this.#counters.queueMax = this.length
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
