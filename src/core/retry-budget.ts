import { OptionError } from '../util/errors.js'
import { OptionReader } from '../util/options.js'

/** How many retries a backend allows itself, counted over the last ten seconds. HAProxy has no such limit. */
export interface RetryBudgetOptions {
  /** Retries for each request that comes, 0 to 100. Default 0.2: one retry for every five requests. */
  readonly ratio?: number
  /** Retries that are allowed on top in each second, however little traffic there is, 0 to 1,000,000. Default 10. */
  readonly minimumPerSecond?: number
}

/** A retry budget's options, read and complete. */
export type RetryBudgetSettings = Required<RetryBudgetOptions>

/** Reads the `retryBudget` option. */
export function readRetryBudget(value: unknown, path: string): RetryBudgetSettings {
  const reader = new OptionReader(value, path)
  const settings = {
    ratio: reader.read('ratio', (ratio, at) => readAmount(ratio, at, 100)) ?? 0.2,
    minimumPerSecond: reader.read('minimumPerSecond', (minimum, at) => readAmount(minimum, at, 1_000_000)) ?? 10,
  }
  reader.end()
  return settings
}

function readAmount(value: unknown, path: string, most: number): number {
  if (typeof value === 'number' && value >= 0 && value <= most) return value
  throw new OptionError(path, value, `a number from 0 to ${most}`)
}

/** How many seconds a request or a retry counts for. */
const seconds = 10

/**
 * Keeps retries to a share of the traffic, so that servers in trouble are not buried under the second and third tries of
 * everybody. The rule is that of Finagle: each request brings a fraction of a retry, each retry takes a whole one, and
 * both are forgotten after ten seconds.
 */
export class RetryBudget {
  readonly #ratio: number
  readonly #reserve: number
  /** How many came in each of the last seconds, by the second's number modulo their count; and all of them. */
  readonly #requestsBySecond = new Float64Array(seconds)
  readonly #retriesBySecond = new Float64Array(seconds)
  #requests = 0
  #retries = 0
  #second = 0

  constructor({ ratio, minimumPerSecond }: RetryBudgetSettings) {
    this.#ratio = ratio
    this.#reserve = minimumPerSecond * seconds
  }

  /** Counts a request, which brings its share of a retry. */
  requestBegan(now: number): void {
    this.#requestsBySecond[this.#placeOf(now)]!++
    this.#requests++
  }

  /** Takes one retry; false when there is none left. */
  take(now: number): boolean {
    const place = this.#placeOf(now)
    if (this.#retries + 1 > this.#reserve + this.#ratio * this.#requests) return false
    this.#retriesBySecond[place]!++
    this.#retries++
    return true
  }

  /** The place of the present second, once what is ten seconds old is forgotten. */
  #placeOf(now: number): number {
    const second = Math.floor(now / 1000)
    for (let passed = Math.min(second - this.#second, seconds); passed > 0; passed--) {
      const place = (second - passed + 1) % seconds
      this.#requests -= this.#requestsBySecond[place]!
      this.#retries -= this.#retriesBySecond[place]!
      this.#requestsBySecond[place] = this.#retriesBySecond[place] = 0
    }
    this.#second = second
    return second % seconds
  }
}
