import type { Server } from './server.js'
import type { Binding, Waiter, WaitQueue } from './wait-queue.js'

/** What a {@link WaitingRoom} asks of its backend. */
export interface SlotOwner {
  /** Whether new traffic may go to that server now. */
  isCandidate(server: Server): boolean
  /** Takes a slot for somebody who waited. */
  take(server: Server, bond: Binding | undefined): void
}

/** Those who wait in a backend, for any server or for one, and who of them gets a slot that becomes free. */
export class WaitingRoom {
  /** Who waits for any server. Those who wait for one stand in its own queue. */
  readonly any: WaitQueue<Server>
  readonly #owner: SlotOwner
  readonly #granting = new Set<Server>()

  constructor(owner: SlotOwner, any: WaitQueue<Server>) {
    this.#owner = owner
    this.any = any
  }

  /** Takes somebody who waits out of whatever queue it is in. */
  leave(waiter: Waiter<Server>): void {
    waiter.queue?.remove(waiter)
  }

  /**
   * Gives the server's free slots to those who wait: for it, or for any server, whoever's turn is first. A grant may
   * fail at once and free its slot again; the loop that runs already serves that too, so that no queue is as deep as
   * the stack.
   */
  grant(server: Server): void {
    if (this.#granting.has(server)) return
    this.#granting.add(server)
    for (let waiter = this.#nextFor(server); waiter !== undefined; waiter = this.#nextFor(server)) {
      this.leave(waiter)
      this.#owner.take(server, waiter.bond)
      waiter.slotGranted(server)
    }
    this.#granting.delete(server)
  }

  #nextFor(server: Server): Waiter<Server> | undefined {
    if (!server.hasSlot) return undefined
    const own = server.queue.first
    const any = this.#owner.isCandidate(server) ? this.any.first : undefined
    return own === undefined || (any !== undefined && any.turn < own.turn) ? any : own
  }

  /** Sends those who wait for this very server to ask again. */
  redistribute(server: Server): void {
    // All of them leave first: one may come to stand here again.
    const waiters = server.queue.clear()
    for (const waiter of waiters) if (waiter.bond?.isForced) server.queue.push(waiter, waiter.turn)
    for (const waiter of waiters) if (!waiter.bond?.isForced) waiter.queueMoved(server)
  }
}
