import type { Balancer, PickContext } from '../../src/balance/balancer.js'
import { selectCandidates } from '../../src/balance/candidates.js'
import { type ExchangeView, RequestView } from '../../src/core/exchange-view.js'
import { Server, type ServerOptions } from '../../src/core/server.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { type Random, seededRandom } from '../../src/util/random.js'

/** Servers called a, b, c and so on, by weight or by options, before a balancer that hears of each of their changes. */
export class Pool {
  readonly servers: readonly Server[]
  /** The last reason that the balancer gave. */
  reason = ''
  readonly clock = new VirtualClock()
  readonly #balancer: Balancer
  readonly #random: Random

  constructor(
    balancer: Balancer,
    servers: readonly (number | Partial<ServerOptions>)[],
    random: Random = seededRandom(1),
  ) {
    this.#balancer = balancer
    this.#random = random
    this.servers = servers.map((options, index) => {
      const server = new Server(nameOf(index), {
        address: '127.0.0.1:5001',
        ...(typeof options === 'number' ? { weight: options } : options),
      })
      const listener = {
        serverChanged: () => this.rebuild(),
        slotFreed: () => balancer.onRelease?.(server),
      }
      server.join(listener, server.id || index + 1, undefined, 1)
      return server
    })
    this.rebuild()
  }

  rebuild(): void {
    this.#balancer.rebuild(selectCandidates(this.servers, true), this.servers)
  }

  /** The server called that. */
  get(name: string): Server {
    const server = this.servers.find((candidate) => candidate.name === name)
    if (server === undefined) throw new Error(`the pool has no server ${name}`)
    return server
  }

  pick(avoid?: Server, exchange: ExchangeView = anybody): Server | undefined {
    const context: PickContext = {
      exchange,
      avoid,
      random: this.#random,
      clock: this.clock,
      explain: (reason) => {
        this.reason = reason
      },
    }
    return this.#balancer.pick(context)
  }

  /** Picks and takes a slot. */
  take(avoid?: Server): Server | undefined {
    const server = this.pick(avoid)
    if (server !== undefined) this.occupy(server)
    return server
  }

  /** Takes a slot of a server by another way than a pick, as persistence would. */
  occupy(server: Server): void {
    server.take(1)
    this.#balancer.onTake?.(server)
  }

  /** Gives a slot of a server back after a response that took so long. */
  finish(server: Server, milliseconds: number): void {
    this.#balancer.onOutcome?.(server, 'response', milliseconds, this.clock.now())
    server.release()
  }

  /** The names of the next picks, one letter each, none of which lasts; `-` where nobody had room. */
  serve(count: number, avoid?: Server): string {
    return Array.from({ length: count }, () => {
      const server = this.take(avoid)
      server?.release()
      return server?.name ?? '-'
    }).join('')
  }
}

const anybody = new RequestView(undefined, { address: '127.0.0.1', port: 1 }, false)

function nameOf(index: number): string {
  return index < 26 ? String.fromCharCode(97 + index) : `s${index}`
}
