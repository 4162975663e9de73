import type { ExchangeView } from '../core/exchange-view.js'
import type { Server } from '../core/server.js'
import type { TryOutcome } from '../core/try-outcome.js'
import type { Clock } from '../util/clock.js'
import type { Random } from '../util/random.js'

/** What a balancer may know of the pick that it is asked for. The object is reused: keep nothing of it. */
export interface PickContext {
  /** What asks for a server. */
  readonly exchange: ExchangeView
  /** The server to leave out if another fits: the one that just failed this exchange. */
  readonly avoid: Server | undefined
  /** Chance, as the backend was given it. */
  readonly random: Random
  /** Time, as the backend was given it. */
  readonly clock: Clock
  /** Set when somebody asks why: call it with a sentence about the choice. */
  readonly explain: ((reason: string) => void) | undefined
}

/**
 * Chooses a server for an exchange. A balancer never asks whether a server is up: it only ever sees usable ones.
 *
 * Its promises: it is synchronous; a pick costs O(1) or O(log n); it picks only candidates, and not `context.avoid` if
 * another fits; it gives `undefined` when nobody has room (`server.hasRoom`); it keeps its turn over a rebuild. A
 * deterministic one may pick a server without room, where the exchange then waits, and may pick `context.avoid` again.
 */
export interface Balancer {
  /** HAProxy's name of the algorithm, or one of its own. */
  readonly algorithm: string
  /** Whether it goes by `server.weight` even while a server warms up (`slowStart`). Default: no. HAProxy's static ones. */
  readonly isStatic?: boolean
  /**
   * The same exchange always goes to the same server, as far as it is usable: after a failure the exchange stays with
   * its server as one with persistence does, and goes elsewhere on the last retry alone. Default: no.
   */
  readonly isDeterministic?: boolean
  /**
   * Takes the usable servers and their weights (`server.effectiveWeight`, 1/16 to 256); called before the first pick
   * after either changed, once however much did. `servers` are all of the backend's, usable or not.
   */
  rebuild(candidates: readonly Server[], servers: readonly Server[]): void
  /** Chooses, or gives `undefined` when nobody has room. */
  pick(context: PickContext): Server | undefined
  /**
   * Whether it wants to see more of what the client sends after the head before it picks: `exchange.payload` then has
   * its first 16 KiB, or all of it. Asked before a pick as long as there is more to come; in TCP mode from the
   * connection's first byte on.
   */
  wantsPayload?(exchange: ExchangeView): boolean
  /** A slot of `server` was taken, by whatever choice. */
  onTake?(server: Server): void
  /** A slot of `server` was given back. */
  onRelease?(server: Server): void
  /** `server` has room again though no slot was given back: its limit grew, or who waited for it left. */
  onRoom?(server: Server): void
  /**
   * How a try with `server` went, and after how many milliseconds: counted from when the whole request had left for the
   * server, in TCP mode from the first attempt to connect. `now` is the backend's time.
   */
  onOutcome?(server: Server, outcome: TryOutcome, milliseconds: number, now: number): void
}
