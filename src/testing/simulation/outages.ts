import type { Server } from '../../index.js'
import type { Random } from '../../util/random.js'
import type { FailureSettings } from './traffic.js'

/** What goes wrong with one server, and when. */
export class Outages {
  readonly #failures: readonly FailureSettings[]
  readonly #random: Random
  readonly #startedAt: number

  constructor(failures: readonly FailureSettings[], random: Random, startedAt: number) {
    this.#failures = failures
    this.#random = random
    this.#startedAt = startedAt
  }

  /** What strikes a request or a check that comes now; undefined: nothing. */
  strikes(now: number): FailureSettings['kind'] | undefined {
    for (const { from, to, kind, ratio } of this.#failures) {
      const time = now - this.#startedAt
      if (time >= from && time < to && (ratio === 1 || this.#random.next() < ratio)) return kind
    }
    return undefined
  }

  /** Whether the server's check would succeed now. */
  passesCheck({ check }: Server, now: number): boolean {
    const strike = this.strikes(now)
    if (strike === undefined) return true
    // Whoever only connects does not see what becomes of requests.
    if (check?.http === undefined && check?.probe === undefined) return strike !== 'refuse'
    if (typeof strike !== 'number' || check.http === undefined) return false
    return check.http.statuses.some(([least, most]) => strike >= least && strike <= most)
  }
}
