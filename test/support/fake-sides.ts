import { PassThrough } from 'node:stream'
import { Backend } from '../../src/core/backend.js'
import type { BackendOptions } from '../../src/core/backend-options.js'
import type {
  Chunk,
  Downstream,
  OutgoingRequest,
  ServerListener,
  Transport,
  TransportCapabilities,
  Try,
} from '../../src/core/carrier.js'
import { Exchange } from '../../src/core/exchange.js'
import type { ExchangeRecord } from '../../src/core/exchange-record.js'
import type { TryFailure } from '../../src/core/failure.js'
import { Frontend } from '../../src/core/frontend.js'
import type { FrontendOptions } from '../../src/core/frontend-options.js'
import type { ResponseHead } from '../../src/core/message/head.js'
import type { HeadEdits } from '../../src/core/message/head-edits.js'
import { RawRequestHead, RawResponseHead } from '../../src/core/message/raw-head.js'
import type { Session } from '../../src/core/session.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { Deadline } from '../../src/util/deadline.js'

/** A client's side that writes down what the exchange orders. */
export class FakeClient implements Downstream {
  readonly deadline: Deadline
  readonly isFlushed = true
  /** Every order, in words. */
  readonly orders: string[] = []
  /** What the client got of the body. */
  body = ''
  fields: string[] = []
  /** What `respond` and `write` answer: false asks the exchange to wait. */
  takesMore = true
  /** What `respond` throws, as for a head that can't be sent. */
  refusal: Error | undefined
  tunneled: { readonly idleTimeout: number } | undefined

  constructor(clock: VirtualClock) {
    this.deadline = new Deadline(clock)
  }

  /** The last order. */
  get last(): string | undefined {
    return this.orders.at(-1)
  }

  /** How often the body was let go on and stopped: `resume`, `pause`, in order. */
  get flow(): string[] {
    return this.orders.filter((order) => order === 'resume' || order === 'pause')
  }

  informational(head: ResponseHead): void {
    this.orders.push(`informational ${head.status}`)
  }

  respond(head: ResponseHead, edits: readonly HeadEdits[], first: Chunk | undefined, ended: boolean): boolean {
    if (this.refusal !== undefined) {
      const { refusal } = this
      this.refusal = undefined
      throw refusal
    }
    this.orders.push(`respond ${head.status}${ended ? ' whole' : ''}`)
    this.fields = head.forwardedList(edits)
    this.body += first?.toString('latin1') ?? ''
    return this.takesMore
  }

  write(chunk: Chunk): boolean {
    this.orders.push('write')
    this.body += chunk.toString('latin1')
    return this.takesMore
  }

  end(): void {
    this.orders.push('end')
  }

  abort(): void {
    this.orders.push('abort')
  }

  pauseBody(): void {
    this.orders.push('pause')
  }

  resumeBody(): void {
    this.orders.push('resume')
  }

  tunnel(_stream: unknown, head: ResponseHead | undefined, _edits: readonly HeadEdits[], idleTimeout: number): void {
    this.orders.push(`tunnel ${head?.status ?? 'tcp'}`)
    this.tunneled = { idleTimeout }
  }
}

/** One try of a {@link FakeTransport}, to be answered by the test. */
export class FakeTry implements Try {
  /** Everything of the request's body that came, from the first piece on. */
  body = ''
  hasEnded = false
  readonly orders: string[] = []
  /** What `write` answers. */
  takesMore = true
  /** The fields that went out. */
  fields: string[] = []

  constructor(
    readonly server: string,
    readonly request: OutgoingRequest,
    readonly listener: ServerListener,
  ) {}

  send(first: Chunk | undefined, ended: boolean): void {
    this.body += first?.toString('latin1') ?? ''
    this.hasEnded = ended
    this.fields = this.request.head?.forwardedList(this.request.requestEdits) ?? []
    this.orders.push('send')
  }

  write(chunk: Chunk): boolean {
    this.body += chunk.toString('latin1')
    return this.takesMore
  }

  end(): void {
    this.hasEnded = true
  }

  pause(): void {
    this.orders.push('pause')
  }

  resume(): void {
    this.orders.push('resume')
  }

  abort(): void {
    this.orders.push('abort')
  }

  get isAborted(): boolean {
    return this.orders.includes('abort')
  }

  // -- What the server does -------------------------------------------------------------------------------------------

  connect(reused = false): this {
    this.listener.serverConnected(reused)
    return this
  }

  /** A response's head; with a body it is whole, without it goes on. */
  respond(status = 200, body?: string): this {
    this.listener.serverHead(responseHead(status, body?.length), body, body !== undefined)
    return this
  }

  data(chunk: string): this {
    this.listener.serverData(chunk)
    return this
  }

