import { STATUS_CODES } from 'node:http'
import { type ClientHttp2Session, type ClientHttp2Stream, constants } from 'node:http2'
import type { Chunk, OutgoingRequest, ServerListener, Try } from '../core/carrier.js'
import type { TryFailure } from '../core/failure.js'
import type { ResponseHead } from '../core/message/head.js'
import { asksForTunnel } from '../core/message/hop-by-hop.js'
import { RawResponseHead } from '../core/message/raw-head.js'
import { receivedTrailers, trailersOf } from './fields.js'
import { outgoingHeaders } from './outgoing-headers.js'
import type { Rider, ServerSession, ServerSessionOwner } from './server-session.js'
import { streamFailure } from './stream-failure.js'
import { answerToKey } from './websocket-key.js'

/** One try on a stream of HTTP/2. */
export class Http2Try implements Try, Rider {
  readonly #owner: ServerSessionOwner
  readonly #request: OutgoingRequest
  /** Undefined once there is nothing more to tell. */
  #listener: ServerListener | undefined
  #session: ServerSession | undefined
  #stream: ClientHttp2Stream | undefined
  #first: Chunk | undefined
  #isSending = false
  /** Something of the request's body has been taken from its sender, who may have no more of it. */
  #hasGivenBody = false
  #requestTrailers: readonly string[] | undefined
  /** A response's head, and the first piece of its body: what comes at once leaves in one write. */
  #held: ResponseHead | undefined
  #heldData: Buffer | undefined
  #hasResponse = false
  #trailers: readonly string[] | undefined
  /** The end of the response has come; or none will come, though node:http2 tells of one. */
  #isWhole = false
  #isCutOff = false
  /** The stream counts as under way. */
  #isRiding = false

  constructor(owner: ServerSessionOwner, request: OutgoingRequest, listener: ServerListener) {
    this.#owner = owner
    this.#request = request
    this.#listener = listener
  }

  // -- Commands of the exchange ---------------------------------------------------------------------------------------

  send(first: Chunk | undefined, ended: boolean): void {
    this.#first = first
    this.#hasGivenBody = first !== undefined
    this.#isSending = !ended
    this.#owner.place(this)
  }

  waits(session: ServerSession): void {
    this.#session = session
  }

