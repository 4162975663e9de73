import type { Duplex } from 'node:stream'
import type { Bond } from '../persistence/bond.js'
import type { DeadlineOwner } from '../util/deadline.js'
import { answerError } from './answer-error.js'
import type { Backend } from './backend.js'
import type { Candidate } from './candidate.js'
import type { Chunk, ClientListener, Downstream, ServerListener, Try } from './carrier.js'
import { ExchangeAccount } from './exchange-account.js'
import type { EndedExchange, ExchangeRecord } from './exchange-record.js'
import type { RequestView } from './exchange-view.js'
import type { FailureKind, Phase, TryFailure } from './failure.js'
import type { Frontend } from './frontend.js'
import type { RequestDefect, RequestHead, ResponseHead } from './message/head.js'
import type { HeadEdits } from './message/head-edits.js'
import { outcomes } from './outcome.js'
import { Outgoing } from './outgoing.js'
import type { PayloadAsker } from './payload.js'
import { type PrioritySettings, usualPriority } from './priority.js'
import { ReplayBuffer } from './replay-buffer.js'
import { responseEdits } from './response-edits.js'
import { type RetryCause, silence, unwanted } from './retry.js'
import type { Server } from './server.js'
import type { Session } from './session.js'
import { tunnelLimits } from './tunnel-limits.js'
import { Turn } from './turn.js'
import type { WaitQueue } from './wait-queue.js'

/**
 * The life of one request and its response, or of one TCP connection: from its head through a backend's choice and its
 * tries to the last byte and the counters. It stands between a client's carrier and a server's transport and knows
 * neither's class. Its methods stand in the order of that life.
 */
export class Exchange implements ClientListener, ServerListener, Candidate, DeadlineOwner, EndedExchange {
  place = -1
  queue: WaitQueue<Server> | undefined = undefined
  turn = 0
  priority: PrioritySettings = usualPriority

  readonly #frontend: Frontend
  readonly #client: Downstream
  readonly head: RequestHead | undefined
  readonly #outgoing: Outgoing
  #view: RequestView | undefined
  #backend: Backend | undefined
  /** The server whose slot is held. */
  #server: Server | undefined
  avoid: Server | undefined
  #try: Try | undefined
  #replay: ReplayBuffer | undefined

  #phase: Phase = 'request'
  #isOver = false
  #isWaitingToRetry = false
  readonly #turn: Turn

  readonly #account: ExchangeAccount
  /** The moment at which a try is being started; -1: none is. */
  #startedTryAt = -1

  constructor(
    frontend: Frontend,
    session: Session,
    client: Downstream,
    head: RequestHead | undefined,
    startedAt: number,
    headAt = frontend.clock.now(),
  ) {
    this.#frontend = frontend
    this.#client = client
    this.head = head
    this.#outgoing = new Outgoing(head, session)
    this.#turn = new Turn(head !== undefined && head.bodyLength === 0)
    this.#account = new ExchangeAccount(startedAt, headAt)
  }

  // -- To a server ----------------------------------------------------------------------------------------------------

