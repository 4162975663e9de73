import { OptionError } from '../util/errors.js'
import { OptionReader, readSize, type Size } from '../util/options.js'
import { expiryIndex, type StickyEntry, type StickyStore, type StoredKey } from './sticky-store.js'
import { isAlive, StorePart } from './store-part.js'

/** Options of a {@link MemoryStore}. */
export interface MemoryStoreOptions {
  /** The most entries that it holds: a number, or a string such as `'100k'`, `'1m'`; up to 8m. */
  readonly capacity: Size
  /** Whether a full store refuses new keys rather than evict old ones. Default false. HAProxy: `nopurge`. */
  readonly noPurge?: boolean
}

const mostEntries = 2 ** 23

/**
 * About how many entries a part holds. As keys come and go, V8 rebuilds a Map from time to time at a stroke: 50 ms with
 * a million keys, 3 ms with so many.
 */
const partSize = 2 ** 16

/** How many expired entries a new key clears away: more than one, so that they get fewer while traffic lasts. */
const setSlice = 8
/** How many a count clears away: a few milliseconds of work. */
const sizeSlice = 2000

/** Reads how many entries a store may hold, or throws an {@link OptionError} that names `path`. @internal */
export function readCapacity(value: unknown, path: string): number {
  const entries = readSize(value, path)
  if (entries >= 1 && entries <= mostEntries) return entries
  throw new OptionError(path, value, "a number of entries, from 1 to '8m'")
}

/**
 * Keeps a stick table's entries in this process. When full it evicts the least recently touched entry that is not in
 * use, or refuses. Above 64k entries, which it keeps in parts, that is the least recently touched of one part. It takes
 * memory for the entries it has, not for those it may have; expired ones leave as new ones come, and when they are
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
  /** Each is made for its first key. */
  readonly #parts: (StorePart | undefined)[]
  /** What a key's mixed bits are shifted by to give its part. */
  readonly #shift: number
  /** The entries of all parts. */
  #size = 0

  /** Throws an {@link OptionError} for a bad or unknown option. */
  constructor(options: MemoryStoreOptions, path = 'memoryStore') {
    const reader = new OptionReader(options, path)
    this.capacity = readCapacity(reader.raw('capacity'), reader.pathOf('capacity'))
    this.#noPurge = reader.boolean('noPurge') ?? false
    reader.end()
    const bits = Math.ceil(Math.log2(Math.max(this.capacity / partSize, 1)))
    this.#shift = 32 - bits
    this.#parts = new Array<undefined>(2 ** bits).fill(undefined)
  }

  get(key: StoredKey, now: number): StickyEntry | undefined {
    const entry = this.#partOf(key).get(key)
    return entry !== undefined && isAlive(entry, now) ? entry : undefined
  }

  touch(key: StoredKey, expiresAt: number, now: number): StickyEntry | undefined {
    const part = this.#partOf(key)
    const entry = part.touch(key)
    if (entry === undefined) return undefined
    if (!isAlive(entry, now)) {
      this.delete(key)
      return undefined
    }
    entry[expiryIndex] = expiresAt
    part.expires(expiresAt)
    return entry
  }

  set(key: StoredKey, entry: StickyEntry, now: number): boolean {
    const part = this.#partOf(key)
    const held = part.touch(key)
    if (held === undefined) {
      if (!this.#makeRoom(part, now)) return false
      this.#size++
    }
    part.set(key, entry, held)
    return true
  }

  delete(key: StoredKey): boolean {
    const isDeleted = this.#partOf(key).delete(key)
    if (isDeleted) this.#size--
    return isDeleted
  }

  clear(): void {
    this.#size = 0
    for (const part of this.#parts) {
      part?.clear()
      this.#size += part?.size ?? 0
    }
  }

  *entries(now: number): Generator<readonly [StoredKey, StickyEntry], void> {
    for (const part of this.#parts) if (part !== undefined) yield* part.entries(now)
  }

  size(now: number): number {
    this.#dropExpired(now, sizeSlice)
    return this.#size
  }

  #partOf(key: StoredKey): StorePart {
    const index = this.#parts.length === 1 ? 0 : mixed(key) >>> this.#shift
    const part = this.#parts[index] ?? new StorePart(this.capacity)
    this.#parts[index] = part
    return part
  }

  #dropExpired(now: number, most: number): void {
    let left = most
    for (const part of this.#parts) {
      const dropped = part?.dropExpired(now, left) ?? 0
      this.#size -= dropped
      left -= dropped
      if (left <= 0) return
    }
  }

  /** Whether there is, or could be made, room for one more entry: in its own part if any there can go. */
  #makeRoom(part: StorePart, now: number): boolean {
    this.#size -= part.dropExpired(now, setSlice)
    if (this.#size < this.capacity) return true
    if (this.#parts.length > 1) this.#dropExpired(now, setSlice)
    if (this.#size < this.capacity) return true
    if (this.#noPurge || !(part.evict() || this.#parts.some((other) => other?.evict()))) return false
    this.#size--
    return true
  }
}

/**
 * Spreads keys over 32 bits, of which the upper count. By chance and not evenly: parts that grow in step, as those of
 * addresses in a row would, would all have their Maps rebuilt at the same moment.
 */
function mixed(key: StoredKey): number {
  if (typeof key === 'number') return mixedNumber(key)
  // Short texts may differ anywhere, in their last digit say; of long ones some characters from all over tell enough.
  const step = 1 + (key.length >>> 6)
  let bits = key.length
  for (let i = 0; i < key.length; i += step) bits = Math.imul(bits ^ key.charCodeAt(i), goldenRatio)
  return bits
}

function mixedNumber(key: number): number {
  const bits = Math.imul(key ^ (key >>> 16), 0x85ebca6b)
  return Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
}

const goldenRatio = 0x9e3779b1
