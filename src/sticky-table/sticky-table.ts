import { type Clock, readClock, systemClock } from '../util/clock.js'
import { OptionError } from '../util/errors.js'
import { type Duration, OptionReader, type Size } from '../util/options.js'
import { MemoryStore, readCapacity } from './memory-store.js'
import type { StickyKey } from './sticky-key.js'
import type { StickyEntry, StickyStore } from './sticky-store.js'
import { type StickyKeyType, type TableKey, tableKeys } from './table-key.js'

/** Options of a {@link StickyTable}. */
export interface StickyTableOptions {
  /** What kind of keys it has. HAProxy: `type`. */
  readonly type: StickyKeyType
  /**
   * How many characters of a `string`, bytes of a `binary` key, or of either in each sample of a `composite` one, are
   * stored and compared: 1 to 65536. Default 32. Other types take none. HAProxy: `type string len 32`.
   */
  readonly length?: number
  /**
   * The most entries that it holds: a number, or a string such as `'100k'`, `'1m'`; up to 8m. Needed unless there is a
   * `store`. Memory is taken for the entries that there are. HAProxy: `size`.
   */
  readonly size?: Size
  /** How long an entry lives after it was last stored or matched. Default, and 0: for ever. HAProxy: `expire`. */
  readonly expire?: Duration
  /**
   * Whether a full table refuses new keys. Default false: the least recently stored or matched entry makes room.
   * HAProxy: `nopurge`.
   */
  readonly noPurge?: boolean
  /** Where its time comes from. Default: the machine's clock. */
  readonly clock?: Clock
  /** Where its entries are kept, instead of this process's memory. It has a capacity of its own, so none of `size`. */
  readonly store?: StickyStore
}

/** One entry of a {@link StickyTable}, as it stands now. */
export interface StickyTableEntry {
  /** The key as the table has it; finds the same entry again. A `binary` key is a Buffer. */
  readonly key: StickyKey
  /** The name of the server that serves the key. HAProxy: `server_key`. */
  readonly server: string | undefined
  /** Milliseconds until it expires; undefined: it never does. HAProxy: `exp`. */
  readonly expiresIn: number | undefined
}

const keyTypes = Object.keys(tableKeys) as StickyKeyType[]
const typesWithLength: readonly StickyKeyType[] = ['string', 'binary', 'composite']
const defaultLength = 32
const mostLength = 65_536

/**
 * Remembers which server serves a client, session or any other key. A look-up costs the same with ten entries and with a
 * million. HAProxy: `stick-table`.
 *
 * @example
 * ```ts
 * const table = new StickyTable({ type: 'ip', size: '1m', expire: '30m' })
 * table.store('192.0.2.7', 'app1')
 * console.log(table.match('192.0.2.7'), table.match('198.51.100.1')) // app1 undefined
 * ```
 */
export class StickyTable {
  readonly type: StickyKeyType
  /** How long an entry lives after it was last stored or matched, in milliseconds; Infinity: for ever. */
  readonly expire: number
  readonly clock: Clock
  readonly #key: TableKey
  readonly #store: StickyStore

  /** Throws an {@link OptionError} for a bad or unknown option. */
  constructor(options: StickyTableOptions, path = 'stickyTable') {
    const reader = new OptionReader(options, path)
    this.type = readType(reader)
    this.#key = tableKeys[this.type](readLength(reader, this.type))
    this.expire = reader.duration('expire') || Infinity
    this.clock = reader.read('clock', readClock) ?? systemClock
    this.#store = readGivenStore(reader) ?? readMemoryStore(reader)
    reader.end()
  }

  /** Whether the table has keys like this one: a value of another kind finds nothing, and is not stored. */
  takes(key: StickyKey | undefined): boolean {
    return this.#key.encode(key) !== undefined
  }

