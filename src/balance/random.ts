import type { Server } from '../core/server.js'
import { OptionReader } from '../util/options.js'
import type { Random } from '../util/random.js'
import type { Balancer, PickContext } from './balancer.js'
import { WeightedLots } from './weighted-lots.js'

/** Options of {@link RandomDraws}. */
export interface RandomDrawsOptions {
  /**
   * How many servers are drawn, of which the least loaded one wins; 1 to 1000. Default 2. HAProxy: the argument of
   * `random`.
   */
  readonly draws?: number
}

/** Reads the options of {@link RandomDraws}. @internal */
export function readRandomDraws(reader: OptionReader): Required<RandomDrawsOptions> {
  return { draws: reader.integer('draws', 1, 1000) ?? 2 }
}

/**
 * Draws servers at random, by their weights, and chooses of those drawn the one with the fewest exchanges for its
 * weight, of several the last. Fit for many proxies before the same servers, which would fall into step with any turn.
 * Full servers are not drawn (HAProxy draws them, and lets the exchange wait though others have room).
 * HAProxy: `balance random`.
 *
 * @example
 * ```ts
 * new Backend('app', { balance: new RandomDraws({ draws: 3 }), servers: ['127.0.0.1:5001', '127.0.0.1:5002'] })
 * ```
 */
export class RandomDraws implements Balancer {
  readonly algorithm = 'random'
  readonly #draws: number
  #servers: readonly Server[] = []
  readonly #numbers = new Map<Server, number>()
  /** Those that may have room: one found full has no lot until it gives a slot back. */
  #lots = new WeightedLots([])
  #full = 0

  /** Throws an {@link EvenkeelError} for a bad or unknown option. */
  constructor(options: RandomDrawsOptions = {}, path = 'balance') {
    const reader = new OptionReader(options, path)
    this.#draws = readRandomDraws(reader).draws
    reader.end()
  }

  rebuild(candidates: readonly Server[]): void {
    this.#servers = candidates
    this.#lots = new WeightedLots(candidates.map(lotsOf))
    this.#full = 0
    this.#numbers.clear()
    for (const [number, server] of candidates.entries()) this.#numbers.set(server, number)
  }

  pick({ avoid, random, explain }: PickContext): Server | undefined {
    const avoided = avoid === undefined ? undefined : this.#numbers.get(avoid)
    const server = this.#leastLoaded(random, avoided)
    if (server !== undefined) {
      explain?.(`load ${server.served} for its weight ${server.effectiveWeight}, least of ${this.#draws} draws`)
      return server
    }
    if (avoided === undefined || avoid?.hasRoom !== true) return undefined
    explain?.('no other server has room')
    return avoid
  }

  #leastLoaded(random: Random, avoided: number | undefined): Server | undefined {
    let best: Server | undefined
    for (let draws = 0; draws < this.#draws; ) {
      const number = this.#draw(random, avoided)
      if (number === undefined) break
      const server = this.#servers[number]!
      if (!server.hasRoom) {
        this.#lots.setWeight(number, 0)
        this.#full++
        continue
      }
      draws++
      if (best === undefined || isNoBusier(server, best)) best = server
    }
    return best
  }

  /** Draws among all but one; undefined when that leaves nobody. */
  #draw(random: Random, avoided: number | undefined): number | undefined {
    const share = avoided === undefined ? 0 : this.#lots.weightOf(avoided)
    const total = this.#lots.total - share
    if (total === 0) return undefined
    const point = Math.floor(random.next() * total)
    const isBeyond = avoided !== undefined && point >= this.#lots.sumBelow(avoided)
    return this.#lots.at(isBeyond ? point + share : point)
  }

  onRelease(server: Server): void {
    this.onRoom(server)
  }

  onRoom(server: Server): void {
    if (this.#full === 0 || !server.hasRoom) return
    const number = this.#numbers.get(server)
    if (number === undefined || this.#lots.weightOf(number) > 0) return
    this.#lots.setWeight(number, lotsOf(server))
    this.#full--
  }
}

/** Whole numbers, as effective weights come in sixteenths. */
function lotsOf(server: Server): number {
  return server.effectiveWeight * 16
}

function isNoBusier(server: Server, than: Server): boolean {
  return server.served * than.effectiveWeight <= than.served * server.effectiveWeight
}
