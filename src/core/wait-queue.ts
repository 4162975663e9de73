import { Fifo, type FifoNode } from '../util/fifo.js'

/** Somebody who waits for a slot of a `Slot` (a server): an exchange. */
export interface Waiter<Slot> extends FifoNode {
  /** When it began to wait, by the clock. */
  queuedAt: number
  /** A slot was taken for it. */
  slotGranted(slot: Slot): void
  /** The queue it stood in is gone; it must ask for a server again. */
  queueMoved(): void
}

/** Who waits for one server, or for any server of a backend, oldest first. */
export class WaitQueue<Slot> extends Fifo<Waiter<Slot>> {}
