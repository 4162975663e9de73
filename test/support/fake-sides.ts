import { PassThrough } from 'node:stream'
import type {
  Chunk,
  Downstream,
  OutgoingRequest,
  ServerListener,
  Transport,
  TransportCapabilities,
  Try,
  TunnelLimits,
} from '../../src/core/carrier.js'
import type { TryFailure } from '../../src/core/failure.js'
import type { ResponseHead } from '../../src/core/message/head.js'
import type { HeadEdits } from '../../src/core/message/head-edits.js'
import { RawResponseHead } from '../../src/core/message/raw-head.js'
import type { VirtualClock } from '../../src/testing/virtual-clock.js'
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
  tunneled: TunnelLimits | undefined

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

  tunnel(_stream: unknown, head: ResponseHead | undefined, edits: readonly HeadEdits[], limits: TunnelLimits): void {
    this.orders.push(`tunnel ${head?.status ?? 'tcp'}`)
    this.fields = head?.forwardedList(edits) ?? []
    this.tunneled = limits
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
