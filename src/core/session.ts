import type { TrackedEntry } from '../sticky-table/tracked-entry.js'
import type { ClientAddress } from './exchange-view.js'

/** Who counts sessions: a frontend. */
export interface SessionOwner {
  sessionClosed(): void
}

/** One client connection. */
export class Session {
  /** The entries of stick tables that follow the connection. */
  tracked: readonly TrackedEntry[] = none
  #isOpen = true
  #hasExchanges = false

  constructor(
    private readonly owner: SessionOwner,
    /** The other end of the connection. */
    readonly client: ClientAddress,
    /** The port that the client connected to; 0 for a Unix socket. */
    readonly localPort: number,
    readonly secure: boolean,
  ) {}

  /** Says whether it is the session's first exchange that begins. */
  exchangeBegan(): boolean {
    const isFirst = !this.#hasExchanges
    this.#hasExchanges = true
    return isFirst
  }

  /** The connection is gone; a second call does nothing. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    for (const entry of this.tracked) entry.release()
    this.owner.sessionClosed()
  }
}

const none: readonly TrackedEntry[] = []
