import type { ExchangeView } from '../../core/exchange-view.js'
import type { Server } from '../../core/server.js'
import { avalanche, type HashFunction } from '../../util/hash.js'
import type { Balancer, PickContext } from '../balancer.js'
import type { HashInput } from './hash-input.js'
import type { HashSettings } from './hash-options.js'
import type { Placement } from './placement.js'

/**
 * Chooses by a hash of something that the exchange has, so that the same goes to the same server; full or not: it waits
 * there. Exchanges that have nothing to hash go to the servers in turn.
 */
export class HashBalancer implements Balancer {
  readonly algorithm: string
  readonly isStatic: boolean
  readonly isDeterministic = true
  readonly #input: HashInput
  readonly #hash: HashFunction
  readonly #isMixed: boolean
  readonly #placement: Placement

  constructor(algorithm: string, input: HashInput, { hash, isMixed, isStatic, placement }: HashSettings) {
    this.algorithm = algorithm
    this.isStatic = isStatic
    this.#input = input
    this.#hash = input.hash ?? hash
    this.#isMixed = isMixed
    this.#placement = placement
  }

  rebuild(candidates: readonly Server[], servers: readonly Server[]): void {
    this.#placement.update(candidates, servers)
  }

  pick({ exchange, avoid, explain }: PickContext): Server | undefined {
    const text = this.#input.read(exchange)
    if (text === undefined) {
      explain?.(`in turn, as there is no ${this.#input.name} to hash`)
      return this.#placement.next(avoid)
    }
    const plain = this.#hash(text)
    const hash = this.#isMixed ? avalanche(plain) : plain
    const server = this.#placement.at(hash, avoid)
    explain?.(`${this.#input.name} ${JSON.stringify(text)}, hash ${hash}, ${this.#placement.describe(hash)}`)
    return server
  }

  wantsPayload(exchange: ExchangeView): boolean {
    return this.#input.wantsPayload?.(exchange) === true
  }

  onTake(server: Server): void {
    this.#placement.onTake?.(server)
  }

  onRelease(server: Server): void {
    this.#placement.onRelease(server)
  }

  onRoom(server: Server): void {
    this.#placement.onRoom(server)
  }
}
