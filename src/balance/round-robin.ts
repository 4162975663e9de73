import type { Server } from '../core/server.js'
import type { Balancer, PickContext } from './balancer.js'
import { WeightedTurn } from './weighted-turn.js'

/**
 * Each server in turn, as often as its weight says, the turns of one spread among those of the others. Weights may
 * change at any time. A full server misses its turn; one that comes back waits for its first turn up to about a cycle.
 * The sequences are HAProxy's own. HAProxy: `balance roundrobin`.
 *
 * @example
 * ```ts
 * new Backend('app', { balance: new RoundRobin(), servers: ['127.0.0.1:5001', '127.0.0.1:5002'] })
 * ```
 */
export class RoundRobin implements Balancer {
  readonly algorithm = 'roundrobin'
  readonly #active = new WeightedTurn()
  readonly #backup = new WeightedTurn()
  #turn = this.#active

  rebuild(candidates: readonly Server[]): void {
    const areBackups = candidates[0]?.backup === true
    this.#turn = areBackups ? this.#backup : this.#active
    this.#active.update(areBackups ? [] : candidates)
    // While active servers are there, the turn of the backups stands still.
    if (areBackups || candidates.length === 0) this.#backup.update(candidates)
  }

  pick({ avoid, explain }: PickContext): Server | undefined {
    const server = this.#turn.pick(avoid)
    if (server === undefined) return undefined
    if (server === avoid) explain?.('no other server has room')
    else explain?.(`its turn, by weight ${server.effectiveWeight} of ${this.#turn.weight}`)
    return server
  }

  onRelease(server: Server): void {
    this.#turn.readmit(server)
  }

  onRoom(server: Server): void {
    this.#turn.readmit(server)
  }
}
