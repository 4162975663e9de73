/** How many owners there can be: their numbers lie below. */
export const ownerLimit = 2 ** 20

/** Points on the circle. */
const circle = 2 ** 32

/** How many entries a page has at most, on average, when the ring is laid out, and how many before it is done again. */
const usualPage = 256
const largePage = 1024

const bucketsPerPage = 64

/**
 * Points on a circle of 32 bits, each of which belongs to an owner. An entry is both in one number, which sorts by
 * point: `point * ownerLimit + owner`. No two are the same.
 *
 * Each page holds, in order, the entries of an equal part of the circle. Points are hashes, so pages have about the same
 * length: an entry is found by a look at one page, and one that comes or goes moves no more than the rest of its page.
 */
export class HashRing {
  #pages: Page[] = [new Page(new Float64Array(0))]
  /** What part of all entries that could be a page is for. */
  #span = circle * ownerLimit
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Adds entries, in any order. */
  add(entries: Float64Array): void {
    this.#size += entries.length
    if (entries.length > this.#size / 2 || this.#size > this.#pages.length * largePage) this.#layOut(entries)
    else for (const entry of entries) this.#pageOf(entry).insert(entry)
  }

  /** Deletes an entry that is there. */
  delete(entry: number): void {
    this.#size--
    this.#pageOf(entry).delete(entry)
  }

  /** The first entry that is not below that, round the circle. The ring must have one. */
  atOrAfter(entry: number): number {
    let number = this.#numberOf(entry)
    let page = this.#pages[number]!
    let place = page.placeOf(entry)
    while (place === page.length) {
      number = (number + 1) % this.#pages.length
      page = this.#pages[number]!
      place = 0
    }
    return page.entries[place]!
  }

  /** The last entry that is below that, round the circle. The ring must have one. */
  before(entry: number): number {
    let number = this.#numberOf(entry)
    let page = this.#pages[number]!
    let place = page.placeOf(entry)
    while (place === 0) {
      number = (number || this.#pages.length) - 1
      page = this.#pages[number]!
      place = page.length
    }
    return page.entries[place - 1]!
  }

  #numberOf(entry: number): number {
    return Math.floor(entry / this.#span)
  }

  #pageOf(entry: number): Page {
    return this.#pages[this.#numberOf(entry)]!
  }

  /** Puts all entries, old and new, on as many pages as they need. */
  #layOut(added: Float64Array): void {
    const count = 2 ** Math.max(0, Math.ceil(Math.log2(this.#size / usualPage)))
    this.#span = (circle * ownerLimit) / count
    const sources = [...this.#pages.map(({ entries, length }) => entries.subarray(0, length)), added]
    const { entries, starts } = sortHashes(sources, this.#size, count * bucketsPerPage)
    this.#pages = Array.from({ length: count }, (_, number) => {
      const [start, end] = [starts[number * bucketsPerPage]!, starts[(number + 1) * bucketsPerPage]]
      return new Page(entries.subarray(start, end))
    })
  }
}

/**
 * Sorts entries by dealing them out to buckets, each for an equal part of the circle, where they nearly stand in order
 * then: four times as fast as `sort`. Gives where each bucket starts, too.
 */
function sortHashes(
  sources: readonly Float64Array[],
  size: number,
  buckets: number,
): { readonly entries: Float64Array; readonly starts: Int32Array } {
  const scale = buckets / (circle * ownerLimit)
  const starts = new Int32Array(buckets + 1)
  for (const source of sources) for (let i = 0; i < source.length; i++) starts[(source[i]! * scale) | 0]!++
  for (let bucket = 0, sum = 0; bucket <= buckets; bucket++) starts[bucket] = sum += starts[bucket]!
  const entries = new Float64Array(size)
  for (const source of sources) {
    for (let i = source.length - 1; i >= 0; i--) entries[--starts[(source[i]! * scale) | 0]!] = source[i]!
  }
  for (let i = 1; i < size; i++) {
    const entry = entries[i]!
    let place = i
    for (; place > 0 && entries[place - 1]! > entry; place--) entries[place] = entries[place - 1]!
    entries[place] = entry
  }
  return { entries, starts }
}

/** The entries of one part of the circle. */
class Page {
  entries: Float64Array
  length: number

  /** Takes entries that are in order. */
  constructor(entries: Float64Array) {
    this.entries = entries
    this.length = entries.length
  }

  /** The place of the first entry that is not below that; the length when there is none. */
  placeOf(entry: number): number {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.entries[middle]! < entry) low = middle + 1
      else high = middle
    }
    return low
  }

  insert(entry: number): void {
    if (this.length === this.entries.length) {
      const larger = new Float64Array(Math.ceil(this.length * 1.25) + 8)
      larger.set(this.entries)
      this.entries = larger
    }
    const place = this.placeOf(entry)
    this.entries.copyWithin(place + 1, place, this.length++)
    this.entries[place] = entry
  }

  delete(entry: number): void {
    const place = this.placeOf(entry)
    this.entries.copyWithin(place, place + 1, this.length--)
  }
}
