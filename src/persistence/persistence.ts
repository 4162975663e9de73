import type { RequestView } from '../core/exchange-view.js'
import type { RequestHead, ResponseHead } from '../core/message/head.js'
import type { HeadEdits } from '../core/message/head-edits.js'
import { ReceivedResponse } from '../core/response-view.js'
import type { Server } from '../core/server.js'
import type { PersistenceStep, TraceStep } from '../core/trace.js'
import { evaluate } from '../rules/condition.js'
import type { Clock } from '../util/clock.js'
import type { OptionReader } from '../util/options.js'
import { Bond } from './bond.js'
import { CookiePersistence } from './cookie.js'
import { type PersistenceSettings, persistenceNames, readPersistence } from './persistence-options.js'
import { Reach } from './reach.js'
import { StickRules } from './stick-rules.js'
import { useServer } from './use-server.js'

/**
 * What keeps clients of one backend on their servers. It knows the order of precedence; how each way works, its own
 * class knows. A backend without any has none of these.
 */
export class Persistence {
  readonly #settings: PersistenceSettings
  readonly #clock: Clock
  readonly #reach: Reach
  readonly #cookie: CookiePersistence | undefined
  readonly #stick: StickRules

  constructor(settings: PersistenceSettings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
    this.#reach = new Reach(settings.persist)
    this.#cookie = settings.cookie && new CookiePersistence(settings.cookie)
    this.#stick = new StickRules(settings.stick)
  }

  /** The name of the cookie; undefined: there is none. */
  get cookieName(): string | undefined {
    return this.#settings.cookie?.name
  }

  /** Whether exchanges go to servers that are down. */
  get persists(): boolean {
    return this.#settings.persist
  }

  join(server: Server): void {
    this.#reach.join(server)
    this.#cookie?.join(server)
  }

  /**
   * Leads nobody to a server from now on, as those would keep it from ever being left. To it again when the departure
   * comes to nothing.
   */
  async depart(server: Server, departure: Promise<void>): Promise<void> {
    this.#reach.leave(server)
    this.#cookie?.leave(server)
    try {
      await departure
    } catch (reason) {
      this.join(server)
      throw reason
    }
  }

  /** Begins with an exchange. With `trace`, everything is looked at and nothing changed. */
  open(view: RequestView, trace?: PersistenceStep[]): Bond {
    return new Bond(view, trace)
  }

  /** Takes out of a request what is not for servers. */
  clean(head: RequestHead, edits: HeadEdits): void {
    this.#cookie?.clean(head, edits)
  }

  /** Finds the server that the exchange is bound to, once: whoever loosens a bond has another server chosen. */
  settle(bond: Bond): void {
    if (bond.isSettled) return
    const { forcePersist, ignorePersist, appSession } = this.#settings
    if (forcePersist !== undefined && evaluate(forcePersist, bond.view)) bond.isForced = true
    else if (ignorePersist !== undefined && evaluate(ignorePersist, bond.view)) bond.ignoresCookies = true
    useServer(this.#settings.useServer, bond, this.#reach)
    this.#cookie?.find(bond, this.#clock.wallTime(), this.#reach)
    appSession?.find(bond, this.#reach)
    this.#stick.find(bond, this.#reach)
    bond.isSettled = true
  }

  /**
   * A server has answered: makes the edits of its response, and remembers the server with the keys of the exchange.
   * `head` is undefined in TCP mode.
   */
  answered(bond: Bond, server: Server, head: ResponseHead | undefined, edits: HeadEdits): void {
    if (head !== undefined) {
      this.#cookie?.mark(bond, head, server, edits, this.#clock.wallTime())
      this.#settings.appSession?.learn(bond, head, server)
      if (this.#stick.needsResponse) bond.view.response = new ReceivedResponse(head)
    }
    this.#stick.store(bond, server)
  }

  /** What the log says of cookies: two letters of HAProxy's termination state. */
  lettersOf(bond: Bond): string {
    return this.#cookie?.lettersOf(bond) ?? '--'
  }
}

/** Makes what keeps clients on their servers, if the options of a backend ask for anything of it. */
export function makePersistence(reader: OptionReader, clock: Clock): Persistence | undefined {
  const settings = readPersistence(reader, clock)
  return persistenceNames.some((name) => reader.raw(name) !== undefined) ? new Persistence(settings, clock) : undefined
}

/** Looks for what binds a request to a server, and says why; nothing changes. */
export function tracePersistence(
  persistence: Persistence | undefined,
  view: RequestView,
  trace: TraceStep[],
): Bond | undefined {
  const steps: PersistenceStep[] = []
  const bond = persistence?.open(view, steps)
  if (bond !== undefined) persistence?.settle(bond)
  const reason =
    persistence === undefined ? 'the backend has no persistence' : 'nothing in the request binds it to a server'
  if (steps.length === 0) trace.push({ step: 'persistence', result: 'none', reason })
  trace.push(...steps)
  return bond
}
