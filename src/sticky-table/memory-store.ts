import { LRUCache } from 'lru-cache'
import { OptionError } from '../util/errors.js'
import { OptionReader, readSize, type Size } from '../util/options.js'
import { ownText } from './own-text.js'
import type { StickyEntry, StickyStore, StoredKey } from './sticky-store.js'

/** Options of a {@link MemoryStore}. */
export interface MemoryStoreOptions {
  /** The most entries that it holds: a number, or a string such as `'100k'`, `'1m'`; up to 8m. */
  readonly capacity: Size
  /** Whether a full store refuses new keys rather than evict old ones. Default false. HAProxy: `nopurge`. */
  readonly noPurge?: boolean
}

/** V8's Map takes 16m entries, and as many deleted ones count against it as there are living ones. */
const mostEntries = 2 ** 23

/** How many expired entries a new key clears away: more than one, so that they get fewer while traffic lasts. */
const setSlice = 16
/** How many a count clears away: some milliseconds of work. */
const sizeSlice = 10_000

/** Reads how many entries a store may hold, or throws an {@link OptionError} that names `path`. @internal */
export function readCapacity(value: unknown, path: string): number {
  const entries = readSize(value, path)
  if (entries >= 1 && entries <= mostEntries) return entries
  throw new OptionError(path, value, "a number of entries, from 1 to '8m'")
}

/**
 * Keeps a stick table's entries in this process. When full it evicts the least recently touched entry, or refuses. It
 * takes memory for the entries it has, not for those it may have; expired ones leave as new ones come, and when they are
 * counted.
 *
 * @example
 * ```ts
 * const store = new MemoryStore({ capacity: '100k' })
 * ```
 */
export class MemoryStore implements StickyStore {
  readonly capacity: number
  readonly #noPurge: boolean
  #cache: LRUCache<StoredKey, StickyEntry>
  /** No entry expires before. */
  #firstExpiry = Infinity
  /** No entry expires after. */
  #lastExpiry = 0

  /** Throws an {@link OptionError} for a bad or unknown option. */
  constructor(options: MemoryStoreOptions, path = 'memoryStore') {
    const reader = new OptionReader(options, path)
    this.capacity = readCapacity(reader.raw('capacity'), reader.pathOf('capacity'))
    this.#noPurge = reader.boolean('noPurge') ?? false
    reader.end()
    this.#cache = emptyCache(this.capacity)
  }

  get(key: StoredKey, now: number): StickyEntry | undefined {
    const entry = this.#cache.peek(key)
    return entry !== undefined && entry.expiresAt > now ? entry : undefined
  }

  set(key: StoredKey, entry: StickyEntry, now: number): boolean {
    // The cache's own get makes an entry the most recently touched.
    const held = this.#cache.get(key)
    if (held === undefined) {
      this.#dropExpired(now, setSlice)
      if (this.#noPurge && this.#cache.size >= this.capacity) return false
    }
    if (entry.expiresAt < this.#firstExpiry) this.#firstExpiry = entry.expiresAt
    if (entry.expiresAt > this.#lastExpiry) this.#lastExpiry = entry.expiresAt
    if (held !== entry) this.#cache.set(held === undefined && typeof key === 'string' ? ownText(key) : key, entry)
    return true
  }

  delete(key: StoredKey): boolean {
    if (this.#cache.size !== 1) return this.#cache.delete(key)
    // The cache would wipe all the places that it ever used, which takes milliseconds after a million entries.
    const isHeld = this.#cache.has(key)
    if (isHeld) this.clear()
    return isHeld
  }

  clear(): void {
    this.#cache = emptyCache(this.capacity)
    this.#firstExpiry = Infinity
    this.#lastExpiry = 0
  }

  *entries(now: number): Generator<readonly [StoredKey, StickyEntry], void> {
    // One entry ahead: the cache loses its way when the entry that it stands at is deleted.
    let ahead: readonly [StoredKey, StickyEntry] | undefined
    for (const key of this.#cache.rkeys()) {
      if (ahead !== undefined) yield ahead
      const entry = this.get(key, now)
      ahead = entry && [key, entry]
    }
    if (ahead !== undefined) yield ahead
  }

  size(now: number): number {
    this.#dropExpired(now, sizeSlice)
    return this.#cache.size
  }

  /** Drops up to `most` expired entries, from the oldest on until one lives. */
  #dropExpired(now: number, most: number): void {
    if (now < this.#firstExpiry) return
    if (now >= this.#lastExpiry) return this.clear()
    let left = most
    for (const key of this.#cache.rkeys()) {
      const { expiresAt } = this.#cache.peek(key)!
      if (expiresAt > now || left-- === 0) {
        this.#firstExpiry = expiresAt
        break
      }
      this.delete(key)
    }
  }
}

/**
 * The cache's part is the order of touches; expiry is the store's. The cache's own lets an entry live through the
 * millisecond that it expires at, counts expired ones, reads the time by a timer, and finds expired ones only by walking
 * over all. A bound by sizes of 1 rather than by `max`, for which it would take memory for all entries at once.
 */
function emptyCache(capacity: number): LRUCache<StoredKey, StickyEntry> {
  return new LRUCache({ maxSize: capacity, sizeCalculation: () => 1 })
}
