import { OptionError } from './errors.js'

/** A timer that a {@link Clock} started. */
export interface Timer {
  /** Starts the timer's time again from now. */
  refresh(): void
  /** Stops the timer; a second call does nothing. */
  cancel(): void
}

/**
 * Where all time comes from. Pass one as the `clock` option to run a day of traffic in a second and to get the same
 * answer twice; `VirtualClock` of `evenkeel/testing` is such a clock.
 */
export interface Clock {
  /** Monotonic milliseconds, from an origin of the clock's own. Always above 0. */
  now(): number
  /** Milliseconds since 1970, for log lines and cookie dates. */
  wallTime(): number
  /** Calls `callback` once, `ms` milliseconds from now. The timer alone does not keep a process alive. */
  setTimer(callback: () => void, ms: number): Timer
}

/** Node's limit for a timer: about 24.8 days. A longer one would fire at once. */
const longestTimer = 2 ** 31 - 1

class SystemTimer implements Timer {
  readonly #timeout: NodeJS.Timeout

  constructor(callback: () => void, ms: number) {
    this.#timeout = setTimeout(callback, Math.min(ms, longestTimer)).unref()
  }

  refresh(): void {
    this.#timeout.refresh()
  }

  cancel(): void {
    clearTimeout(this.#timeout)
  }
}

/** Taken out of the global object once: it is an accessor there, whose call costs a fifth of a reading. */
const { performance } = globalThis

/** The machine's own clock: the default everywhere. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  setTimer: (callback, ms) => new SystemTimer(callback, ms),
}

/** Reads the `clock` option. */
export function readClock(value: unknown, path: string): Clock {
  const clock = value as Partial<Clock> | null
  const methods = [clock?.now, clock?.wallTime, clock?.setTimer]
  if (methods.every((method) => typeof method === 'function')) return value as Clock
  throw new OptionError(path, value, 'a Clock: an object with now, wallTime and setTimer')
}
