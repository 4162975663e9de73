import type { Duplex } from 'node:stream'
import type { DeadlineOwner } from '../util/deadline.js'
import type { Backend, Candidate } from './backend.js'
import type { Chunk, ClientListener, Downstream, ServerListener, Try, TunnelEnd } from './carrier.js'
import { errorAnswer } from './error-page.js'
import { ExchangeAccount } from './exchange-account.js'
import type { EndedExchange, ExchangeRecord } from './exchange-record.js'
import type { RequestView } from './exchange-view.js'
import type { FailureKind, Phase, TryFailure } from './failure.js'
import type { Frontend } from './frontend.js'
import type { RequestHead, ResponseHead } from './message/head.js'
import { HeadEdits } from './message/head-edits.js'
import { RawResponseHead } from './message/raw-head.js'
import { outcomes } from './outcome.js'
import { Outgoing } from './outgoing.js'
import { ReplayBuffer } from './replay-buffer.js'
import { decideRetry, isIdempotent } from './retry.js'
import type { Server } from './server.js'
import type { Session } from './session.js'

/** The pause before another try with the same server, at most. HAProxy's turn-around. */
const turnAround = 1000

/**
 * The life of one request and its response, or of one TCP connection: from its head through a backend's choice and its
 * tries to the last byte and the counters. It stands between a client's carrier and a server's transport and knows
 * neither's class. Its methods stand in the order of that life.
 */
export class Exchange implements ClientListener, ServerListener, Candidate, DeadlineOwner, EndedExchange {
  nextInQueue: this | undefined = undefined
  previousInQueue: this | undefined = undefined
  queue: object | undefined = undefined
  queuedAt = 0

  readonly #frontend: Frontend
  readonly #session: Session
  readonly #client: Downstream
  readonly head: RequestHead | undefined
  readonly #outgoing: Outgoing
  #view: RequestView | undefined
  #backend: Backend | undefined
  /** The server whose slot is held. */
  #server: Server | undefined
  #avoid: Server | undefined
  #try: Try | undefined
  #replay: ReplayBuffer | undefined

  #phase: Phase = 'request'
  #isOver = false
  #isWaitingToRetry = false
  #isRequestComplete: boolean
  readonly #isFirst: boolean
  /** The server takes no more of the request for now; the client takes no more of the response. */
  #isServerFull = false
  #isClientFull = false

  readonly #account: ExchangeAccount

  constructor(
    frontend: Frontend,
    session: Session,
    client: Downstream,
    head: RequestHead | undefined,
    startedAt: number,
  ) {
    this.#frontend = frontend
    this.#session = session
    this.#client = client
    this.head = head
    this.#outgoing = new Outgoing(head)
    this.#isFirst = session.exchangeBegan()
    this.#isRequestComplete = head !== undefined && head.bodyLength === 0
    this.#account = new ExchangeAccount(startedAt, frontend.clock.now())
  }

  // -- To a server ----------------------------------------------------------------------------------------------------

