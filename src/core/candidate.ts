import type { Bond } from '../persistence/bond.js'
import type { ExchangeView } from './exchange-view.js'
import type { PrioritySettings } from './priority.js'
import type { Server } from './server.js'
import type { Waiter } from './wait-queue.js'

/** Somebody who asks a backend for a server: an exchange. */
export interface Candidate extends Waiter<Server> {
  readonly view: ExchangeView
  /** The server to leave out if another fits. */
  readonly avoid: Server | undefined
  /** Whether it goes before others, where it has to wait. */
  readonly priority: PrioritySettings
  /** It has to wait for that server, or for any; perhaps in vain, as too many wait already. */
  waitsFor(server: Server | undefined): void
  readonly bond?: Bond | undefined
}

/** What a backend's `assign` gives: a server with a slot taken, a place in a queue, or a refusal. */
export type Assignment = Server | 'queued' | 'queue-full' | 'no-server' | 'callback-failed'
