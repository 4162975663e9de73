/**
 * Events over a sliding period, by HAProxy's arithmetic (`freq_ctr`): the present period's count plus the share of the
 * previous one that still lies within reach.
 */
export class RateMeter {
  #tick = -Infinity
  #current = 0
  #previous = 0

  constructor(
    /** The period in milliseconds. */
    readonly period: number,
  ) {}

  add(count: number, now: number): void {
    const elapsed = now - this.#tick
    if (elapsed < this.period) {
      this.#current += count
      return
    }
    const missedOne = elapsed < 2 * this.period
    this.#previous = missedOne ? this.#current : 0
    this.#tick = missedOne ? this.#tick + this.period : now
    this.#current = count
  }

  /** Events per period at `now`. */
  read(now: number): number {
    let left = this.#tick + this.period - now
    let past = this.#previous
    let current = this.#current
    if (left < 0) {
      left += this.period
      past = left >= 0 ? current : 0
      current = 0
    }
    // One past event alone is reported whole until it is out of reach: else the reading would flap between 0 and 1.
    if (current === 0 && past <= 1) return past
    return Math.floor((past * left + current * this.period) / this.period)
  }
}
