import type { Bond } from '../persistence/bond.js'
import type { Backend } from './backend.js'
import { countFailure } from './count-failure.js'
import type { ExchangeRecord } from './exchange-record.js'
import type { ExchangeView } from './exchange-view.js'
import type { FailureKind, Phase } from './failure.js'
import type { Frontend } from './frontend.js'
import type { RequestHead } from './message/head.js'
import { terminationState } from './outcome.js'
import type { Server } from './server.js'
import { countedOutcome, type TrackedExchange } from './tracked-exchange.js'
import { outcomeOfFailure, outcomeOfResponse, type TryOutcome } from './try-outcome.js'

/**
 * What is to be known of an exchange when it is over: moments, bytes, tries and outcome. The exchange writes it down as
 * it goes; counters and log read it once.
 */
export class ExchangeAccount {
  backend: Backend | undefined
  /** What binds the exchange to a server; undefined where its backend has no persistence. */
  bond: Bond | undefined
  /** The last server that was chosen. */
  server: Server | undefined
  /** What the client got; -1: nothing. */
  status = -1
  bytesIn = 0
  bytesOut = 0
  retries = 0
  redispatched = false
  cause: Error | undefined
  /** Where stick tables count it; undefined: nowhere. */
  tracked: TrackedExchange | undefined
  assignedAt = -1
  connectedAt = -1
  respondedAt = -1
  /** How much of the bytes the counters have had already. */
  #countedIn = 0
  #countedOut = 0
  /** When the present try began; -1: none is under way, or how it went is told already. */
  #triedAt = -1
  #requestEndedAt = -1
  #endedAt = -1
  #failure: FailureKind | undefined
  #phase: Phase = 'request'

  constructor(
    readonly startedAt: number,
    /** -1: the head was never complete. */
    readonly headAt: number,
  ) {}

  /** It leaves a queue, unserved maybe. The wait counts even then: Tw tells of it, as in HAProxy. */
  waited(now: number): void {
    if (this.assignedAt < 0) this.assignedAt = now
  }

  /** It goes to another server, and that is counted already. */
  moveAway(): void {
    this.redispatched = true
    this.server = undefined
  }

  /** It goes to another server. */
  moveFrom(server: Server): void {
    this.moveAway()
    server.counters.redispatches++
    this.backend!.counters.redispatches++
  }

  // -- Tries ----------------------------------------------------------------------------------------------------------

  /** Goes to a server, for the first time or again. */
  tryBegan(server: Server, now: number): void {
    this.server = server
    this.#triedAt = now
    this.connectedAt = -1
    if (this.assignedAt < 0) this.assignedAt = now
  }

  connected(reused: boolean, now: number): void {
    this.connectedAt = now
    this.server!.counters.connected(reused)
    this.backend!.counters.connected(reused)
  }

  /** All of a request's body has come. */
  requestEnded(): void {
    if (this.backend?.balancer.onOutcome !== undefined) this.#requestEndedAt = this.backend.clock.now()
  }

  /** A response began; of TCP -1: a server is connected. */
  responseBegan(status: number, now: number): void {
    this.respondedAt = now
    this.status = status
  }

  /** The head of a response of so many bytes is on its way to the client. */
  responded(headLength: number, isRequestComplete: boolean): void {
    this.tracked?.responded(headLength)
    this.#tellOutcome(outcomeOfResponse(this.status), isRequestComplete)
  }

