import { type Clock, readClock, systemClock } from '../util/clock.js'
import { OptionError } from '../util/errors.js'
import { type Duration, OptionReader, type Size } from '../util/options.js'
import { MemoryStore, readCapacity } from './memory-store.js'
import type { StickyStore } from './sticky-store.js'
import { StoredLayout } from './stored-layout.js'
import type { StoreOptions } from './stored-types.js'
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
   * `backing`. Memory is taken for the entries that there are. HAProxy: `size`.
   */
  readonly size?: Size
  /** How long an entry lives after it was last stored, matched, counted in or tracked. Default, and 0: for ever. HAProxy: `expire`. */
  readonly expire?: Duration
  /**
   * Whether a full table refuses new keys. Default false: the least recently touched entry that is not tracked makes
   * room. HAProxy: `nopurge`.
   */
  readonly noPurge?: boolean
  /** What is stored of each key beside its server. Default: nothing. HAProxy: `store`. */
  readonly store?: StoreOptions
  /** Where its time comes from. Default: the machine's clock. */
  readonly clock?: Clock
  /** Where its entries are kept, instead of this process's memory. It has a capacity of its own, so none of `size`. */
  readonly backing?: StickyStore
}

/** A stick table's options, read and complete. */
export interface StickyTableSettings {
  readonly type: StickyKeyType
  readonly key: TableKey
  /** Milliseconds; Infinity: for ever. */
  readonly expire: number
  readonly layout: StoredLayout
  readonly clock: Clock
  readonly backing: StickyStore
}

const keyTypes = Object.keys(tableKeys) as StickyKeyType[]
const typesWithLength: readonly StickyKeyType[] = ['string', 'binary', 'composite']
const defaultLength = 32
const mostLength = 65_536

/** Reads a stick table's options; throws an {@link OptionError} for a bad or unknown one. */
export function readTableSettings(options: unknown, path: string): StickyTableSettings {
  const reader = new OptionReader(options, path)
  const type = readType(reader)
  const settings = {
    type,
    key: tableKeys[type](readLength(reader, type)),
    expire: reader.duration('expire') || Infinity,
    layout: reader.read('store', readLayout) ?? new StoredLayout({}, path),
    clock: reader.read('clock', readClock) ?? systemClock,
    backing: readGivenStore(reader) ?? readMemoryStore(reader),
  }
  reader.end()
  return settings
}

function readLayout(value: unknown, path: string): StoredLayout {
  return new StoredLayout(value, path)
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
  const store = reader.read('backing', readStore)
  if (store === undefined) return undefined
  for (const name of ['size', 'noPurge']) {
    const value = reader.raw(name)
    if (value !== undefined) throw new OptionError(reader.pathOf(name), value, 'nothing, as it is for the store to say')
  }
  return store
}

function readStore(value: unknown, path: string): StickyStore {
  const store = value as Partial<StickyStore> | null
  const methods = [store?.get, store?.touch, store?.set, store?.delete, store?.clear, store?.entries, store?.size]
  if (methods.every((method) => typeof method === 'function')) return value as StickyStore
  throw new OptionError(path, value, 'a StickyStore: an object with get, touch, set, delete, clear, entries and size')
}
