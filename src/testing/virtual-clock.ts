import type { Clock, Timer } from '../util/clock.js'
import { EvenkeelError, OptionError } from '../util/errors.js'
import { type HeapTimer, TimerHeap } from './timer-heap.js'

/** Options of a {@link VirtualClock}. */
export interface VirtualClockOptions {
  /** What `now()` says at first, in milliseconds above 0. Default 1. */
  readonly start?: number
  /** What `wallTime()` says at first: milliseconds since 1970, or a date. Default: 2020-01-01 00:00 UTC. */
  readonly epoch?: number | Date
}

/** Something that happens at an exact moment, its `due`, fractions of a millisecond included. @internal */
export interface ClockEvent extends HeapTimer {
  callback(): void
}

/** Node's limit for a timer, which the system clock has too. */
const longestTimer = 2 ** 31 - 1

/**
 * A clock that stands still until a test moves it. Pass it as the `clock` option, then call {@link advance}: all timers
 * that come due are fired in their order, each at its exact moment, with no real time passing.
 *
 * Timers keep the system clock's rules: a time below 1 ms counts as 1, a timer refreshed after it fired runs once more,
 * a cancelled one stays cancelled.
 *
 * @example
 * ```ts
 * const clock = new VirtualClock({ epoch: new Date('2024-02-29T12:00:00Z') })
 * const fired: number[] = []
 * clock.setTimer(() => fired.push(clock.now()), 1500)
 * clock.advance(2000)
 * console.log(fired, clock.now(), clock.timers) // [ 1501 ] 2001 0
 * ```
 */
export class VirtualClock implements Clock {
  readonly #heap = new TimerHeap<ClockEvent>()
  readonly #wallOffset: number
  #now: number
  #advancing = false

  /** Throws an {@link OptionError} for a start that is not above 0, or an epoch that is no time. */
  constructor(options: VirtualClockOptions = {}) {
    const { start = 1, epoch = Date.UTC(2020, 0, 1) } = options
    if (!(start > 0 && start < Infinity)) throw new OptionError('start', start, 'milliseconds above 0')
    if (!Number.isFinite(Number(epoch))) throw new OptionError('epoch', epoch, 'milliseconds since 1970, or a date')
    this.#now = start
    this.#wallOffset = Number(epoch) - start
  }

  /** Milliseconds, from `start` on. */
  now(): number {
    return this.#now
  }

  /** Whole milliseconds since 1970, from `epoch` on. */
  wallTime(): number {
    return Math.floor(this.#now + this.#wallOffset)
  }

  /** Calls `callback` once, when the clock has been advanced by `ms`. */
  setTimer(callback: () => void, ms: number): Timer {
    return new VirtualTimer(this, this.#heap, callback, ms >= 1 ? Math.min(ms, longestTimer) : 1)
  }

  /** How many timers are pending. At the end of a test 0 says that nothing was left behind. */
  get timers(): number {
    return this.#heap.size
  }

  /**
   * Moves the clock on by `ms` and fires what comes due on the way, timers that the callbacks set included. A callback
   * that throws ends the call there and then, with the clock at that timer's moment. Throws `ERR_EVENKEEL_STATE` when
   * called from within a timer's callback, or while {@link advanceAsync} is under way.
   */
  advance(ms: number): void {
    const end = this.#begin(ms)
    try {
      while (this.#fireNext(end));
      this.#now = end
    } finally {
      this.#advancing = false
    }
  }

  /**
   * Does the same as {@link advance}, but lets promise jobs (and whatever else is ready in the event loop) run before the
   * first timer and after each one, for code that awaits between its timers. Rejects where `advance` throws.
   */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#begin(ms)
    try {
      do await eventLoopTurn()
      while (this.#fireNext(end))
      this.#now = end
    } finally {
      this.#advancing = false
    }
  }

  /** Lets an event happen when its time has come, which is not over yet. @internal */
  schedule(event: ClockEvent): void {
    this.#heap.add(event)
  }

  /** Lets it not happen. @internal */
  cancel(event: ClockEvent): void {
    this.#heap.remove(event)
  }

  /**
   * Moves on from one timer or event to the next, for as long as `goesOn` says and up to `end`, and stays at the last.
   * @internal
   */
  run(goesOn: () => boolean, end: number): void {
    this.#begin(0)
    try {
      while (goesOn() && this.#fireNext(end));
    } finally {
      this.#advancing = false
    }
  }

  #begin(ms: number): number {
    if (!(ms >= 0 && ms < Infinity)) throw new OptionError('ms', ms, 'milliseconds, 0 or more')
    if (this.#advancing) throw new EvenkeelError('ERR_EVENKEEL_STATE', 'the virtual clock is being advanced already')
    this.#advancing = true
    return this.#now + ms
  }

  /** Fires the next timer that is due by `end`, and says whether there was one. */
  #fireNext(end: number): boolean {
    const next = this.#heap.first
    if (next === undefined || next.due > end) return false
    this.#heap.remove(next)
    this.#now = next.due
    next.callback()
    return true
  }
}

class VirtualTimer implements Timer, ClockEvent {
  due = 0
  order = 0
  place = -1
  #cancelled = false

  constructor(
    readonly clock: Clock,
    readonly heap: TimerHeap<ClockEvent>,
    readonly callback: () => void,
    readonly ms: number,
  ) {
    this.refresh()
  }

  refresh(): void {
    if (this.#cancelled) return
    this.heap.remove(this)
    this.due = this.clock.now() + this.ms
    this.heap.add(this)
  }

  cancel(): void {
    this.#cancelled = true
    this.heap.remove(this)
  }
}

/** A turn of the event loop runs the whole queue of promise jobs, however long their chains are. */
function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
