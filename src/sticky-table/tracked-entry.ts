import type { EntryOwner } from './entry-owner.js'
import type { StickyKey } from './sticky-key.js'
import type { StickyEntry, StoredKey } from './sticky-store.js'
import type { StoredEvent, StoredType } from './stored-types.js'

/**
 * An entry of a stick table in use: until it is released it neither expires nor makes room for another key. HAProxy:
 * a stick counter, as `track-sc0` sets it.
 */
export class TrackedEntry {
  readonly #owner: EntryOwner
  readonly #stored: StoredKey
  readonly #entry: StickyEntry
  #isReleased = false

  /** @internal */
  constructor(owner: EntryOwner, stored: StoredKey, entry: StickyEntry) {
    this.#owner = owner
    this.#stored = stored
    this.#entry = entry
  }

  /** The key as the table has it. */
  get key(): StickyKey {
    return this.#owner.keyOf(this.#stored)
  }

  /** What the value stands at; throws an `OptionError` when the table does not store it. HAProxy: `sc0_http_req_rate`. */
  read(type: StoredType): number {
    return this.#owner.read(this.#entry, type)
  }

  /**
   * Counts `amount` events, 1 by default; gives false when the table stores nothing of that event. HAProxy:
   * `sc-inc-gpc0`, and what it counts by itself.
   */
  count(event: StoredEvent, amount = 1): boolean {
    return this.#owner.count(this.#stored, this.#entry, event, amount)
  }

  /** Ends the use, from which on the entry lives its whole time again; a second call does nothing. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#owner.release(this.#stored, this.#entry)
  }
}
