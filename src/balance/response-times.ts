import type { Server } from '../core/server.js'
import type { TryOutcome } from '../core/try-outcome.js'

/** What a failed try counts as at least, so that a server that fails at once does not pass for a fast one. */
const failureTime = 1000

/** Shorter times are taken for this, in milliseconds: what lies below is chance, and of nothing there is no share. */
const shortest = 0.1

/** How many of the last times make a mean, at most, so that it follows soon what changes. */
const window = 100

/** What a new time does to the average: in a `mean` it counts as the ones before it do, a longer one is a `peak` at once. */
export type Averaging = 'mean' | 'peak'

/** How long one server takes to answer: an average in which a time counts less the longer ago it was. */
export class ResponseTime {
  /** The average at the last answer, in milliseconds; 0: nothing is known. */
  value = 0
  /** When the last answer came. */
  at = 0
  /** How many times make the average; those that are forgotten in part count in part. */
  count = 0

  /** The average, as far as it has not been forgotten by `now`. */
  valueAt(now: number, decayTime: number): number {
    return this.value * Math.exp((this.at - now) / decayTime)
  }
}

/** How long servers take to answer. What is known of one outlasts its absence. */
export class ResponseTimes {
  readonly #decayTime: number
  readonly #averaging: Averaging
  readonly #times = new WeakMap<Server, ResponseTime>()

  /** After `decayTime` milliseconds a time counts 37 percent (1/e) of what it did. */
  constructor(decayTime: number, averaging: Averaging) {
    this.#decayTime = decayTime
    this.#averaging = averaging
  }

  of(server: Server): ResponseTime {
    let time = this.#times.get(server)
    if (time === undefined) {
      time = new ResponseTime()
      this.#times.set(server, time)
    }
    return time
  }

  /** Takes in how a try went. */
  add(server: Server, outcome: TryOutcome, milliseconds: number, now: number): void {
    const time = this.of(server)
    if (outcome === 'none' && milliseconds <= time.value) return
    const sample = Math.max(milliseconds, outcome === 'failure' ? failureTime : shortest)
    const kept = Math.exp((time.at - now) / this.#decayTime)
    time.count = Math.min(time.count * kept + 1, window)
    time.value += (sample - time.value) * this.#shareOf(sample, time, kept)
    time.at = now
  }

  #shareOf(sample: number, { value, count }: ResponseTime, kept: number): number {
    if (this.#averaging === 'mean') return 1 / count
    return sample > value ? 1 : 1 - kept
  }
}