  /** The try under way, if any, came to nothing. */
  tryFailed(kind: FailureKind | 'unwanted', isRequestComplete: boolean, wasReused = false): void {
    if (this.#triedAt >= 0) this.#tellOutcome(outcomeOfFailure(kind, wasReused), isRequestComplete)
  }

  /** Tells a balancer that wants to know. Before it has the whole request, no server can be late. */
  #tellOutcome(outcome: TryOutcome, isRequestComplete: boolean): void {
    const { backend, server } = this
    const triedAt = this.#triedAt
    this.#triedAt = -1
    if (backend?.balancer.onOutcome === undefined || server === undefined) return
    const now = this.respondedAt >= 0 ? this.respondedAt : backend.clock.now()
    let since = triedAt
    if (backend.mode === 'http') {
      if (outcome === 'response' && !isRequestComplete) return
      since = isRequestComplete ? Math.max(triedAt, this.connectedAt, this.#requestEndedAt) : now
    }
    backend.tellOutcome(server, outcome, now - since, now)
  }

  /** The carrier would not send the response that had begun. */
  responseRefused(reason: unknown): void {
    this.bytesOut = 0
    this.cause = reason instanceof Error ? reason : undefined
  }

  /** So much has passed through a tunnel. It is counted at once: a tunnel may last for days. */
  passed(bytesIn: number, bytesOut: number, frontend: Frontend): void {
    this.bytesIn += bytesIn
    this.bytesOut += bytesOut
    this.#countBytes(frontend)
  }

  #countBytes({ counters }: Frontend): void {
    const bytesIn = this.bytesIn - this.#countedIn
    const bytesOut = this.bytesOut - this.#countedOut
    this.#countedIn = this.bytesIn
    this.#countedOut = this.bytesOut
    counters.passed(bytesIn, bytesOut)
    this.backend?.counters.passed(bytesIn, bytesOut)
    this.server?.counters.passed(bytesIn, bytesOut)
    this.tracked?.passed(bytesIn, bytesOut)
  }

  /** Closes the account, and moves every counter that it concerns. */
  close(failure: FailureKind | undefined, phase: Phase, frontend: Frontend, endedAt: number): void {
    this.#failure = failure
    this.#phase = phase
    this.#endedAt = endedAt
    const { counters } = frontend
    if (this.status > 0) counters.responses.count(this.status)
    this.#countBytes(frontend)
    this.tracked?.close(countedOutcome(this.status, failure, phase))
    if (this.backend !== undefined) this.#countServing(this.backend)
    if (failure !== undefined) countFailure(failure, phase, counters, this.backend?.counters, this.server?.counters)
  }

  #countServing(backend: Backend): void {
    this.#countIn(backend.counters)
    if (this.status > 0) backend.counters.responses.count(this.status)
    if (this.server === undefined) return
    this.#countIn(this.server.counters)
    // What the proxy answers itself is no response of the server.
    if (this.respondedAt >= 0 && this.status > 0) this.server.counters.responses.count(this.status)
  }

  #countIn(counters: Backend['counters']): void {
    if (this.#failure === undefined) counters.times.count(this.#Tw(), this.#Tc(), this.#Tr(), this.#Ta())
  }

  #Tw(): number {
    return span(this.headAt, this.assignedAt)
  }

  #Tc(): number {
    return span(this.assignedAt, this.connectedAt)
  }

  #Tr(): number {
    return span(this.connectedAt, this.respondedAt)
  }

  #Ta(): number {
    return this.#endedAt - this.startedAt
  }

  #cookies(): string {
    return (this.bond && this.backend?.persistence?.lettersOf(this.bond)) ?? '--'
  }

  /** What the log gets. */
  record(frontend: Frontend, { source }: ExchangeView, head: RequestHead | undefined): ExchangeRecord {
    return {
      time: new Date(frontend.clock.wallTime() - this.#Ta()).toISOString(),
      client: source.address,
      clientPort: source.port,
      frontend: frontend.name,
      backend: this.backend?.name ?? null,
      server: this.server?.name ?? null,
      method: head?.method ?? '',
      target: head?.target ?? '',
      version: head?.version ?? '',
      status: this.status,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      TR: Math.round(span(this.startedAt, this.headAt)),
      Tw: Math.round(this.#Tw()),
      Tc: Math.round(this.#Tc()),
      Tr: Math.round(this.#Tr()),
      Ta: Math.round(this.#Ta()),
      termination: terminationState(this.#failure, this.#phase) + this.#cookies(),
      failure: this.#failure ?? null,
      error: this.cause?.message ?? null,
      retries: this.retries,
      redispatched: this.redispatched,
    }
  }
}

function span(from: number, to: number): number {
  return from < 0 || to < 0 ? -1 : to - from
}
