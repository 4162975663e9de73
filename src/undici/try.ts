import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Chunk, OutgoingRequest, ServerListener, Try } from '../core/carrier.js'
import type { TryFailure } from '../core/failure.js'
import { RawResponseHead } from '../core/message/raw-head.js'
import { connectFailure, sentFailure } from './failures.js'
import type { HeldEnds } from './held-ends.js'

/** Where a try goes out. */
export interface UndiciDispatch {
  /** Whether the request that is being sent right now goes out on a connection of its own making. */
  readonly isFresh: boolean
  /** Ends of connections that wait for a response to be read on. */
  readonly heldEnds: HeldEnds
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
  #isReused = false
  /** A response's head that waits for the first piece of its body, so that both leave in one write. */
  #held: RawResponseHead | undefined
  #hasResponse = false

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
    this.#transport.dispatch(
      {
        path: head.target,
        method: head.method as Dispatcher.HttpMethod,
        headers: head.forwardedList(this.#request.requestEdits),
        body: this.#body ?? first ?? null,
        upgrade: ended && first === undefined ? (head.upgrade ?? null) : null,
      },
      this,
    )
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
  }

  resume(): void {
    this.#controller?.resume()
    this.#transport.heldEnds.release()
  }

  abort(): void {
    this.#listener = undefined
    this.#held = undefined
    this.#controller?.abort(new Error('the exchange is over'))
    this.#body?.destroy()
  }

  /** The body's buffer has room. */
  bodyWanted(): void {
    this.#listener?.serverDrained()
  }

  // -- Events of undici -----------------------------------------------------------------------------------------------

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    this.#isReused = !this.#transport.isFresh
    if (this.#listener === undefined) controller.abort(new Error('the exchange is over'))
    else this.#listener.serverConnected(this.#isReused)
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    socket: import('node:stream').Duplex,
  ): void {
    const listener = this.#settle()
    if (listener === undefined) {
      socket.on('error', ignore).destroy()
      return
    }
    listener.serverTunnel(socket, new RawResponseHead(status, 'Switching Protocols', fieldsOf(controller), ''))
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, _headers: unknown, reason = ''): void {
    if (this.#listener === undefined) return
    const head = new RawResponseHead(status, bytesOf(reason), fieldsOf(controller), this.#request.head!.method)
    if (head.hasForeignCoding) return this.#refuse(controller)
    if (status < 200) return this.#listener.serverInformational(head)
    this.#hasResponse = true
    if (head.bodyLength === 0) return this.#settle()!.serverHead(head, undefined, true)
    this.#held = head
    process.nextTick(flushHead, this)
  }

  /** What a response does to the connection's bytes is not understood here, and must not be passed on. */
  #refuse(controller: Dispatcher.DispatchController): void {
    const cause = new Error('the response has a transfer coding other than chunked')
    this.#fail({ kind: 'bad-response', sent: true, reused: this.#isReused, cause })
    controller.abort(cause)
  }

  /** No body came along with the head: it goes alone. */
  flushHead(): void {
    const head = this.#held
    this.#held = undefined
    if (head !== undefined) this.#listener?.serverHead(head, undefined, false)
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    // So undici begins to read on.
    if (chunk.length === 0) return
    const head = this.#held
    if (head === undefined) {
      this.#listener?.serverData(chunk)
      return
    }
    this.#held = undefined
    if (chunk.length === head.bodyLength) this.#settle()?.serverHead(head, chunk, true)
    else this.#listener?.serverHead(head, chunk, false)
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    const head = this.#held
    const listener = this.#settle()
    if (head !== undefined) return listener?.serverHead(head, undefined, true)
    const trailers = strings((controller.rawTrailers ?? []) as Buffer[])
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
    return listener
  }
}

function flushHead(attempt: UndiciTry): void {
  attempt.flushHead()
}

function fieldsOf(controller: Dispatcher.DispatchController): string[] {
  return strings((controller.rawHeaders ?? []) as Buffer[])
}

/** undici reads the reason as UTF-8, everybody else byte by byte. */
function bytesOf(reason: string): string {
  return /^[\t -~]*$/.test(reason) ? reason : Buffer.from(reason, 'utf8').toString('latin1')
}

function strings(buffers: readonly Buffer[]): string[] {
  const texts = new Array<string>(buffers.length)
  for (let i = 0; i < buffers.length; i++) texts[i] = withoutTrailingSpace(buffers[i]!.toString('latin1'))
  return texts
}

/** undici leaves the space behind a field's value, which is no part of it (RFC 9112 5). */
function withoutTrailingSpace(text: string): string {
  let end = text.length
  while (end > 0 && (text.charCodeAt(end - 1) === 0x20 || text.charCodeAt(end - 1) === 0x09)) end--
  return end === text.length ? text : text.slice(0, end)
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
