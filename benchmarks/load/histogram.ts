const steps = 128
const stepBits = 7

/**
 * Counts durations in buckets that widen with the value, so that a percentile is exact to
 * one part in 128 and memory does not grow with the number of durations.
 */
export class Histogram {
  readonly #counts = new Uint32Array(25 * steps)
  #total = 0

  get total(): number {
    return this.#total
  }

  /** Takes one duration in microseconds, up to half an hour. */
  add(microseconds: number): void {
    const index = bucketOf(Math.max(0, Math.min(Math.round(microseconds), 0x7fffffff)))
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#total++
  }

  /** Gives the least bucket's upper bound, in microseconds, that the given ratio of the durations does not exceed. */
  percentile(ratio: number): number {
    let left = Math.ceil(this.#total * ratio)
    if (left === 0) return 0
    for (let index = 0; index < this.#counts.length; index++) {
      left -= this.#counts[index] ?? 0
      if (left <= 0) return upperBound(index)
    }
    return upperBound(this.#counts.length - 1)
  }
}

// Below 256 a bucket holds one value. Above, each power of two is cut into 128 steps.
function bucketOf(value: number): number {
  const shift = shiftOf(value)
  return shift * steps + (value >> shift)
}

function shiftOf(value: number): number {
  return Math.max(0, 31 - Math.clz32(value) - stepBits)
}

function upperBound(index: number): number {
  if (index < 2 * steps) return index
  const shift = Math.floor(index / steps) - 1
  return (index - shift * steps + 1) * 2 ** shift - 1
}
