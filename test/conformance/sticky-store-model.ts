import type { StickyEntry, StickyStore, StoredKey } from '../../src/sticky-table/sticky-store.js'

/** What a store has to do, in the plainest way: a Map in the order of touches, searched from end to end. */
export class StickyStoreModel implements StickyStore {
  readonly #map = new Map<StoredKey, StickyEntry>()

  constructor(
    readonly capacity: number,
    readonly noPurge: boolean,
  ) {}

  get(key: StoredKey, now: number): StickyEntry | undefined {
    this.#expire(now)
    return this.#map.get(key)
  }

  touch(key: StoredKey, expiresAt: number, now: number): StickyEntry | undefined {
    const entry = this.get(key, now)
    if (entry === undefined) return undefined
    entry[1] = expiresAt
    this.#map.delete(key)
    this.#map.set(key, entry)
    return entry
  }

  set(key: StoredKey, entry: StickyEntry, now: number): boolean {
    this.#expire(now)
    if (!this.#map.has(key) && this.#map.size === this.capacity) {
      const oldest = [...this.#map].find(([, [, , uses]]) => uses === 0)
      if (this.noPurge || oldest === undefined) return false
      this.#map.delete(oldest[0])
    }
    this.#map.delete(key)
    this.#map.set(key, entry)
    return true
  }

  delete(key: StoredKey): boolean {
    const isInUse = (this.#map.get(key)?.[2] ?? 0) > 0
    return !isInUse && this.#map.delete(key)
  }

  clear(): void {
    for (const key of [...this.#map.keys()]) this.delete(key)
  }

  entries(now: number): Iterable<readonly [StoredKey, StickyEntry]> {
    this.#expire(now)
    return this.#map.entries()
  }

  size(now: number): number {
    this.#expire(now)
    return this.#map.size
  }

  #expire(now: number): void {
    for (const [key, [, expiresAt, uses]] of [...this.#map]) {
      if (expiresAt <= now && uses === 0) this.#map.delete(key)
    }
  }
}