  start(session: ServerSession, http2: ClientHttp2Session): void {
    this.#session = session
    this.#isRiding = true
    const head = this.#request.head!
    const isTunnel = asksForTunnel(head)
    const headers = outgoingHeaders(this.#request, this.#owner.target.tls !== undefined)
    if (headers === undefined || (head.upgrade !== undefined && !session.takesExtendedConnect)) {
      this.#release()
      return this.failed({ kind: 'unsupported', sent: false, reused: false })
    }
    const first = this.#first
    const endStream = !this.#isSending && first === undefined && !isTunnel
    try {
      // Without trailers to wait for, node:http2 would end a request before it resets it: half of it would look whole.
      this.#stream = http2.request(headers, { endStream, waitForTrailers: this.#isSending || isTunnel })
    } catch (thrown) {
      this.#release()
      return this.failed({ kind: 'internal', sent: false, reused: false, cause: thrown as Error })
    }
    this.#listen(this.#stream)
    if (this.#request.closes) session.retire()
    if (first !== undefined && this.#isSending) this.#stream.write(first, 'latin1')
    else if (first !== undefined) this.#stream.end(first, 'latin1')
    this.#first = undefined
    this.#listener?.serverConnected(session.isReused)
  }

  #listen(stream: ClientHttp2Stream): void {
    stream.on('error', ignore)
    stream.on('headers', (_headers, _flags: number, raw?: string[]) => this.#informed(raw!))
    stream.on('response', (_headers, flags: number, raw?: string[]) => this.#responded(raw!, flags))
    stream.on('trailers', (_headers, _flags: number, raw?: string[]) => {
      this.#trailers = receivedTrailers(raw!)
    })
    stream.on('wantTrailers', () => this.#sendTrailers())
    stream.on('drain', () => this.#listener?.serverDrained())
    stream.on('close', () => this.#closed())
    // node:http2 tells a reset without an error as an end, the same as the true one.
    const push = stream.push.bind(stream)
    stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
      if (chunk === null && stream.closed && !this.#isWhole) this.#isCutOff = true
      if (chunk === null) this.#isWhole = true
      return push(chunk, encoding)
    }
  }

  failed(failure: TryFailure): void {
    this.#settle()?.serverFailed(failure)
  }

  write(chunk: Chunk): boolean {
    this.#hasGivenBody = true
    const stream = this.#stream
    if (stream === undefined || stream.destroyed || stream.closed || stream.writableEnded) return true
    return stream.write(chunk, 'latin1')
  }

  end(trailers: readonly string[] | undefined): void {
    this.#isSending = false
    this.#requestTrailers = trailers
    this.#stream?.end()
  }

  #sendTrailers(): void {
    const stream = this.#stream!
    if (!stream.destroyed && !stream.closed) stream.sendTrailers(trailersOf(this.#requestTrailers))
  }

  pause(): void {
    this.#stream?.pause()
  }

  resume(): void {
    this.#stream?.resume()
  }

  abort(): void {
    this.#settle()
    this.#cancel()
  }

  /**
   * Resets the stream, but not amid what node:http2 tells of the server: it puts a cancellation off then, and asks the
   * stream, which is gone by that time, for its trailers. Node 22 dies of that.
   */
  #cancel(): void {
    if (this.#stream !== undefined) setImmediate(cancel, this.#stream)
  }

  // -- What the server sends ------------------------------------------------------------------------------------------

  #informed(raw: readonly string[]): void {
    this.#listener?.serverInformational(this.#headOf(raw))
  }

  #headOf(raw: readonly string[]): RawResponseHead {
    // Pseudo fields come first, and of a response there is but one.
    const status = Number(raw[1])
    return new RawResponseHead(status, STATUS_CODES[status] ?? '', raw.slice(2), this.#request.head!.method)
  }

  #responded(raw: readonly string[], flags: number): void {
    if (this.#listener === undefined) return
    const head = this.#headOf(raw)
    const { maxHeaders, maxHeaderBytes } = this.#owner.options.responseLimits
    if (head.count > maxHeaders || head.length > maxHeaderBytes) return this.#refuse('a head above the limits')
    this.#hasResponse = true
    if (head.status < 300 && asksForTunnel(this.#request.head!)) return this.#openTunnel(head, raw)
    if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) {
      this.#settle()?.serverHead(head, undefined, true)
      this.#stream!.resume()
      return
    }
    this.#held = head
    this.#stream!.on('data', (chunk: Buffer) => this.#data(chunk))
    this.#stream!.on('end', () => this.#ended())
    setImmediate(flush, this)
  }

  /** Such a response can't be passed on. */
  #refuse(reason: string): void {
    const cause = new Error(`the response has ${reason}`)
    this.failed({ kind: 'bad-response', sent: true, reused: false, cause })
    this.#cancel()
  }

  #data(chunk: Buffer): void {
    if (this.#held !== undefined && this.#heldData === undefined) {
      this.#heldData = chunk
      return
    }
    this.flush()
    this.#listener?.serverData(chunk)
  }

  /** What was held for more to come along goes on its way. */
  flush(): void {
    const head = this.#held
    const data = this.#heldData
    this.#held = this.#heldData = undefined
    if (head !== undefined) this.#listener?.serverHead(head, data, false)
  }

  #ended(): void {
    // The close that follows tells why.
    if (this.#isCutOff) return
    if (!this.#isSending) this.#release()
    const head = this.#held
    const data = this.#heldData
    if (this.#trailers !== undefined) this.flush()
    if (head !== undefined && this.#trailers === undefined) this.#settle()?.serverHead(head, data, true)
    else this.#settle()?.serverEnd(this.#trailers)
  }

  #openTunnel(head: RawResponseHead, raw: readonly string[]): void {
    const { upgrade, method } = this.#request.head!
    const stream = this.#stream!
    const key = this.#request.head!.get('sec-websocket-key')
    if (upgrade === undefined) return this.#settle()?.serverTunnel(stream, head)
    const fields = [...raw.slice(2), 'Connection', 'Upgrade', 'Upgrade', upgrade]
    if (key !== undefined) fields.push('Sec-WebSocket-Accept', answerToKey(key))
    this.#settle()?.serverTunnel(stream, new RawResponseHead(101, 'Switching Protocols', fields, method))
  }

  // -- The end --------------------------------------------------------------------------------------------------------

  #closed(): void {
    const stream = this.#stream!
    const failure = streamFailure(stream, this.#session!, this.#hasResponse, this.#hasGivenBody)
    this.#release()
    this.#settle()?.serverFailed(failure)
  }

  /** Leaves its place on the connection to another. */
  #release(): void {
    if (!this.#isRiding) return
    this.#isRiding = false
    this.#session!.release()
  }

  /** Nothing more is to be told: gives the listener for the last time. */
  #settle(): ServerListener | undefined {
    const listener = this.#listener
    this.#listener = undefined
    this.#held = this.#heldData = undefined
    if (this.#stream === undefined) this.#session?.forget(this)
    // The server has no use for the rest of the request.
    else if (this.#isSending && this.#hasResponse) this.#cancel()
    return listener
  }
}

function flush(attempt: Http2Try): void {
  attempt.flush()
}

function cancel(stream: ClientHttp2Stream): void {
  if (!stream.destroyed) stream.close(constants.NGHTTP2_CANCEL)
}

function ignore(): void {}
