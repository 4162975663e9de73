import type { Clock } from '../util/clock.js'

/** The value of the Date field, made once a second. */
export class DateField {
  readonly #clock: Clock
  #second = -1
  #text = ''

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get now(): string {
    const wallTime = this.#clock.wallTime()
    const second = Math.floor(wallTime / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#text = new Date(wallTime).toUTCString()
    }
    return this.#text
  }
}
