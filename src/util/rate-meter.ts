/** How many numbers hold one rate: when its present period began, the events since, and those of the period before. */
export const rateWidth = 3

/** What these numbers are before the first event. */
export const emptyRate: readonly number[] = [-Infinity, 0, 0]

/** Below this a product of two whole numbers, and its quotient, are exact. */
const exactProduct = 2 ** 52

/** Counts events in the rate that stands in `cells` from `at` on. HAProxy: `update_freq_ctr_period`. */
export function addToRate(cells: number[], at: number, period: number, count: number, now: number): void {
  const tick = cells[at]!
  const elapsed = Math.floor(now) - tick
  if (elapsed < period) {
    cells[at + 1]! += count
    return
  }
  const missedOne = elapsed < 2 * period
  cells[at + 2] = missedOne ? cells[at + 1]! : 0
  cells[at] = evenTick(missedOne ? tick + period : now)
  cells[at + 1] = count
}

/** Events per period, at `now`, of the rate that stands in `cells` from `at` on. HAProxy: `read_freq_ctr_period`. */
export function readRate(cells: readonly number[], at: number, period: number, now: number): number {
  let left = cells[at]! + period - Math.floor(now)
  let current = cells[at + 1]!
  let past = cells[at + 2]!
  if (left < 0) {
    left += period
    past = left >= 0 ? current : 0
    current = 0
  }
  // One past event alone is reported whole until it is out of reach: else the reading would flap between 0 and 1.
  if (current === 0 && past <= 1) return past
  const share = past * left
  if (share < exactProduct) return current + Math.floor(share / period)
  return current + Number((BigInt(past) * BigInt(left)) / BigInt(period))
}

/** A period begins at an even millisecond: in HAProxy the lowest bit is a lock. */
export function evenTick(now: number): number {
  return now - (now % 2)
}

/**
 * Events over a sliding period, by HAProxy's arithmetic (`freq_ctr`): the present period's count plus the share of the
 * previous one that still lies within reach.
 */
export class RateMeter {
  readonly #cells = [...emptyRate]

  constructor(
    /** The period in milliseconds. */
    readonly period: number,
  ) {}

  add(count: number, now: number): void {
    addToRate(this.#cells, 0, this.period, count, now)
  }

  /** Events per period at `now`. */
  read(now: number): number {
    return readRate(this.#cells, 0, this.period, now)
  }
}
