import type { Clock, Timer } from '../util/clock.js'
import type { Server } from './server.js'
import { warmthAt } from './warmth.js'

/** How often servers that warm up take a step, as in HAProxy. */
const second = 1000

/** Options of {@link SlowStarts}. */
export interface SlowStartsOptions {
  readonly clock: Clock
  /** For servers that say nothing themselves, in milliseconds; 0: none. */
  readonly slowStart: number
  /** Whether weights stay as they are: the balancing algorithm is a static one. */
  readonly keepsWeights: boolean
  /** These servers have more of their weights and limits now. */
  readonly onStep: (servers: readonly Server[]) => void
}

/** The servers of a backend that warm up. They step together, once a second, whatever their number. */
export class SlowStarts {
  readonly #options: SlowStartsOptions
  readonly #warming = new Set<Server>()
  #timer: Timer | undefined

  constructor(options: SlowStartsOptions) {
    this.#options = options
  }

  /** Takes in a server's new state, once its moment is noted; `isBack`: it was down, or in maintenance. */
  stateChanged(server: Server, isBack: boolean): void {
    if (!server.isUp) this.#leave(server)
    else if (isBack) this.begin(server)
    // Any change of state begins the time anew, drain included: HAProxy's way.
    else if (this.#warming.has(server)) this.#warm(server)
  }

  begin(server: Server): void {
    this.#warming.add(server)
    this.#warm(server)
    if (this.#warming.size > 0) this.#timer ??= this.#options.clock.setTimer(() => this.#step(), second)
  }

  #warm(server: Server): void {
    const { clock, slowStart, keepsWeights } = this.#options
    const warmth = warmthAt(clock.now() - server.changedAt, server.slowStart ?? slowStart)
    if (warmth === undefined) this.#leave(server)
    else server.warm(keepsWeights ? { ...warmth, sixteenths: 16 } : warmth)
  }

  #leave(server: Server): void {
    if (!this.#warming.delete(server)) return
    server.warm(undefined)
    if (this.#warming.size > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #step(): void {
    const servers = [...this.#warming]
    for (const server of servers) this.#warm(server)
    this.#timer?.refresh()
    this.#options.onStep(servers)
  }
}
