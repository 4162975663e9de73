import type { StickyKey } from './sticky-key.js'
import type { StickyRecord } from './sticky-record.js'
import type { StickyEntry, StoredKey } from './sticky-store.js'
import type { StoredEvent, StoredType } from './stored-types.js'

/** What the handles and updates of a table ask of it. */
export interface EntryOwner {
  keyOf(stored: StoredKey): StickyKey
  /** Undefined: there is no entry. */
  recordOf(stored: StoredKey): StickyRecord | undefined
  read(entry: StickyEntry, type: StoredType): number
  count(stored: StoredKey, entry: StickyEntry, event: StoredEvent, amount: number): boolean
  release(stored: StoredKey, entry: StickyEntry): void
}