  finish(): void {
    this.listener.serverEnd(undefined)
  }

  fail(kind: TryFailure['kind'], { sent = false, reused = false, cause }: Partial<TryFailure> = {}): void {
    this.listener.serverFailed({ kind, sent, reused, cause })
  }

  /** The connection breaks under a request that was sent. */
  die(reused = false): void {
    this.fail('server-closed', { sent: true, reused })
  }

  tunnel(status: number | 'tcp' = 101): PassThrough {
    const stream = new PassThrough()
    this.listener.serverTunnel(stream, status === 'tcp' ? undefined : responseHead(status, 0))
    return stream
  }
}

function responseHead(status: number, length: number | undefined): RawResponseHead {
  const fields = length === undefined ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(length)]
  return new RawResponseHead(status, 'Reason', fields, 'GET')
}

/** A transport whose tries the test answers. */
export class FakeTransport implements Transport {
  readonly capabilities: TransportCapabilities

  constructor(
    readonly server: string,
    readonly tries: FakeTry[],
    capabilities: Partial<TransportCapabilities> = {},
  ) {
    this.capabilities = { expectContinue: true, requestTrailers: true, ...capabilities }
  }

  open(request: OutgoingRequest, listener: ServerListener): Try {
    const attempt = new FakeTry(this.server, request, listener)
    this.tries.push(attempt)
    return attempt
  }

  close(): void {}
}

/** What {@link FakeProxy} is made of, beside the defaults: servers `a` and `b`, timeouts that no test reaches. */
export interface FakeParts {
  readonly frontend?: Partial<FrontendOptions>
  readonly backend?: Partial<BackendOptions>
  readonly capabilities?: Partial<TransportCapabilities>
}

/** One request of a {@link FakeProxy}. */
export interface FakeRequest {
  readonly method?: string
  readonly fields?: readonly string[]
  /** How long ago its first byte came. */
  readonly age?: number
  /** The client's connection. Default: one of its own. */
  readonly session?: Session
}

/** A frontend with one backend between fake clients and fake servers, on a virtual clock. */
export class FakeProxy {
  readonly clock = new VirtualClock({ start: 1000 })
  readonly backend: Backend
  readonly frontend: Frontend
  /** Every try, in the order made. */
  readonly tries: FakeTry[] = []
  /** What the log got. */
  readonly records: ExchangeRecord[] = []
  readonly faults: string[] = []

  constructor({ frontend = {}, backend = {}, capabilities }: FakeParts = {}) {
    const { clock } = this
    this.backend = new Backend('app', { servers: { a: '127.0.0.1:1', b: '127.0.0.1:2' }, clock, ...backend })
    for (const server of this.backend.servers) {
      server.transport = new FakeTransport(server.name, this.tries, capabilities)
    }
    this.frontend = new Frontend('main', { defaultBackend: this.backend, ...frontend })
    this.frontend.observer = { exchangeEnded: (exchange) => this.records.push(exchange.record()) }
    this.frontend.on('fault', ({ where }) => this.faults.push(where))
    this.backend.on('fault', ({ where }) => this.faults.push(where))
  }

  /** The newest try. */
  get try(): FakeTry {
    const newest = this.tries.at(-1)
    if (newest === undefined) throw new Error('there was no try')
    return newest
  }

  /** The newest record. */
  get record(): ExchangeRecord {
    const newest = this.records.at(-1)
    if (newest === undefined) throw new Error('there is no record')
    return newest
  }

  session(): Session {
    return this.frontend.openSession({ address: '192.0.2.7', port: 4000 }, 80, false)
  }

  /** An exchange that has not started. A request with a length, or in chunks, has its body still to come. */
  exchange(request: FakeRequest = {}): FakeExchange {
    const { method = 'GET', fields = ['Host', 'a.test'], age = 0, session = this.session() } = request
    const client = new FakeClient(this.clock)
    const head = new RawRequestHead(method, '/', 1, fields)
    const exchange = new Exchange(this.frontend, session, client, head, this.clock.now() - age)
    return { client, exchange }
  }

  /** Starts a request. */
  begin(request: FakeRequest = {}): FakeExchange {
    const begun = this.exchange(request)
    begun.exchange.start()
    return begun
  }

  /** Starts a connection of TCP mode. */
  beginTcp(): FakeExchange {
    const client = new FakeClient(this.clock)
    const exchange = new Exchange(this.frontend, this.session(), client, undefined, this.clock.now())
    exchange.start()
    return { client, exchange }
  }
}

/** An exchange, and the client that it talks to. */
export interface FakeExchange {
  readonly client: FakeClient
  readonly exchange: Exchange
}

/** Fields of a request whose body is so long. */
export function withLength(length: number): string[] {
  return ['Host', 'a.test', 'Content-Length', String(length)]
}
