import type { Server } from '../core/server.js'
import { OptionReader } from '../util/options.js'
import type { Random } from '../util/random.js'
import type { Balancer, PickContext } from './balancer.js'
import { ServerLots } from './server-lots.js'

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
  #lots = new ServerLots([])

  /** Throws an {@link EvenkeelError} for a bad or unknown option. */
  constructor(options: RandomDrawsOptions = {}, path = 'balance') {
    const reader = new OptionReader(options, path)
    this.#draws = readRandomDraws(reader).draws
    reader.end()
  }

  rebuild(candidates: readonly Server[]): void {
    this.#servers = candidates
    this.#lots = new ServerLots(candidates)
  }

  pick({ avoid, random, explain }: PickContext): Server | undefined {
    const avoided = avoid === undefined ? -1 : this.#lots.numberOf(avoid)
    const server = this.#leastLoaded(random, avoided)
    if (server !== undefined) {
      explain?.(`load ${server.served} for its weight ${server.effectiveWeight}, least of ${this.#draws} draws`)
      return server
    }
    if (avoided < 0 || avoid?.hasRoom !== true) return undefined
    explain?.('no other server has room')
    return avoid
  }

  #leastLoaded(random: Random, avoided: number): Server | undefined {
    let best: Server | undefined
    for (let draws = 0; draws < this.#draws; draws++) {
      const number = this.#lots.draw(random, avoided, -1)
      if (number < 0) break
      const server = this.#servers[number]!
      if (best === undefined || isNoBusier(server, best)) best = server
    }
    return best
  }

  onRelease(server: Server): void {
    this.#lots.readmit(server)
  }

  onRoom(server: Server): void {
    this.#lots.readmit(server)
  }
}

function isNoBusier(server: Server, than: Server): boolean {
  return server.served * than.effectiveWeight <= than.served * server.effectiveWeight
}
