import type { Condition } from '../rules/condition.js'
import type { Sample } from '../rules/sample.js'
import type { Clock } from '../util/clock.js'
import { Emitter, type FaultEvents } from '../util/emitter.js'
import { OptionError } from '../util/errors.js'
import { type EntryChange, readChange } from './entry-change.js'
import { type EntryFilter, type EntryTest, readFilter } from './entry-filter.js'
import type { EntryOwner } from './entry-owner.js'
import type { StickyKey } from './sticky-key.js'
import { readRecord, recordOf, type StickyRecord } from './sticky-record.js'
import {
  expiryIndex,
  type StickyEntry,
  type StickyStore,
  type StoredKey,
  serverIndex,
  usesIndex,
} from './sticky-store.js'
import { readTableSettings, type StickyTableOptions } from './sticky-table-options.js'
import { StickyUpdate } from './sticky-update.js'
import type { StoredLayout } from './stored-layout.js'
import type { StoredEvent, StoredType } from './stored-types.js'
import { type TableData, tableContains, tableData } from './table-data.js'
import type { StickyKeyType, TableKey } from './table-key.js'
import { TrackedEntry } from './tracked-entry.js'

/** One entry of a {@link StickyTable}, as it stands now. */
export interface StickyTableEntry {
  /** The key as the table has it; finds the same entry again. A `binary` key is a Buffer. */
  readonly key: StickyKey
  /** The name of the server that serves the key. HAProxy: `server_key`. */
  readonly server: string | undefined
  /** Milliseconds until it expires, 0 while only its use keeps it; undefined: it never does. HAProxy: `exp`. */
  readonly expiresIn: number | undefined
  /** How many connections and requests it is tracked by. HAProxy: `use`. */
  readonly uses: number
  /** What the table stores, by name; rates as they read now. */
  readonly values: Readonly<{ [Type in StoredType]?: number }>
}

/** The events of a stick table. */
export interface StickyTableEvents extends FaultEvents {
  /** An entry changed here, or was deleted; not when it expired, made room for another, or was loaded. */
  update: [update: StickyUpdate]
}

/**
 * Remembers of a client, session or any other key which server serves it, and counts what it does. A look-up costs the
 * same with ten entries and with a million. HAProxy: `stick-table`.
 *
 * @example
 * ```ts
 * const table = new StickyTable({ type: 'ip', size: '1m', expire: '30m', store: { gpc0: true } })
 * table.store('192.0.2.7', 'app1')
 * table.count('192.0.2.7', 'gpc0')
 * console.log(table.match('192.0.2.7'), table.read('192.0.2.7', 'gpc0')) // app1 1
 * ```
 */
export class StickyTable extends Emitter<StickyTableEvents> {
  readonly type: StickyKeyType
  /** How long an entry lives after it was last touched, in milliseconds; Infinity: for ever. */
  readonly expire: number
  readonly clock: Clock
  readonly #key: TableKey
  readonly #layout: StoredLayout
  readonly #store: StickyStore

  /** Throws an {@link OptionError} for a bad or unknown option. */
  constructor(options: StickyTableOptions, path = 'stickyTable') {
    super()
    const settings = readTableSettings(options, path)
    this.type = settings.type
    this.expire = settings.expire
    this.clock = settings.clock
    this.#key = settings.key
    this.#layout = settings.layout
    this.#store = settings.backing
  }

  /** Whether the table has keys like this one: a value of another kind finds nothing, and is not stored. */
  takes(key: StickyKey | undefined): boolean {
    return this.#key.encode(key) !== undefined
  }
  // -- Which server serves a key ----------------------------------------------------------------------------------------

  /**
   * The name of the server that serves the key, whose entry lives its whole time again; undefined when none is known.
   * HAProxy: `stick match`.
   */
  match(key: StickyKey | undefined): string | undefined {
    const stored = this.#key.encode(key)
    if (stored === undefined) return undefined
    const now = this.#now
    const entry = this.#store.touch(stored, this.#expiry(now), now)
    if (entry === undefined) return undefined
    this.#changed(stored)
    return entry[serverIndex]
  }

  /** The same without any change to the entry, as for looking at it from outside. HAProxy: `table_server_id`. */
  peek(key: StickyKey | undefined): string | undefined {
    return this.#find(key, this.#now)?.[serverIndex]
  }

  /**
   * Remembers the server for the key, whose entry lives its whole time from now. False when it can't: the sample gives no
   * key, or the table is full and must not evict. HAProxy: `stick store-request`.
   */
  store(key: StickyKey | undefined, server: string): boolean {
    const stored = this.#key.encode(key)
    if (stored === undefined) return false
    const entry = this.#open(stored, this.#now)
    if (entry === undefined) return false
    entry[serverIndex] = server
    this.#changed(stored)
    return true
  }

  // -- What is counted for a key ----------------------------------------------------------------------------------------

