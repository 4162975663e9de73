import type { EntryOwner } from './entry-owner.js'
import type { StickyKey } from './sticky-key.js'
import type { StickyRecord } from './sticky-record.js'
import type { StoredKey } from './sticky-store.js'

/** Tells that an entry of a stick table changed, for those who copy it elsewhere. HAProxy: what `peers` are pushed. */
export class StickyUpdate {
  /** Stands for the key, as one string or number whatever its type: to gather many updates of an entry under. */
  readonly id: StoredKey
  readonly #owner: EntryOwner

  /** @internal */
  constructor(owner: EntryOwner, id: StoredKey) {
    this.#owner = owner
    this.id = id
  }

  /** The key as the table has it. */
  get key(): StickyKey {
    return this.#owner.keyOf(this.id)
  }

  /** The entry as it stands when this is asked; undefined: it is gone. */
  get record(): StickyRecord | undefined {
    return this.#owner.recordOf(this.id)
  }
}
