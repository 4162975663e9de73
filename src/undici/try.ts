import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Chunk, OutgoingRequest, ServerListener, Try } from '../core/carrier.js'
import type { TryFailure } from '../core/failure.js'
import type { RequestHead } from '../core/message/head.js'
import { RawResponseHead } from '../core/message/raw-head.js'
import type { Timer } from '../util/clock.js'
import { connectFailure, sentFailure } from './failures.js'
import type { ParsedFields } from './fields.js'
import { HeldEnd } from './held-end.js'

/** Where a try goes out. */
export interface UndiciDispatch {
  /** Whether the request that is being sent right now goes out on a connection of its own making. */
  readonly isFresh: boolean
  /** Watches the time to connect, where undici does not. */
  watchConnect?(expired: () => void): Timer
  /** The fields of a head or of trailers, flat; undefined: they are no fields. */
  fieldsOf(raw: unknown, parsed: ParsedFields): string[] | undefined
  /** How many fields a response may have. */
  readonly maxResponseHeaders: number
  /** Whether every connection ends with its first exchange. */
  readonly closes: boolean
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void
}

/** One try through undici. */
export class UndiciTry implements Try, Dispatcher.DispatchHandler {
  readonly #transport: UndiciDispatch
  readonly #request: OutgoingRequest
  /** Undefined once there is nothing more to tell. */
  #listener: ServerListener | undefined
  #controller: Dispatcher.DispatchController | undefined
  #body: RequestBody | undefined
  #connecting: Timer | undefined
  readonly #heldEnd = new HeldEnd()
  #isReused = false
  /** A response's head that waits for the first piece of its body, so that both leave in one write. */
  #held: RawResponseHead | undefined
  #hasResponse = false
  /** How much of the response's body is to come, where its length is known. */
  #left = Infinity

  constructor(transport: UndiciDispatch, request: OutgoingRequest, listener: ServerListener) {
    this.#transport = transport
    this.#request = request
    this.#listener = listener
  }

  // -- Commands of the exchange ---------------------------------------------------------------------------------------

  send(first: Chunk | undefined, ended: boolean): void {
    const head = this.#request.head!
    // undici sends targets in origin and absolute form only.
    if (!/^(?:\/|https?:\/\/)/.test(head.target)) return this.#fail({ kind: 'unsupported', sent: false, reused: false })
    if (!ended) this.#body = new RequestBody(this, first)
    this.#connecting = this.#transport.watchConnect?.(() => this.#connectTimedOut())
    try {
      this.#dispatch(head, first, ended)
    } catch (thrown) {
      const cause = thrown instanceof Error ? thrown : undefined
      this.#body?.destroy()
      this.#fail({ kind: 'internal', sent: false, reused: false, cause })
    }
  }

  #dispatch(head: RequestHead, first: Chunk | undefined, ended: boolean): void {
    this.#transport.dispatch(
      {
        path: head.target,
        method: head.method as Dispatcher.HttpMethod,
        headers: head.forwardedList(this.#request.requestEdits),
        body: this.#body ?? first ?? null,
        upgrade: ended && first === undefined ? (head.upgrade ?? null) : null,
        ...(this.#transport.closes || this.#request.closes ? { reset: true } : {}),
      },
      this,
    )
  }