  /** Whether the table has the key. Looking changes nothing. HAProxy: `in_table`. */
  has(key: StickyKey | undefined): boolean {
    return this.#find(key, this.#now) !== undefined
  }

  /** The key's entry as it stands now; undefined when there is none. Looking changes nothing. HAProxy: `show table NAME key KEY`. */
  get(key: StickyKey | undefined): StickyTableEntry | undefined {
    const stored = this.#key.encode(key)
    const now = this.#now
    const entry = stored === undefined ? undefined : this.#store.get(stored, now)
    return entry && this.#shown(stored!, entry, now)
  }

  /**
   * What a value of the key's entry stands at: 0 when the table has no such key. Looking changes nothing. Throws an
   * {@link OptionError} when the table does not store it. HAProxy: `table_http_req_rate`, `src_get_gpc0`.
   */
  read(key: StickyKey | undefined, type: StoredType): number {
    const slot = this.#layout.slot(type, 'read(arguments[1])')
    const now = this.#now
    const entry = this.#find(key, now)
    return entry === undefined ? 0 : this.#layout.read(entry, slot, now)
  }

  /**
   * Counts `amount` events, 1 by default, for the key, whose entry is made if need be and lives its whole time from now.
   * False when the table stores nothing of that event, or can't take the key. HAProxy: `src_inc_gpc0`.
   */
  count(key: StickyKey | undefined, event: StoredEvent, amount = 1): boolean {
    const moved = this.#layout.event(event)
    const stored = this.#key.encode(key)
    if (moved === undefined || stored === undefined) return false
    const now = this.#now
    const entry = this.#open(stored, now)
    if (entry === undefined) return false
    moved.move(entry, amount, now)
    this.#changed(stored)
    return true
  }

