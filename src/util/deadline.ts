import type { Clock, Timer } from './clock.js'

/** Who is told that a {@link Deadline} has passed. */
export interface DeadlineOwner {
  deadlinePassed(): void
}

/**
 * One moment that may be moved a thousand times a second at the price of an assignment. The timer below it is made
 * once and left running; when it fires early, because the deadline moved on meanwhile, it is set for what is left.
 */
export class Deadline {
  readonly #clock: Clock
  #owner: DeadlineOwner | undefined
  #due = Infinity
  #timer: Timer | undefined
  #timerDue = Infinity

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Sets the deadline `ms` from `now` for `owner`; `Infinity` means never. */
  set(owner: DeadlineOwner, ms: number, now = this.#clock.now()): void {
    this.#owner = owner
    this.#due = now + ms
    if (this.#due < this.#timerDue) this.#arm(ms)
  }

  /** Forgets the deadline, if it is `owner`'s: one that somebody else has set meanwhile stands. */
  clear(owner: DeadlineOwner): void {
    if (this.#owner === owner) this.disarm()
  }

  /** Forgets the deadline, whosever it is. */
  disarm(): void {
    this.#due = Infinity
    this.#owner = undefined
  }

  /** Forgets the deadline and ends the timer too: for the end of the connection. */
  cancel(): void {
    this.disarm()
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerDue = Infinity
  }

  #arm(ms: number): void {
    this.#timer?.cancel()
    this.#timerDue = this.#due
    this.#timer = this.#clock.setTimer(() => this.#fire(), Math.max(ms, 0))
  }

  #fire(): void {
    this.#timer = undefined
    this.#timerDue = Infinity
    if (this.#due === Infinity) return
    const left = this.#due - this.#clock.now()
    if (left > 0) {
      this.#arm(left)
      return
    }
    const owner = this.#owner
    this.disarm()
    owner?.deadlinePassed()
  }
}
