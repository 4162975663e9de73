/**
 * Numbers 0 to n - 1 with a weight each, from which one can be drawn by weight: a Fenwick tree, whose node `i` sums the
 * weights of the numbers below `i` down to `i` without its lowest bit. A draw and a change cost O(log n).
 */
export class WeightedLots {
  readonly #weights: Float64Array
  readonly #sums: Float64Array
  readonly #highestBit: number
  #total = 0

  constructor(weights: readonly number[]) {
    this.#weights = Float64Array.from(weights)
    this.#sums = new Float64Array(weights.length + 1)
    this.#highestBit = weights.length === 0 ? 0 : 1 << (31 - Math.clz32(weights.length))
    for (let node = 1; node < this.#sums.length; node++) {
      const weight = this.#weights[node - 1]!
      this.#total += weight
      this.#sums[node]! += weight
      const parent = node + (node & -node)
      if (parent < this.#sums.length) this.#sums[parent]! += this.#sums[node]!
    }
  }

  /** The sum of all weights. */
  get total(): number {
    return this.#total
  }

  weightOf(number: number): number {
    return this.#weights[number]!
  }

  setWeight(number: number, weight: number): void {
    const change = weight - this.#weights[number]!
    if (change === 0) return
    this.#weights[number] = weight
    this.#total += change
    for (let node = number + 1; node < this.#sums.length; node += node & -node) this.#sums[node]! += change
  }

  /** The sum of the weights of all lower numbers. */
  sumBelow(number: number): number {
    let sum = 0
    for (let node = number; node > 0; node -= node & -node) sum += this.#sums[node]!
    return sum
  }

  /** The number in whose share of the total `point` lies, from 0 to below the total. */
  at(point: number): number {
    let number = 0
    let rest = point
    for (let bit = this.#highestBit; bit > 0; bit >>= 1) {
      const node = number + bit
      if (node >= this.#sums.length || this.#sums[node]! > rest) continue
      rest -= this.#sums[node]!
      number = node
    }
    return number
  }
}