  /**
   * Sets the server or values of the key's entry, which is made if need be and lives its whole time from now. A rate that
   * is set stays for its period and then fades. False when the table can't take the key. Throws an {@link OptionError}
   * for what it does not store and for bad values. HAProxy: `set table NAME key KEY data.gpc0 1`.
   */
  set(key: StickyKey | undefined, change: EntryChange): boolean {
    const write = readChange(change, this.#layout, 'set(arguments[1])')
    const stored = this.#key.encode(key)
    if (stored === undefined) return false
    const now = this.#now
    const entry = this.#open(stored, now)
    if (entry === undefined) return false
    write(entry, now)
    this.#changed(stored)
    return true
  }

  /**
   * Takes the key's entry into use, as a connection or request does: it is made if need be, can't go while it is in use,
   * and lives its whole time again from the release on. Undefined when the table can't take the key. HAProxy: `track-sc0`.
   */
  track(key: StickyKey | undefined): TrackedEntry | undefined {
    const stored = this.#key.encode(key)
    if (stored === undefined) return undefined
    const now = this.#now
    const entry = this.#open(stored, now)
    if (entry === undefined) return undefined
    entry[usesIndex]++
    if (entry[usesIndex] === 1) this.#store.set(stored, entry, now)
    this.#layout.event('connection')?.move(entry, 1, now)
    this.#changed(stored)
    return new TrackedEntry(this.#owner, stored, entry)
  }

  // -- Conditions -------------------------------------------------------------------------------------------------------

  /**
   * A value to put conditions on. Throws an {@link OptionError} when the table does not store it.
   *
   * @example
   * ```ts
   * const isTooFast = clients.data('httpRequestRate').of(source).above(100)
   * ```
   */
  data(type: StoredType): TableData {
    this.#layout.slot(type, 'data(arguments[0])')
    return tableData(type, (key) => this.read(key, type))
  }

  /** The condition that the table has the key which the sample gives. HAProxy: `in_table`. */
  contains(sample: Sample): Condition {
    return tableContains(sample, (key) => this.has(key))
  }

  // -- The table as a whole ---------------------------------------------------------------------------------------------

  /** Forgets the key; false when it was not known, or is in use. HAProxy: `clear table NAME key KEY`. */
  delete(key: StickyKey | undefined): boolean {
    const stored = this.#key.encode(key)
    if (stored === undefined) return false
    const isAlive = this.#store.get(stored, this.#now) !== undefined
    const isDeleted = this.#store.delete(stored) && isAlive
    if (isDeleted) this.#changed(stored)
    return isDeleted
  }

  /**
   * Forgets all keys, or those that the filter takes; never one that is in use. HAProxy: `clear table NAME`, and the same
   * with `data.gpc0 gt 0`.
   */
  clear(filter?: EntryFilter): void {
    if (filter === undefined && this.listenerCount('update') === 0) return this.#store.clear()
    const now = this.#now
    const test = readFilter(filter === undefined ? {} : filter, this.#layout, 'clear(arguments[0])')
    for (const [stored, entry] of this.#store.entries(now)) {
      if (test(entry, now) && this.#store.delete(stored)) this.#changed(stored)
    }
  }

  /**
   * The entries, or those that the filter takes, by and large the one that was touched longest ago first. The one just
   * given may be deleted on the way. Throws an {@link OptionError} for a bad filter. HAProxy: `show table NAME`, and the
   * same with `data.gpc0 gt 0`.
   */
  entries(filter: EntryFilter = {}): Generator<StickyTableEntry, void> {
    return this.#shownEntries(readFilter(filter, this.#layout, 'entries(arguments[0])'))
  }

  *#shownEntries(test: EntryTest): Generator<StickyTableEntry, void> {
    const now = this.#now
    for (const [stored, entry] of this.#store.entries(now)) {
      if (test(entry, now)) yield this.#shown(stored, entry, now)
    }
  }

  /** How many entries it has. When tens of thousands expired at once, some may still be counted. HAProxy: `used`. */
  get size(): number {
    return this.#store.size(this.#now)
  }

  /** How many entries it can have. HAProxy: `size`. */
  get capacity(): number {
    return this.#store.capacity
  }

  // -- Copies of it -----------------------------------------------------------------------------------------------------

  /**
   * Every entry as plain data, for JSON, a file or another process; to be taken in one go, since what changes meanwhile
   * may be missed.
   *
   * @example
   * ```ts
   * const text = JSON.stringify([...table.dump()])
   * table.load(JSON.parse(text))
   * ```
   */
  *dump(): Generator<StickyRecord, void> {
    const now = this.#now
    for (const [stored, entry] of this.#store.entries(now)) yield this.#recorded(stored, entry, now)
  }

  /**
   * Takes entries that a table of the same type gave: what a record says overwrites what is here, and expires when it
   * would have there, or after `expire` if that is sooner. Gives how many were taken: a full table that must not evict
   * refuses new ones. Throws an {@link OptionError} at the first bad record. HAProxy: what `peers` do.
   */
  load(records: Iterable<unknown>): number {
    const now = this.#now
    let taken = 0
    let index = 0
    for (const record of records) {
      const path = `load(arguments[0])[${index++}]`
      const { key, expiresIn, apply } = readRecord(record, this.type, this.#layout, path)
      const stored = this.#key.encode(key)
      if (stored === undefined) throw new OptionError(`${path}.key`, key, `a key of type ${this.type}`)
      const entry = this.#open(stored, now, now + Math.min(expiresIn, this.expire))
      if (entry === undefined) continue
      apply(entry, now)
      taken++
    }
    return taken
  }

  // -- Within -----------------------------------------------------------------------------------------------------------

  /** For the handles and updates that it gives. */
  readonly #owner: EntryOwner = {
    keyOf: (stored) => this.#key.decode(stored),
    recordOf: (stored) => {
      const now = this.#now
      const entry = this.#store.get(stored, now)
      return entry && this.#recorded(stored, entry, now)
    },
    read: (entry, type) => this.#layout.read(entry, this.#layout.slot(type, 'read(arguments[0])'), this.#now),
    count: (stored, entry, event, amount) => {
      const moved = this.#layout.event(event)
      if (moved === undefined) return false
      moved.move(entry, amount, this.#now)
      this.#changed(stored)
      return true
    },
    release: (stored, entry) => {
      const now = this.#now
      entry[usesIndex]--
      entry[expiryIndex] = this.#expiry(now)
      this.#store.set(stored, entry, now)
      this.#changed(stored)
    },
  }

  /** Whole milliseconds, as HAProxy's, so that no entry needs an object for its time. */
  get #now(): number {
    return Math.floor(this.clock.now())
  }

  #expiry(now: number): number {
    return this.expire === Infinity ? Infinity : now + this.expire
  }

  #find(key: StickyKey | undefined, now: number): StickyEntry | undefined {
    const stored = this.#key.encode(key)
    return stored === undefined ? undefined : this.#store.get(stored, now)
  }

  /** The entry, touched, or a new one; undefined when the store does not take it. */
  #open(stored: StoredKey, now: number, expiresAt = this.#expiry(now)): StickyEntry | undefined {
    const held = this.#store.touch(stored, expiresAt, now)
    if (held !== undefined) return held
    const entry = this.#layout.fresh()
    entry[expiryIndex] = expiresAt
    return this.#store.set(stored, entry, now) ? entry : undefined
  }

  #changed(stored: StoredKey): void {
    if (this.listenerCount('update') > 0) this.notify('update', new StickyUpdate(this.#owner, stored))
  }

  #shown(stored: StoredKey, entry: StickyEntry, now: number): StickyTableEntry {
    const [server, expiresAt, uses] = entry
    const expiresIn = expiresAt === Infinity ? undefined : Math.max(expiresAt - now, 0)
    return { key: this.#key.decode(stored), server, expiresIn, uses, values: this.#layout.readAll(entry, now) }
  }

  #recorded(stored: StoredKey, entry: StickyEntry, now: number): StickyRecord {
    return recordOf(this.#key.decode(stored), entry, this.#layout, now)
  }
}
