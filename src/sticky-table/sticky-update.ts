import type { StickyKey } from './sticky-key.js'
import type { StickyRecord } from './sticky-record.js'
import type { StoredKey } from './sticky-store.js'

/** Whose entry an update concerns. */
interface UpdatedTable {
  keyOf(stored: StoredKey): StickyKey
  recordOf(stored: StoredKey): StickyRecord | undefined
}

/** Tells that an entry of a stick table changed, for those who copy it elsewhere. HAProxy: what `peers` are pushed. */
export class StickyUpdate {
  readonly #table: UpdatedTable

  /** @internal */
  constructor(
    table: UpdatedTable,
    /** Stands for the key, as one string or number whatever its type: to gather many updates of an entry under. */
    readonly id: StoredKey,
  ) {
    this.#table = table
  }

  /** The key as the table has it. */
  get key(): StickyKey {
    return this.#table.keyOf(this.id)
  }

  /** The entry as it stands when this is asked; undefined: it is gone. */
  get record(): StickyRecord | undefined {
    return this.#table.recordOf(this.id)
  }
}
