import type { Server } from '../core/server.js'
import type { TryOutcome } from '../core/try-outcome.js'
import { type Duration, OptionReader } from '../util/options.js'
import type { Balancer, PickContext } from './balancer.js'
import { readDecayTime } from './decay-time.js'
import { type ResponseTime, ResponseTimes } from './response-times.js'
import { ServerLots } from './server-lots.js'

/** Options of {@link PeakEwma}. */
export interface PeakEwmaOptions {
  /** After how long a response time counts 37 percent of what it did; 1ms or more. Default 10s. */
  readonly decayTime?: Duration
}

/** Reads the options of {@link PeakEwma}. @internal */
export function readPeakEwma(reader: OptionReader): { readonly decayTime: number } {
  return { decayTime: readDecayTime(reader) }
}

/** Of two costs that are nearer to each other than this, neither is the lower one: what lies between them is chance. */
const nearness = 0.9

/** What a busy server costs of which nothing is known yet, so that it is tried once before it gets more. */
const unknown = 1e9

/**
 * Draws two servers at random, by their weights, and chooses the one that will answer sooner: response time times one
 * more than the exchanges that it has for its weight. A response time is an average that longer times raise at once and
 * shorter ones lower slowly, so that a server that begins to falter is left at once; forgotten in time, it is tried
 * again. A failure counts as a second. Fit for servers of unequal or changing speed, and for many proxies before the
 * same servers. Finagle's Peak EWMA; HAProxy has nothing like it.
 *
 * @example
 * ```ts
 * new Backend('app', { balance: new PeakEwma({ decayTime: '5s' }), servers: ['127.0.0.1:5001', '127.0.0.1:5002'] })
 * ```
 */
export class PeakEwma implements Balancer {
  readonly algorithm = 'peakEwma'
  readonly #decayTime: number
  readonly #times: ResponseTimes
  #servers: readonly Server[] = []
  /** What is known of each of them. */
  #known: readonly ResponseTime[] = []
  #lots = new ServerLots([])

  /** Throws an {@link EvenkeelError} for a bad or unknown option. */
  constructor(options: PeakEwmaOptions = {}, path = 'balance') {
    const reader = new OptionReader(options, path)
    this.#decayTime = readPeakEwma(reader).decayTime
    this.#times = new ResponseTimes(this.#decayTime, 'peak')
    reader.end()
  }

  rebuild(candidates: readonly Server[]): void {
    this.#servers = candidates
    this.#known = candidates.map((server) => this.#times.of(server))
    this.#lots = new ServerLots(candidates)
  }

  pick({ avoid, random, clock, explain }: PickContext): Server | undefined {
    const avoided = avoid === undefined ? -1 : this.#lots.numberOf(avoid)
    const first = this.#lots.draw(random, avoided, -1)
    if (first < 0) {
      if (avoided < 0 || avoid?.hasRoom !== true) return undefined
      explain?.('no other server has room')
      return avoid
    }
    const second = this.#lots.draw(random, avoided, first)
    const number = second < 0 ? first : this.#cheaper(first, second, clock.now())
    explain?.(`cost ${this.#cost(number, clock.now()).toFixed(1)}, less of two draws`)
    return this.#servers[number]
  }

  #cheaper(first: number, second: number, now: number): number {
    return this.#cost(second, now) < nearness * this.#cost(first, now) ? second : first
  }

  /** A server of weight w stands for w servers, which are drawn as often as any and share what it has to do. */
  #cost(number: number, now: number): number {
    const server = this.#servers[number]!
    const load = (server.served + server.queued) / server.effectiveWeight
    const milliseconds = this.#known[number]!.valueAt(now, this.#decayTime)
    if (milliseconds === 0) return load === 0 ? 0 : unknown * (1 + load)
    return milliseconds * (1 + load)
  }

  onRelease(server: Server): void {
    this.#lots.readmit(server)
  }

  onRoom(server: Server): void {
    this.#lots.readmit(server)
  }

  onOutcome(server: Server, outcome: TryOutcome, milliseconds: number, now: number): void {
    this.#times.add(server, outcome, milliseconds, now)
  }
}
