/** A key as stores see it, in the one form that its table gives it: a number for IPv4 addresses and integers. */
export type StoredKey = string | number

/**
 * What a table remembers of one key. A list and not an object with fields: at a million entries that takes a third less
 * time to get at, and less memory. Only its table writes to it, but for the time that a touch gives it.
 */
export type StickyEntry = [
  /** The name of the server that serves the key; undefined: none is remembered. HAProxy: `server_key`. */
  server: string | undefined,
  /** When it expires, in whole milliseconds by the table's clock; Infinity: never. HAProxy: `exp`. */
  expiresAt: number,
  /** How many connections and requests it is tracked by now. HAProxy: `use`. */
  uses: number,
  /** What is counted for the key: the table knows in which order. */
  ...values: number[],
]

/** Where an entry has each of these. */
export const serverIndex = 0
export const expiryIndex = 1
export const usesIndex = 2
export const valuesIndex = 3

/**
 * Where a stick table keeps its entries: the seam for other places than this process's memory. One store serves one
 * table.
 *
 * Its promises: it is synchronous (a store that is shared copies in the background, as HAProxy's peers do); a look-up
 * and a change cost O(1); it asks no clock but expires by the time it is given, to the millisecond; it never holds more
 * than its capacity; an entry in use (its uses above 0) neither expires nor makes room for another, and counts.
 */
export interface StickyStore {
  /** The most entries that it holds. */
  readonly capacity: number
  /** The entry, unless it has expired at `now`. Changes nothing, its turn to be evicted included. */
  get(key: StoredKey, now: number): StickyEntry | undefined
  /**
   * The same, and makes it the most recently touched, to expire at `expiresAt`: its table is about to change it, or has
   * found that it matches.
   */
  touch(key: StoredKey, expiresAt: number, now: number): StickyEntry | undefined
  /**
   * Takes a new entry or another one for a key, which makes it the most recently touched. When a new one finds the store
   * full of entries that live, the least recently touched makes room (a large store may take one that was touched nearly
   * as long ago). Gives false when the entry was not taken. The table also sets an entry when its use begins or ends.
   */
  set(key: StoredKey, entry: StickyEntry, now: number): boolean
  /** Drops an entry that is not in use; false when there was none. It may be the one that {@link entries} has just given. */
  delete(key: StoredKey): boolean
  /** Drops all entries but those in use. */
  clear(): void
  /** The entries that live at `now`, by and large the least recently touched first. */
  entries(now: number): Iterable<readonly [StoredKey, StickyEntry]>
  /**
   * How many entries live at `now`. The work of one call is bounded: it may count expired ones when very many expired
   * since the last call, or when they did so in another order than they were set.
   */
  size(now: number): number
}
