/** Times in milliseconds, summed up: the percentiles are within one percent of the true ones. */
export interface TimeSummary {
  /** How many there were. */
  readonly count: number
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** Each bucket ends one percent above where it begins. */
const growth = Math.log(1.01)

/** The end of the first bucket: what is shorter counts as nothing. */
const shortest = 0.001

/** Counts times in buckets that grow with them, so that a million take no more room than a thousand. */
export class Histogram {
  readonly #buckets: number[] = []
  #count = 0
  #sum = 0
  #max = 0

  add(time: number): void {
    const bucket = time <= shortest ? 0 : Math.ceil(Math.log(time / shortest) / growth)
    while (this.#buckets.length <= bucket) this.#buckets.push(0)
    this.#buckets[bucket]!++
    this.#count++
    this.#sum += time
    if (time > this.#max) this.#max = time
  }

  summary(): TimeSummary {
    return {
      count: this.#count,
      mean: this.#count === 0 ? 0 : this.#sum / this.#count,
      p50: this.#percentile(0.5),
      p90: this.#percentile(0.9),
      p99: this.#percentile(0.99),
      max: this.#max,
    }
  }

  /** The end of the bucket below which that share lies. */
  #percentile(share: number): number {
    let left = Math.ceil(this.#count * share)
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) {
      left -= this.#buckets[bucket]!
      if (left > 0) continue
      return bucket === 0 ? 0 : Math.min(shortest * Math.exp(bucket * growth), this.#max)
    }
    return 0
  }
}