  /** Begins: finds a backend, and in it a server or a place in a queue. With `pass`, what has no route is passed on. */
  start(pass?: () => void): void {
    const frontend = this.#frontend
    const defect = this.head?.defect
    if (defect !== undefined) return this.refuse(defect)
    const tracked = frontend.track(this.view, this.head?.length ?? -1, this.#outgoing.session)
    if (tracked === 'callback-failed') return this.refuse(tracked)
    this.#account.tracked = tracked
    const route = frontend.admit(this.view)
    // A route in TCP mode may depend on what the client says first.
    if (this.head !== undefined || !this.view.isPayloadAwaited) this.#follow(route, pass)
    else this.#readPayload(frontend, () => this.#follow(frontend.admit(this.view)))
  }

  #follow(route: ReturnType<Frontend['admit']>, pass?: () => void): void {
    const frontend = this.#frontend
    if (route === 'callback-failed') return this.refuse(route)
    if (route === undefined && pass !== undefined) {
      this.#isOver = true
      this.#account.tracked?.release()
      return pass()
    }
    frontend.counters.requestBegan(this.#account.headAt)
    if (route === undefined) return this.#fail('no-route')
    const { backend } = route
    this.#backend = this.#account.backend = backend
    this.priority = route.priority
    backend.exchangeBegan(this.#account.headAt)
    this.#account.bond = backend.persistence?.open(this.view)
    if (this.head !== undefined) this.#prepare(this.head)
    const mayWait = !this.#turn.isRequestComplete && backend.wantsPayload(this.view)
    if (mayWait) this.#readPayload(backend, () => this.#assign(backend, frontend.clock.now()))
    else this.#assign(backend, this.#outgoing.payload === undefined ? this.#account.headAt : frontend.clock.now())
  }

  /** Refuses a request, instead of `start`: its carrier found it wrong, or can't carry it. */
  refuse(kind: RequestDefect | 'callback-failed'): void {
    this.#frontend.counters.requestBegan(this.#account.headAt)
    this.#account.tracked ??= this.#frontend.tracking?.requestRefused(this.#outgoing.session)
    this.#fail(kind)
  }

  #prepare(head: RequestHead): void {
    this.#outgoing.prepare(head, this.view, this.#frontend.settings, this.#backend!.persistence)
    const { retries, settings } = this.#backend!
    const isKept = !this.#turn.isRequestComplete && retries.isRepeatable(this.view)
    if (isKept) this.#replay = new ReplayBuffer(settings.retryPolicy.replayBuffer)
  }

  get view(): RequestView {
    this.#view ??= this.#frontend.view(this.head, this.#outgoing.session)
    return this.#view
  }

  get isFlushed(): boolean {
    return this.#client.isFlushed
  }

  get bond(): Bond | undefined {
    return this.#account.bond
  }

  /** Of a request it is known that there is more to come; of a TCP connection nobody knows. */
  #readPayload(asker: PayloadAsker, done: () => void): void {
    const { settings } = this.#frontend
    const limit = this.head === undefined ? settings.inspectDelay : settings.timeout.httpRequest
    this.#outgoing.readPayload(this.#client, this.view, asker, this.#account.startedAt + limit, (isOverdue) => {
      if (isOverdue && this.head !== undefined) this.#fail('request-timeout')
      else if (!this.#isOver) done()
    })
  }

  #assign(backend: Backend, now: number): void {
    this.#phase = 'queue'
    const assignment = backend.assign(this)
    if (typeof assignment !== 'string') this.#connect(assignment, now)
    else if (assignment === 'queued') this.#client.deadline.set(this, backend.settings.timeout.queue)
    else if (assignment === 'queue-full' && backend.mayMove(this.bond)) this.queueMoved(this.bond!.server!)
    else this.#fail(assignment)
  }

  waitsFor(server: Server | undefined): void {
    this.#account.server = server
  }

  slotGranted(server: Server): void {
    this.#connect(server, this.#frontend.clock.now())
  }

  queueMoved(from: Server): void {
    this.#client.deadline.clear(this)
    this.bond?.loosen()
    this.#account.moveFrom(from)
    this.#assign(this.#backend!, this.#frontend.clock.now())
  }

  #connect(server: Server, now: number): void {
    this.#phase = 'connect'
    this.#startedTryAt = now
    // Time to connect is the transport's to watch: what an earlier try was given counts no more.
    this.#client.deadline.clear(this)
    this.#turn.isServerFull = false
    this.#server = server
    server.occupants?.add(this)
    this.#account.tryBegan(server, now)
    const { transport } = server
    if (transport === undefined) return this.#fail('no-server')
    this.#outgoing.address(server, this.#backend!.settings, transport.capabilities.expectContinue)
    this.#outgoing.ride(this.#backend!.retries.coverDeadConnections && this.#isReplayable(), this.#account.retries)
    const kept = this.#outgoing.payloadAnd(this.#replay?.content)
    this.#try = transport.open(this.#outgoing, this)
    this.#try.send(kept, this.#turn.isRequestComplete)
    this.#startedTryAt = -1
  }

  serverConnected(reused: boolean): void {
    if (this.#isOver) return
    this.#phase = 'response'
    // A kept connection takes the request at once.
    const now = this.#startedTryAt >= 0 ? this.#startedTryAt : this.#frontend.clock.now()
    this.#account.connected(reused, now)
    if (!this.#turn.isRequestComplete && this.head !== undefined) this.#outgoing.letBodyCome(this.#client)
    this.#watch(now)
  }

  // -- The request's body ---------------------------------------------------------------------------------------------

  clientData(chunk: Chunk): void {
    if (this.#isOver) return
    this.#account.bytesIn += chunk.length
    if (this.#outgoing.payload?.isOpen) return this.#outgoing.payload.add(chunk)
    if (this.#replay !== undefined && !this.#replay.keep(chunk)) this.#replay = undefined
    if (this.#try === undefined || this.#try.write(chunk)) return this.#watch()
    this.#turn.isServerFull = true
    this.#client.pauseBody()
    this.#watch()
  }

  serverDrained(): void {
    if (this.#isOver || !this.#turn.isServerFull) return
    this.#turn.isServerFull = false
    this.#client.resumeBody()
    this.#watch()
  }

  clientEnd(trailers: readonly string[] | undefined): void {
    if (this.#isOver) return
    this.#turn.isRequestComplete = true
    this.#account.requestEnded()
    // They are not kept, so that what is could not pass for the whole request.
    if (trailers !== undefined) this.#replay = undefined
    if (trailers !== undefined && !this.#server?.transport?.capabilities.requestTrailers) {
      this.#frontend.counters.droppedTrailers += trailers.length / 2
    }
    if (this.#outgoing.payload?.isOpen) return this.#outgoing.payload.end()
    this.#try?.end(trailers)
    this.#watch()
  }

  clientFailed(): void {
    this.#fail('bad-request')
  }

  clientHalfClosed(): boolean {
    return this.#backend?.settings.abortOnClose === false
  }

  clientAborted(): void {
    this.#fail('client-aborted')
  }

  // -- The response ---------------------------------------------------------------------------------------------------

  serverInformational(head: ResponseHead): void {
    if (this.#isOver) return
    if (head.status === 100) this.#outgoing.awaitsContinue = false
    this.#client.informational(head)
    this.#watch()
  }

  serverHead(head: ResponseHead, first: Chunk | undefined, ended: boolean): void {
    if (this.#isOver) return
    // Its connection is somebody else's from now on.
    if (ended) this.#try = undefined
    if (this.#backend!.retries.isUnwanted(head.status) && this.#tryAgain(unwanted)) return
    this.#beginResponse(head.status)
    if (first !== undefined) this.#account.bytesOut += first.length
    let goesOn: boolean
    try {
      goesOn = this.#client.respond(head, this.#responseEdits(head), first, ended)
    } catch (thrown) {
      this.#phase = 'response'
      this.#account.responseRefused(thrown)
      return this.#fail('bad-response')
    }
    this.#account.responded(head.length, this.#turn.isRequestComplete)
    if (ended) return this.#end(undefined, this.#account.respondedAt)
    if (!goesOn) this.#holdResponse()
    this.#watch()
  }

  #beginResponse(status: number): void {
    this.#phase = 'data'
    this.#replay = undefined
    this.#account.responseBegan(status, this.#frontend.clock.now())
  }

  #responseEdits(head: ResponseHead | undefined): readonly HeadEdits[] {
    return responseEdits(head, this.#frontend.settings.via, this.bond, this.#backend!, this.#server!)
  }

  serverData(chunk: Chunk): void {
    if (this.#isOver) return
    this.#account.bytesOut += chunk.length
    if (!this.#client.write(chunk)) this.#holdResponse()
    this.#watch()
  }

  #holdResponse(): void {
    this.#turn.isClientFull = true
    this.#try?.pause()
  }

  clientDrained(): void {
    if (this.#isOver || !this.#turn.isClientFull) return
    this.#turn.isClientFull = false
    this.#try?.resume()
    this.#watch()
  }

  serverEnd(trailers: readonly string[] | undefined): void {
    if (this.#isOver) return
    this.#client.end(trailers)
    this.#end(undefined)
  }

  // -- Tunnels --------------------------------------------------------------------------------------------------------

  serverTunnel(stream: Duplex, head: ResponseHead | undefined): void {
    if (this.#isOver) return void stream.on('error', ignore).destroy()
    this.#beginResponse(head?.status ?? -1)
    this.#account.responded(head?.length ?? 0, this.#turn.isRequestComplete)
    this.#try = undefined
    this.#client.deadline.clear(this)
    const limits = tunnelLimits(this.#frontend.settings, this.#backend!.settings)
    this.#client.tunnel(stream, head, this.#responseEdits(head), limits)
  }

  tunnelPassed(bytesIn: number, bytesOut: number): void {
    if (!this.#isOver) this.#account.passed(bytesIn, bytesOut, this.#frontend)
  }

  tunnelEnded(failure: Parameters<ClientListener['tunnelEnded']>[0]): void {
    this.#end(failure)
  }

  // -- Failures -------------------------------------------------------------------------------------------------------

  serverFailed(failure: TryFailure): void {
    if (this.#isOver) return
    this.#try = undefined
    this.#account.cause = failure.cause
    if (this.#phase === 'data') return this.#fail('server-lost')
    this.#account.tryFailed(failure.kind, this.#turn.isRequestComplete, failure.reused)
    if (!this.#tryAgain(failure)) this.#fail(failure.kind)
  }

  /** Tries again after a try that came to nothing; false: that may not be. */
  #tryAgain(cause: RetryCause): boolean {
    const backend = this.#backend!
    const server = this.#server!
    const isReplayable = cause.sent && this.#isReplayable()
    const decision = backend.retries.decide(cause, server, this.#account.retries, isReplayable, this.bond)
    if (decision === 'give-up') return false
    this.#account.tryFailed(cause.kind, this.#turn.isRequestComplete)
    this.#try?.abort()
    this.#try = undefined
    if (!this.#turn.isRequestComplete) this.#client.pauseBody()
    this.#account.retries++
    this.#phase = 'connect'
    if (decision === 'other') this.#redispatch(backend, server)
    else if (decision === 'same') this.#connect(server, this.#frontend.clock.now())
    else {
      this.#isWaitingToRetry = true
      this.#client.deadline.set(this, backend.retries.pause)
    }
    return true
  }

  /** Nothing of the request would be missing or repeated with effect if it were sent again. */
  #isReplayable(): boolean {
    if (this.head === undefined) return false
    return this.head.bodyLength === 0 ? this.#backend!.retries.isRepeatable(this.view) : this.#replay !== undefined
  }

  #redispatch(backend: Backend, server: Server): void {
    this.#account.moveAway()
    // The way to the next server begins anew: what was in vain counts as waiting, as in HAProxy.
    this.#account.assignedAt = -1
    this.avoid = server
    this.#server = undefined
    this.bond?.loosen()
    server.occupants?.delete(this)
    server.release()
    this.#assign(backend, this.#frontend.clock.now())
  }

  /** Sets the deadline for whoever's turn it is. */
  #watch(now?: number): void {
    if (this.#isOver || this.#try === undefined) return
    const { timeout } = this.#backend!.settings
    const limit = this.#isClientsTurn() ? this.#frontend.settings.timeout.client : timeout.server
    this.#client.deadline.set(this, limit, now)
  }

  #isClientsTurn(): boolean {
    const isWaiting = this.#outgoing.awaitsContinue && this.#account.bytesIn === 0
    const isShorter = this.#frontend.settings.timeout.client <= this.#backend!.settings.timeout.server
    return this.#turn.isClients(isWaiting, isShorter)
  }

  deadlinePassed(): void {
    if (this.#isWaitingToRetry) {
      this.#isWaitingToRetry = false
      this.#connect(this.#server!, this.#frontend.clock.now())
    } else if (this.#phase === 'queue') this.#fail('queue-timeout')
    else if (this.#isClientsTurn()) this.#fail('client-timeout')
    else if (this.#phase === 'data' || !this.#tryAgain(silence)) this.#fail('server-timeout')
  }

  /** Ends the exchange from outside. By default its carrier can wait no longer: the proxy is closing. */
  shutDown(reason: FailureKind = 'shutdown'): void {
    this.#fail(reason)
  }

  #fail(kind: FailureKind): void {
    if (this.#isOver) return
    this.#account.tryFailed(kind, this.#turn.isRequestComplete)
    this.#try?.abort()
    this.#try = undefined
    const hasBegun = this.#phase === 'data'
    const isGone = kind === 'client-aborted'
    if (!hasBegun && !isGone && this.head !== undefined) this.#account.status = outcomes[kind].status
    this.#end(kind)
    if (isGone) return
    if (hasBegun || this.head === undefined) this.#client.abort()
    else answerError(this.#client, this.head, outcomes[kind].status, this.#backend, this.#frontend)
  }

  // -- The end --------------------------------------------------------------------------------------------------------

  #end(failure: FailureKind | undefined, now = this.#frontend.clock.now()): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#try = undefined
    this.#client.deadline.clear(this)
    if (this.queue !== undefined) this.#account.waited(now)
    if (this.queue !== undefined) this.#backend?.leaveQueue(this)
    this.#server?.occupants?.delete(this)
    this.#account.close(failure, this.#phase, this.#frontend, now)
    this.#frontend.observer?.exchangeEnded(this)
    this.#backend?.exchangeEnded(this.#server)
  }

  /** What the log gets. */
  record(): ExchangeRecord {
    return this.#account.record(this.#frontend, this.view, this.head)
  }
}

/** A stream that nobody wants may still report an error. */
function ignore(): void {}
