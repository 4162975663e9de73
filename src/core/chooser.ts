import type { Balancer, PickContext } from '../balance/balancer.js'
import type { Candidates } from '../balance/candidates.js'
import type { Clock } from '../util/clock.js'
import type { Random } from '../util/random.js'
import { boundServer } from './bound-server.js'
import { type ExchangeView, noExchange } from './exchange-view.js'
import { Server } from './server.js'
import type { TryOutcome } from './try-outcome.js'

/** What a {@link Chooser} works with. */
export interface ChooserOptions {
  readonly balancer: Balancer
  readonly candidates: Candidates
  /** All servers of the backend, by name. */
  readonly servers: ReadonlyMap<string, Server>
  readonly random: Random
  readonly clock: Clock
  /** Hears of what the balancer throws where nobody waits for an answer. */
  readonly onFault: (thrown: unknown) => void
}

/** A backend's balancer, which may be anybody's: what it is told, and what becomes of what it throws. */
export class Chooser {
  readonly #options: ChooserOptions
  readonly #context: { -readonly [Key in keyof PickContext]: PickContext[Key] }
  #isStale = true

  constructor(options: ChooserOptions) {
    this.#options = options
    const { random, clock } = options
    this.#context = { exchange: noExchange, avoid: undefined, random, clock, explain: undefined }
  }

  /** Servers or their weights changed. The balancer hears of it right before a pick: of many changes at once, once. */
  serversChanged(): void {
    this.#isStale = true
  }

  /** Tells the balancer of the servers now. */
  refresh(): void {
    this.#isStale = false
    const { balancer, candidates, servers, onFault } = this.#options
    try {
      balancer.rebuild(candidates.list, [...servers.values()])
    } catch (thrown) {
      onFault(thrown)
    }
  }

  /** Chooses. Throws what the balancer throws, and where it gives something else than a usable server. */
  pick(exchange: ExchangeView, avoid: Server | undefined, explain: PickContext['explain']): Server | undefined {
    const context = this.#context
    context.exchange = exchange
    context.avoid = avoid
    context.explain = explain
    const bound = boundServer(context)
    const server = bound !== undefined && this.#isOurs(bound) ? bound : this.#ask(context)
    context.exchange = noExchange
    return server
  }

  #ask(context: PickContext): Server | undefined {
    if (this.#isStale) this.refresh()
    const { balancer } = this.#options
    const server = balancer.pick(context)
    if (server === undefined || (server instanceof Server && server.isUsable && this.#isOurs(server))) return server
    throw new TypeError(`${balancer.algorithm} picked what is no usable server of the backend`)
  }

  #isOurs(server: Server): boolean {
    return this.#options.servers.get(server.name) === server
  }

  /** Whether more of what the client sends is wanted before a pick. */
  wantsPayload(view: ExchangeView): boolean {
    try {
      return this.#options.balancer.wantsPayload?.(view) === true
    } catch (thrown) {
      this.#options.onFault(thrown)
      return false
    }
  }

  /** Tells the balancer how a try went. */
  tellOutcome(server: Server, outcome: TryOutcome, milliseconds: number, now: number): void {
    try {
      this.#options.balancer.onOutcome?.(server, outcome, milliseconds, now)
    } catch (thrown) {
      this.#options.onFault(thrown)
    }
  }

  /** Tells the balancer of a slot. */
  tell(hook: 'onTake' | 'onRelease' | 'onRoom', server: Server): void {
    try {
      this.#options.balancer[hook]?.(server)
    } catch (thrown) {
      this.#options.onFault(thrown)
    }
  }
}