  /**
   * The name of the server that serves the key, whose entry lives its whole time again; undefined when none is known.
   * HAProxy: `stick match`.
   */
  match(key: StickyKey | undefined): string | undefined {
    const stored = this.#key.encode(key)
    if (stored === undefined) return undefined
    const now = this.clock.now()
    const entry = this.#store.get(stored, now)
    if (entry === undefined) return undefined
    entry.expiresAt = now + this.expire
    this.#store.set(stored, entry, now)
    return entry.server
  }

  /** The same without any change to the entry, as for looking at it from outside. HAProxy: `table_server_id`. */
  peek(key: StickyKey | undefined): string | undefined {
    const stored = this.#key.encode(key)
    return stored === undefined ? undefined : this.#store.get(stored, this.clock.now())?.server
  }

  /**
   * Remembers the server for the key, whose entry lives its whole time from now. False when it can't: the sample gives no
   * key, or the table is full and must not evict. HAProxy: `stick store-request`.
   */
  store(key: StickyKey | undefined, server: string): boolean {
    const stored = this.#key.encode(key)
    if (stored === undefined) return false
    const now = this.clock.now()
    const entry: StickyEntry = this.#store.get(stored, now) ?? { server, expiresAt: 0 }
    entry.server = server
    entry.expiresAt = now + this.expire
    return this.#store.set(stored, entry, now)
  }

  /** Forgets the key; false when it was not known. HAProxy: `clear table NAME key KEY`. */
  delete(key: StickyKey | undefined): boolean {
    const stored = this.#key.encode(key)
    if (stored === undefined) return false
    const isAlive = this.#store.get(stored, this.clock.now()) !== undefined
    return this.#store.delete(stored) && isAlive
  }

  /** Forgets all keys. HAProxy: `clear table NAME`. */
  clear(): void {
    this.#store.clear()
  }

  /**
   * The entries, the one that was stored or matched longest ago first. The one just given may be deleted on the way.
   * HAProxy: `show table NAME`.
   */
  *entries(): Generator<StickyTableEntry, void> {
    const now = this.clock.now()
    for (const [key, { server, expiresAt }] of this.#store.entries(now)) {
      const expiresIn = expiresAt === Infinity ? undefined : expiresAt - now
      yield { key: this.#key.decode(key), server, expiresIn }
    }
  }

  /** How many entries it has. When tens of thousands expired at once, some may still be counted. HAProxy: `used`. */
  get size(): number {
    return this.#store.size(this.clock.now())
  }

  /** How many entries it can have. HAProxy: `size`. */
  get capacity(): number {
    return this.#store.capacity
  }
}

function readType(reader: OptionReader): StickyKeyType {
  const type = reader.oneOf('type', keyTypes)
  if (type !== undefined) return type
  throw new OptionError(reader.pathOf('type'), type, `one of ${keyTypes.map((word) => `'${word}'`).join(', ')}`)
}

function readLength(reader: OptionReader, type: StickyKeyType): number {
  const length = reader.integer('length', 1, mostLength)
  if (length === undefined || typesWithLength.includes(type)) return length ?? defaultLength
  throw new OptionError(reader.pathOf('length'), length, `nothing, as keys of type ${type} have a length of their own`)
}

function readMemoryStore(reader: OptionReader): MemoryStore {
  const capacity = readCapacity(reader.raw('size'), reader.pathOf('size'))
  return new MemoryStore({ capacity, noPurge: reader.boolean('noPurge') ?? false })
}

function readGivenStore(reader: OptionReader): StickyStore | undefined {
  const store = reader.read('store', readStore)
  if (store === undefined) return undefined
  for (const name of ['size', 'noPurge']) {
    const value = reader.raw(name)
    if (value !== undefined) throw new OptionError(reader.pathOf(name), value, 'nothing, as it is for the store to say')
  }
  return store
}

function readStore(value: unknown, path: string): StickyStore {
  const store = value as Partial<StickyStore> | null
  const methods = [store?.get, store?.set, store?.delete, store?.clear, store?.entries, store?.size]
  if (methods.every((method) => typeof method === 'function')) return value as StickyStore
  throw new OptionError(path, value, 'a StickyStore: an object with get, set, delete, clear, entries and size')
}
