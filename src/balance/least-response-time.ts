import type { Server } from '../core/server.js'
import type { TryOutcome } from '../core/try-outcome.js'
import { type Duration, OptionReader } from '../util/options.js'
import type { Balancer, PickContext } from './balancer.js'
import { readDecayTime } from './decay-time.js'
import { RankedServers } from './ranked-servers.js'
import { ResponseTimes } from './response-times.js'

/** Options of {@link LeastResponseTime}. */
export interface LeastResponseTimeOptions {
  /** After how long a response time counts 37 percent of what it did; 1ms or more. Default 10s. */
  readonly decayTime?: Duration
}

/** Reads the options of {@link LeastResponseTime}. @internal */
export function readLeastResponseTime(reader: OptionReader): { readonly decayTime: number } {
  return { decayTime: readDecayTime(reader) }
}

/** Servers of which nothing is known yet come first while they are idle, and last while they are being tried. */
const untried = -1e300
const beingTried = 1e300

/**
 * The server that is expected to answer soonest: its average response time, times one more than the exchanges that it
 * has for its weight. It is the exact least of all servers, kept in a heap, and so suits the only proxy before its
 * servers; many proxies before the same ones would all run to the same server: see {@link PeakEwma}. An average of
 * which nothing new is heard is forgotten, so that a slow server is tried again. A failure counts as a second. HAProxy
 * has nothing like it; nginx calls it `least_time`.
 *
 * @example
 * ```ts
 * new Backend('app', { balance: new LeastResponseTime(), servers: ['127.0.0.1:5001', '127.0.0.1:5002'] })
 * ```
 */
export class LeastResponseTime implements Balancer {
  readonly algorithm = 'leastResponseTime'
  readonly #decayTime: number
  readonly #times: ResponseTimes
  readonly #ranked = new RankedServers((server, weight) => this.#rank(server, weight))

  /** Throws an {@link EvenkeelError} for a bad or unknown option. */
  constructor(options: LeastResponseTimeOptions = {}, path = 'balance') {
    const reader = new OptionReader(options, path)
    this.#decayTime = readLeastResponseTime(reader).decayTime
    this.#times = new ResponseTimes(this.#decayTime, 'mean')
    reader.end()
  }

  rebuild(candidates: readonly Server[]): void {
    this.#ranked.update(candidates)
  }

  pick({ avoid, clock, explain }: PickContext): Server | undefined {
    const server = this.#ranked.first(avoid)
    if (explain === undefined || server === undefined) return server
    const milliseconds = this.#times.of(server).valueAt(clock.now(), this.#decayTime)
    const load = `load ${server.served + server.queued} for its weight ${server.effectiveWeight}`
    explain(`the least wait: ${milliseconds.toFixed(1)} ms to answer, ${load}`)
    return server
  }

  /**
   * The logarithm of the wait. While nothing is heard of them, averages shrink alike; in logarithms by the same amount,
   * so that taking that amount out once and for all leaves ranks that stand still while time passes.
   */
  #rank(server: Server, weight: number): number {
    const { value, at } = this.#times.of(server)
    // A server of weight w shares what it has to do among as many as w of weight 1 would.
    const load = (server.served + server.queued) / weight
    if (value === 0) return load === 0 ? untried : beingTried * (1 + load)
    return Math.log(value * (1 + load)) + at / this.#decayTime
  }

  onTake(server: Server): void {
    this.#ranked.settle(server)
  }

  onRelease(server: Server): void {
    this.#ranked.settle(server)
  }

  onRoom(server: Server): void {
    this.#ranked.readmit(server)
  }

  onOutcome(server: Server, outcome: TryOutcome, milliseconds: number, now: number): void {
    this.#times.add(server, outcome, milliseconds, now)
    this.#ranked.settle(server)
  }
}
