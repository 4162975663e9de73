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

  set(key: StoredKey, entry: StickyEntry, now: number): boolean {
    this.#expire(now)
    if (!this.#map.has(key) && this.#map.size === this.capacity) {
      if (this.noPurge) return false
      for (const oldest of [...this.#map.keys()].slice(0, 1)) this.#map.delete(oldest)
    }
    this.#map.delete(key)
    this.#map.set(key, entry)
    return true
  }

  delete(key: StoredKey): boolean {
    return this.#map.delete(key)
  }

  clear(): void {
    this.#map.clear()
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
    for (const [key, { expiresAt }] of [...this.#map]) {
      if (expiresAt <= now) this.#map.delete(key)
    }
  }
}
