import type { RequestView } from '../core/exchange-view.js'
import type { Server } from '../core/server.js'
import type { PersistenceStep } from '../core/trace.js'
import type { StickyKey } from '../sticky-table/sticky-key.js'
import type { StickyTable } from '../sticky-table/sticky-table.js'

/** What became of the request's cookie: HAProxy's third letter of the termination state. */
export type RequestCookieState = 'N' | 'I' | 'D' | 'V' | 'E' | 'O' | 'U'

/** What became of the response's: HAProxy's fourth letter. */
export type ResponseCookieState = 'N' | 'I' | 'U' | 'P' | 'R' | 'D'

/** What binds one exchange to a server, and what it shall leave behind for those that follow. */
export class Bond {
  /** The server that the exchange is bound to; undefined: none, and the balancer chooses. */
  server: Server | undefined
  /** Persistence has been asked. */
  isSettled = false
  /** The server gets the exchange whatever its state, and no other one does. HAProxy: `force-persist`. */
  isForced = false
  /** Cookies neither bind the exchange nor are set. HAProxy: `ignore-persist`. */
  ignoresCookies = false
  requestCookie: RequestCookieState = 'N'
  responseCookie: ResponseCookieState = 'N'
  /** When the client was last seen, and first, as its cookie says: milliseconds since 1970. */
  lastSeen: number | undefined
  firstSeen: number | undefined
  /** The id of the client's session at the application, as the request has it. */
  sessionId: string | undefined
  /** The keys that shall stand for the server, once it has answered. */
  readonly stores: { readonly table: StickyTable; readonly key: StickyKey }[] = []

  constructor(
    readonly view: RequestView,
    /** Set when somebody asks why: nothing may change then. */
    readonly trace: PersistenceStep[] | undefined,
  ) {}

  /** Whether the server was found by persistence, not by balancing. HAProxy: its flag `DIRECT`. */
  get isPersistent(): boolean {
    return this.server !== undefined
  }

  /** Lets another server be chosen; a forced bond stays. */
  loosen(): void {
    if (this.isForced) return
    this.server = undefined
    if (this.requestCookie === 'V') this.requestCookie = 'D'
  }

  /** Whether something is to be stored into the table, from the store of that number on. */
  storesInto(table: StickyTable, from: number): boolean {
    for (let i = from; i < this.stores.length; i++) if (this.stores[i]!.table === table) return true
    return false
  }

  /** Tells what was looked at and what came of it, where somebody asks. */
  note(
    kind: PersistenceStep['kind'],
    key: unknown,
    server: string | undefined,
    result: PersistenceStep['result'],
    reason: string,
  ): void {
    this.trace?.push({ step: 'persistence', kind, key, server, result, reason })
  }
}