  #connectTimedOut(): void {
    this.#fail({ kind: 'connect-timeout', sent: false, reused: false })
    this.#body?.destroy()
  }

  #fail(failure: TryFailure): void {
    this.#settle()?.serverFailed(failure)
  }

  write(chunk: Chunk): boolean {
    return this.#body?.give(chunk) ?? true
  }

  end(): void {
    this.#body?.give(null)
  }

  pause(): void {
    this.#controller?.pause()
    this.#heldEnd.pause()
  }

  resume(): void {
    this.#heldEnd.resume(() => this.#controller?.resume())
  }

  abort(): void {
    this.#listener = undefined
    this.#held = undefined
    this.#connecting?.cancel()
    this.#controller?.abort(new Error('the exchange is over'))
    this.#body?.destroy()
  }

  /** The body's buffer has room. */
  bodyWanted(): void {
    this.#listener?.serverDrained()
  }

  // -- Events of undici -----------------------------------------------------------------------------------------------

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const isAgain = this.#controller !== undefined
    this.#controller = controller
    this.#heldEnd.begin()
    this.#connecting?.cancel()
    // An interceptor may have begun once more: that is its own affair.
    if (isAgain && this.#listener !== undefined) return
    this.#isReused = !this.#transport.isFresh
    if (this.#listener === undefined) controller.abort(new Error('the exchange is over'))
    else this.#listener.serverConnected(this.#isReused)
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: ParsedFields,
    socket: import('node:stream').Duplex,
  ): void {
    const listener = this.#settle()
    const fields = this.#transport.fieldsOf(controller.rawHeaders, headers)
    if (listener === undefined || fields === undefined) {
      socket.on('error', ignore).destroy()
      listener?.serverFailed({ kind: 'bad-response', sent: true, reused: this.#isReused })
      return
    }
    listener.serverTunnel(socket, new RawResponseHead(status, 'Switching Protocols', fields, ''))
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: ParsedFields, reason = ''): void {
    if (this.#listener === undefined) return
    const fields = this.#transport.fieldsOf(controller.rawHeaders, headers)
    if (fields === undefined) return this.#refuse(controller, 'what is no field')
    const head = new RawResponseHead(status, bytesOf(reason), fields, this.#request.head!.method)
    if (head.hasForeignCoding) return this.#refuse(controller, 'a transfer coding other than chunked')
    if (head.count > this.#transport.maxResponseHeaders) return this.#refuse(controller, 'too many fields')
    if (status < 200) return this.#listener.serverInformational(head)
    this.#hasResponse = true
    if (head.bodyLength === 0) return this.#settle()!.serverHead(head, undefined, true)
    if (head.bodyLength > 0) this.#left = head.bodyLength
    this.#held = head
    process.nextTick(flushHead, this)
  }

  /** What such a response would do here or further on nobody knows: it must not be passed on. */
  #refuse(controller: Dispatcher.DispatchController, reason: string): void {
    const cause = new Error(`the response has ${reason}`)
    this.#fail({ kind: 'bad-response', sent: true, reused: this.#isReused, cause })
    controller.abort(cause)
  }

  /** No body came along with the head: it goes alone. */
  flushHead(): void {
    const head = this.#held
    this.#held = undefined
    if (head !== undefined) this.#listener?.serverHead(head, undefined, false)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    // So undici begins to read on.
    if (chunk.length === 0) return
    this.#left -= chunk.length
    // undici counts what servers send, but not what a mock or an interceptor makes up.
    if (this.#left < 0) return this.#refuse(controller, 'more in its body than its length says')
    const head = this.#held
    if (head === undefined) {
      this.#listener?.serverData(chunk)
      return
    }
    this.#held = undefined
    if (chunk.length === head.bodyLength) this.#settle()?.serverHead(head, chunk, true)
    else this.#listener?.serverHead(head, chunk, false)
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailersByName: ParsedFields): void {
    if (this.#left > 0 && this.#left < Infinity)
      return this.#refuse(controller, 'less in its body than its length says')
    const trailers = this.#transport.fieldsOf(controller.rawTrailers, trailersByName)
    if (trailers === undefined) return this.#refuse(controller, 'trailers that are no fields')
    const head = this.#held
    const listener = this.#settle()
    if (head !== undefined) return listener?.serverHead(head, undefined, true)
    listener?.serverEnd(trailers.length > 0 ? trailers : undefined)
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    const isConnected = this.#controller !== undefined
    this.#fail(isConnected ? sentFailure(error, this.#isReused, this.#hasResponse) : connectFailure(error))
  }

  /** Nothing more is to be told: gives the listener for the last time. */
  #settle(): ServerListener | undefined {
    const listener = this.#listener
    this.#listener = undefined
    this.#held = undefined
    this.#connecting?.cancel()
    return listener
  }
}

function flushHead(attempt: UndiciTry): void {
  attempt.flushHead()
}

/** undici reads the reason as UTF-8, everybody else byte by byte. */
function bytesOf(reason: string): string {
  return /^[\t -~]*$/.test(reason) ? reason : Buffer.from(reason, 'utf8').toString('latin1')
}

/** The request's body as undici wants it. */
class RequestBody extends Readable {
  readonly #owner: UndiciTry

  constructor(owner: UndiciTry, first: Chunk | undefined) {
    super({ highWaterMark: 64 * 1024 })
    this.#owner = owner
    this.on('error', ignore)
    if (first !== undefined) this.give(first)
  }

  override _read(): void {
    this.#owner.bodyWanted()
  }

  /** Takes a piece, or the end; false when it is enough for now. */
  give(chunk: Chunk | null): boolean {
    // A server that answered early has no use for the rest.
    if (this.destroyed) return true
    return typeof chunk === 'string' ? this.push(chunk, 'latin1') : this.push(chunk)
  }
}

function ignore(): void {}