  /** Begins: finds a backend, and in it a server or a place in a queue. With `pass`, what has no route is passed on. */
  start(pass?: () => void): void {
    const frontend = this.#frontend
    const defect = this.head?.defect
    if (defect !== undefined) return this.refuse(defect)
    let backend: Backend | undefined
    try {
      this.#account.tracked = frontend.tracking?.exchangeBegan(this.view, this.head?.length ?? -1, this.#session)
      backend = frontend.admit(this.view)
    } catch (thrown) {
      frontend.fault(thrown, `routes of frontends.${frontend.name}`)
      return this.refuse('callback-failed')
    }
    if (backend === undefined && pass !== undefined) {
      this.#isOver = true
      this.#account.tracked?.release()
      return pass()
    }
    frontend.counters.requestBegan(this.#account.headAt)
    if (backend === undefined) return this.#fail('no-route')
    this.#backend = this.#account.backend = backend
    backend.counters.sessions.opened(this.#account.headAt)
    if (this.head !== undefined) this.#prepare(this.head)
    this.#assign(backend)
  }

  /** Refuses a request, instead of `start`: its carrier found it wrong, or can't carry it. */
  refuse(kind: 'bad-request' | 'head-too-large' | 'unsupported' | 'callback-failed'): void {
    this.#frontend.counters.requestBegan(this.#account.headAt)
    this.#account.tracked ??= this.#frontend.tracking?.requestRefused(this.#session)
    this.#fail(kind)
  }

  #prepare(head: RequestHead): void {
    this.#outgoing.prepare(head, this.view, this.#session, this.#frontend.settings)
    if (!this.#isRequestComplete && isIdempotent(head.method)) this.#replay = new ReplayBuffer()
  }

  get view(): RequestView {
    this.#view ??= this.#frontend.view(this.head, this.#session)
    return this.#view
  }

  get isFlushed(): boolean {
    return this.#client.isFlushed
  }

  get avoid(): Server | undefined {
    return this.#avoid
  }

  #assign(backend: Backend): void {
    this.#phase = 'queue'
    const assignment = backend.assign(this)
    if (typeof assignment !== 'string') this.#connect(assignment)
    else if (assignment === 'queued') this.#client.deadline.set(this, backend.settings.timeout.queue)
    else this.#fail(assignment)
  }

  slotGranted(server: Server): void {
    this.#connect(server)
  }

  queueMoved(): void {
    this.#client.deadline.clear(this)
    if (this.#backend !== undefined) this.#assign(this.#backend)
  }

  #connect(server: Server): void {
    this.#phase = 'connect'
    // Time to connect is the transport's to watch: what an earlier try was given counts no more.
    this.#client.deadline.clear(this)
    this.#account.connectedAt = -1
    this.#isServerFull = false
    this.#server = this.#account.server = server
    if (this.#account.assignedAt < 0) this.#account.assignedAt = this.#frontend.clock.now()
    const { transport } = server
    if (transport === undefined) return this.#fail('no-server')
    this.#outgoing.address(server, this.#backend!.settings, transport.capabilities.expectContinue)
    this.#outgoing.mayReuse = !this.#isFirst || this.#isReplayable
    const sent = this.#replay?.content
    this.#try = transport.open(this.#outgoing, this)
    this.#try.send(sent, this.#isRequestComplete)
  }

  serverConnected(reused: boolean): void {
    if (this.#isOver) return
    this.#phase = 'response'
    this.#account.connectedAt = this.#frontend.clock.now()
    this.#count(reused ? 'reuses' : 'connects')
    if (!this.#isRequestComplete && this.head !== undefined) this.#client.resumeBody()
    this.#watch()
  }

  #count(counter: 'reuses' | 'connects' | 'retries'): void {
    this.#account.server!.counters[counter]++
    this.#backend!.counters[counter]++
  }

  // -- The request's body ---------------------------------------------------------------------------------------------

  clientData(chunk: Chunk): void {
    if (this.#isOver) return
    this.#account.bytesIn += chunk.length
    if (this.#replay !== undefined && !this.#replay.keep(chunk)) this.#replay = undefined
    if (this.#try === undefined || this.#try.write(chunk)) return this.#watch()
    this.#isServerFull = true
    this.#client.pauseBody()
    this.#watch()
  }

  serverDrained(): void {
    if (this.#isOver || !this.#isServerFull) return
    this.#isServerFull = false
    this.#client.resumeBody()
    this.#watch()
  }

  clientEnd(trailers: readonly string[] | undefined): void {
    if (this.#isOver) return
    this.#isRequestComplete = true
    if (trailers !== undefined && !this.#server?.transport?.capabilities.requestTrailers) {
      this.#frontend.counters.droppedTrailers += trailers.length / 2
    }
    this.#try?.end(trailers)
    this.#watch()
  }

  clientFailed(): void {
    this.#fail('bad-request')
  }

  clientAborted(): void {
    this.#fail('client-aborted')
  }

  // -- The response ---------------------------------------------------------------------------------------------------

  serverInformational(head: ResponseHead): void {
    if (!this.#isOver) this.#client.informational(head)
  }

  serverHead(head: ResponseHead, first: Chunk | undefined, ended: boolean): void {
    if (this.#isOver) return
    this.#beginResponse(head.status)
    if (first !== undefined) this.#account.bytesOut += first.length
    let goesOn: boolean
    try {
      goesOn = this.#client.respond(head, this.#responseEdits(), first, ended)
    } catch (thrown) {
      return this.#refuseResponse(thrown)
    }
    this.#account.tracked?.responded(head.length)
    if (ended) return this.#end(undefined)
    if (!goesOn) this.#holdResponse()
    this.#watch()
  }

  /** The carrier found something in the head that must not go out. */
  #refuseResponse(thrown: unknown): void {
    this.#phase = 'response'
    this.#account.bytesOut = 0
    this.#account.cause = thrown instanceof Error ? thrown : undefined
    this.#fail('bad-response')
  }

  #beginResponse(status: number): void {
    this.#phase = 'data'
    this.#account.respondedAt = this.#frontend.clock.now()
    this.#replay = undefined
    this.#account.status = status
  }

  #responseEdits(): readonly HeadEdits[] {
    const { via } = this.#frontend.settings
    if (via === undefined) return noEdits
    const edits = new HeadEdits()
    edits.add('Via', `1.1 ${via}`)
    return [edits]
  }

  serverData(chunk: Chunk): void {
    if (this.#isOver) return
    this.#account.bytesOut += chunk.length
    if (!this.#client.write(chunk)) this.#holdResponse()
    this.#watch()
  }

  #holdResponse(): void {
    this.#isClientFull = true
    this.#try?.pause()
  }

  clientDrained(): void {
    if (this.#isOver || !this.#isClientFull) return
    this.#isClientFull = false
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
    if (this.#isOver) {
      stream.on('error', ignore).destroy()
      return
    }
    this.#beginResponse(head?.status ?? -1)
    this.#account.tracked?.responded(head?.length ?? 0)
    this.#try = undefined
    this.#client.deadline.clear(this)
    this.#client.tunnel(stream, head, this.#responseEdits(), this.#backend!.settings.timeout.tunnel)
  }

  tunnelEnded({ cause, bytesIn, bytesOut }: TunnelEnd): void {
    this.#account.bytesIn += bytesIn
    this.#account.bytesOut += bytesOut
    if (cause === 'done') this.#end(undefined)
    else if (cause === 'idle') this.#end('client-timeout')
    else this.#end(cause)
  }

  // -- Failures -------------------------------------------------------------------------------------------------------

  serverFailed(failure: TryFailure): void {
    if (this.#isOver) return
    this.#try = undefined
    this.#account.cause = failure.cause
    if (this.#phase === 'data') return this.#fail('server-lost')
    if (!this.#isRequestComplete) this.#client.pauseBody()
    const backend = this.#backend!
    const server = this.#server!
    const { candidates } = backend
    const state = {
      used: this.#account.retries,
      isReplayable: this.#isReplayable,
      isServerUp: server.isUp,
      hasOther: candidates.length > 1 || (candidates.length === 1 && candidates[0] !== server),
      isFree: candidates.length > 1,
    }
    const decision = decideRetry(failure, state, backend.settings.retryPolicy)
    if (decision === 'give-up') return this.#fail(failure.kind)
    this.#account.retries++
    this.#phase = 'connect'
    if (decision === 'other') this.#redispatch(backend, server)
    else if (decision === 'same') this.#retrySame(server)
    else {
      this.#isWaitingToRetry = true
      this.#client.deadline.set(this, Math.min(turnAround, backend.settings.timeout.connect))
    }
  }

  /** Nothing of the request would be missing or repeated with effect if it were sent again. */
  get #isReplayable(): boolean {
    if (this.head === undefined || !isIdempotent(this.head.method)) return false
    return this.head.bodyLength === 0 || this.#replay !== undefined
  }

  #retrySame(server: Server): void {
    this.#count('retries')
    this.#connect(server)
  }

  #redispatch(backend: Backend, server: Server): void {
    this.#account.redispatched = true
    server.counters.redispatches++
    backend.counters.redispatches++
    this.#avoid = server
    this.#server = undefined
    backend.release(server)
    this.#assign(backend)
  }

  /** Sets the deadline for whoever's turn it is. */
  #watch(): void {
    if (this.#isOver || this.#try === undefined) return
    this.#client.deadline.set(this, this.#isClientsTurn ? this.#clientLimit : this.#serverLimit)
  }

  /** The client is to send or to take, and its time is the shorter. */
  get #isClientsTurn(): boolean {
    if (this.#isClientFull) return true
    const isSending = !this.#isRequestComplete && !this.#isServerFull
    return isSending && this.#clientLimit <= this.#serverLimit
  }

  get #clientLimit(): number {
    return this.#frontend.settings.timeout.client
  }

  get #serverLimit(): number {
    return this.#backend!.settings.timeout.server
  }

  deadlinePassed(): void {
    if (this.#isWaitingToRetry) {
      this.#isWaitingToRetry = false
      this.#retrySame(this.#server!)
    } else if (this.#phase === 'queue') this.#fail('queue-timeout')
    else this.#fail(this.#isClientsTurn ? 'client-timeout' : 'server-timeout')
  }

  /** Ends the exchange because its carrier can wait no longer: the proxy is closing. */
  shutDown(): void {
    this.#fail('shutdown')
  }

  #fail(kind: FailureKind): void {
    if (this.#isOver) return
    this.#try?.abort()
    this.#try = undefined
    const hasBegun = this.#phase === 'data'
    const isGone = kind === 'client-aborted'
    if (!hasBegun && !isGone && this.head !== undefined) this.#account.status = outcomes[kind].status
    this.#end(kind)
    if (isGone) return
    if (hasBegun || this.head === undefined) this.#client.abort()
    else this.#answer(outcomes[kind].status)
  }

  /** Answers from here, where no server does. */
  #answer(status: number): void {
    const pages = [this.#backend?.settings.errorFiles ?? {}, this.#frontend.settings.errorFiles]
    const { reason, fields, body } = errorAnswer(status, this.head!.get('accept'), pages)
    const head = new RawResponseHead(status, reason, fields, this.head!.method)
    try {
      this.#client.respond(head, noEdits, head.bodyLength === 0 ? undefined : body, true)
    } catch {
      this.#client.abort()
    }
  }

  // -- The end --------------------------------------------------------------------------------------------------------

  #end(failure: FailureKind | undefined): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#try = undefined
    this.#client.deadline.clear(this)
    this.#leaveQueue()
    this.#account.close(failure, this.#phase, this.#frontend)
    this.#frontend.observer?.exchangeEnded(this)
    const server = this.#server
    this.#server = undefined
    if (server !== undefined) this.#backend!.release(server)
  }

  #leaveQueue(): void {
    if (this.queue === undefined) return
    // The wait counts even though it was in vain: Tw tells of it, as in HAProxy.
    if (this.#account.assignedAt < 0) this.#account.assignedAt = this.#frontend.clock.now()
    this.#backend?.leaveQueue(this)
  }

  /** What the log gets. */
  record(): ExchangeRecord {
    return this.#account.record(this.#frontend, this.view, this.head)
  }
}

const noEdits: readonly HeadEdits[] = []

/** A stream that nobody wants may still report an error. */
function ignore(): void {}
