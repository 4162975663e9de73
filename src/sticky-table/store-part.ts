import { LRUCache } from 'lru-cache'
import { ownText } from './own-text.js'
import { expiryIndex, type StickyEntry, type StoredKey, usesIndex } from './sticky-store.js'

/** How many entries in use one search for an idle one may pass over: below a millisecond of work. */
const evictSlice = 1000

/**
 * Entries in the order of their touches. The cache's part is that order. An entry in use may stand in it as well, yet when
 * its turn comes to go, it stays beside, and gets back into the cache at the end of its use.
 */
export class StorePart {
  readonly #capacity: number
  #cache: LRUCache<StoredKey, StickyEntry>
  readonly #inUse = new Map<StoredKey, StickyEntry>()
  /** How many of those in use the cache has not. */
  #beside = 0
  /** No entry expires before. */
  #firstExpiry = Infinity
  /** No entry expires after. */
  #lastExpiry = 0

  constructor(capacity: number) {
    this.#capacity = capacity
    this.#cache = emptyCache(capacity)
  }

  get size(): number {
    return this.#cache.size + this.#beside
  }

  get(key: StoredKey): StickyEntry | undefined {
    return this.#cache.peek(key) ?? (this.#beside > 0 ? this.#inUse.get(key) : undefined)
  }

  /** The entry, which becomes the most recently touched. */
  touch(key: StoredKey): StickyEntry | undefined {
    // The cache's own get makes it that.
    return this.#cache.get(key) ?? (this.#beside > 0 ? this.#inUse.get(key) : undefined)
  }

  /** Takes an entry in the place of `held`, which {@link touch} gave. */
  set(key: StoredKey, entry: StickyEntry, held: StickyEntry | undefined): void {
    this.expires(entry[expiryIndex])
    const isBeside = this.#beside > 0 && held !== undefined && !this.#cache.has(key)
    if (entry[usesIndex] > 0) this.#inUse.set(key, entry)
    else if (this.#inUse.size > 0) this.#inUse.delete(key)
    if (isBeside) this.#beside--
    else if (entry === held) return
    this.#cache.set(typeof key === 'string' ? ownText(key) : key, entry)
  }

  /** Notes that an entry expires then. */
  expires(at: number): void {
    if (at < this.#firstExpiry) this.#firstExpiry = at
    if (at > this.#lastExpiry) this.#lastExpiry = at
  }

  /** Drops an entry; false when there is none that is idle. */
  delete(key: StoredKey): boolean {
    return !this.#inUse.has(key) && this.#remove(key)
  }

  #remove(key: StoredKey): boolean {
    if (this.#cache.size !== 1) return this.#cache.delete(key)
    // The cache would wipe all the places that it ever used, which takes milliseconds after a million entries.
    const isHeld = this.#cache.has(key)
    if (isHeld) this.#cache = emptyCache(this.#capacity)
    return isHeld
  }

  /** Drops every entry that is idle. */
  clear(): void {
    this.#cache = emptyCache(this.#capacity)
    this.#beside = this.#inUse.size
    this.#firstExpiry = Infinity
    this.#lastExpiry = 0
  }

  /** Drops the idle entry that was touched least recently; false when none was found. */
  evict(): boolean {
    for (let left = evictSlice; left > 0; left--) {
      const oldest = this.#cache.pop()
      if (oldest === undefined) return false
      if (oldest[usesIndex] === 0) return true
      this.#beside++
    }
    return false
  }

  /** Drops expired entries, from the oldest on until one lives or `most` have been looked at; gives how many. */
  dropExpired(now: number, most: number): number {
    if (now < this.#firstExpiry) return 0
    const before = this.size
    if (now >= this.#lastExpiry) this.clear()
    else this.#walkExpired(now, most)
    return before - this.size
  }

  #walkExpired(now: number, most: number): void {
    let left = most
    for (const key of this.#cache.rkeys()) {
      const [, expiresAt, uses] = this.#cache.peek(key)!
      const lives = uses === 0 && expiresAt > now
      if (lives || left-- === 0) {
        this.#firstExpiry = expiresAt
        return
      }
      this.#remove(key)
      if (uses > 0) this.#beside++
    }
  }

  *entries(now: number): Generator<readonly [StoredKey, StickyEntry], void> {
    // One entry ahead: the cache loses its way when the entry that it stands at is deleted.
    let ahead: readonly [StoredKey, StickyEntry] | undefined
    for (const key of this.#cache.rkeys()) {
      if (ahead !== undefined) yield ahead
      const entry = this.#cache.peek(key)
      ahead = entry !== undefined && isAlive(entry, now) ? [key, entry] : undefined
    }
    if (ahead !== undefined) yield ahead
    if (this.#beside === 0) return
    for (const [key, entry] of this.#inUse) if (!this.#cache.has(key)) yield [key, entry]
  }
}

/** Whether an entry has not expired at `now`. */
export function isAlive(entry: StickyEntry, now: number): boolean {
  return entry[expiryIndex] > now || entry[usesIndex] > 0
}

/**
 * The cache's own expiry is not used: it lets an entry live through the millisecond that it expires at, counts expired
 * ones, reads the time by a timer, and finds expired ones only by walking over all. A bound by sizes of 1 rather than by
 * `max`, for which it would take memory for all entries at once.
 */
function emptyCache(capacity: number): LRUCache<StoredKey, StickyEntry> {
  return new LRUCache({ maxSize: capacity, sizeCalculation: () => 1 })
}
