/**
 * A set of whole numbers below a fixed size, of which the next one from anywhere on is found in a few steps: a word of
 * 32 bits says which of 32 words below it are not empty, and so on up.
 */
export class IndexSet {
  readonly #levels: Int32Array[] = []
  #size = 0

  /** Makes a set that can hold 0 to `limit - 1`, and holds none of them. */
  constructor(limit: number) {
    let words = limit
    do {
      words = Math.max(1, Math.ceil(words / 32))
      this.#levels.push(new Int32Array(words))
    } while (words > 1)
  }

  /** Makes a set that holds all of 0 to `limit - 1`. */
  static full(limit: number): IndexSet {
    const set = new IndexSet(limit)
    set.#size = limit
    let members = limit
    for (const words of set.#levels) {
      words.fill(-1, 0, members >>> 5)
      if ((members & 31) !== 0) words[members >>> 5] = (1 << (members & 31)) - 1
      members = Math.ceil(members / 32)
    }
    return set
  }

  /** How many members it has. */
  get size(): number {
    return this.#size
  }

  add(index: number): void {
    if (this.has(index)) return
    this.#size++
    let at = index
    for (const words of this.#levels) {
      words[at >>> 5]! |= 1 << (at & 31)
      at >>>= 5
    }
  }

  delete(index: number): void {
    if (!this.has(index)) return
    this.#size--
    let at = index
    for (const words of this.#levels) {
      words[at >>> 5]! &= ~(1 << (at & 31))
      if (words[at >>> 5] !== 0) return
      at >>>= 5
    }
  }

  has(index: number): boolean {
    return (this.#levels[0]![index >>> 5]! & (1 << (index & 31))) !== 0
  }

  /** The lowest member that is `from` or more; -1 when there is none. */
  next(from: number): number {
    let at = from
    for (let level = 0; level < this.#levels.length; level++) {
      const words = this.#levels[level]!
      const word = at >>> 5
      if (word >= words.length) return -1
      const bits = words[word]! & (-1 << (at & 31))
      if (bits !== 0) return this.#descend(level, word * 32 + lowestBit(bits))
      at = word + 1
    }
    return -1
  }

  #descend(from: number, index: number): number {
    let found = index
    for (let level = from - 1; level >= 0; level--) found = found * 32 + lowestBit(this.#levels[level]![found]!)
    return found
  }
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits)
}
