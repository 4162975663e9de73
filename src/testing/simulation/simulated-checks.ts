import type { Server } from '../../index.js'
import type { ClockEvent, VirtualClock } from '../virtual-clock.js'
import type { Outages } from './outages.js'

/** Checks one server as often as its options say, and finds what is to go wrong. Checks take no time. */
export class SimulatedChecks implements ClockEvent {
  due: number
  order = 0
  place = -1
  readonly #server: Server
  readonly #clock: VirtualClock
  readonly #outages: Outages

  constructor(server: Server, clock: VirtualClock, outages: Outages) {
    this.#server = server
    this.#clock = clock
    this.#outages = outages
    this.due = clock.now() + this.#interval
    clock.schedule(this)
  }

  callback(): void {
    const passed = this.#outages.passesCheck(this.#server, this.#clock.now())
    const result = passed
      ? ({ passed, status: 'L4OK', reason: 'well' } as const)
      : ({ passed, status: 'L4CON', reason: 'a simulated failure' } as const)
    this.#server.observeCheck({ ...result, duration: 0 })
    this.due = this.#clock.now() + this.#interval
    this.#clock.schedule(this)
  }

  get #interval(): number {
    const { riseFall } = this.#server
    const { interval, fastInterval, downInterval } = this.#server.check!
    if (riseFall?.isTransitional) return fastInterval
    return riseFall?.health === 0 ? downInterval : interval
  }

  stop(): void {
    this.#clock.cancel(this)
  }
}
