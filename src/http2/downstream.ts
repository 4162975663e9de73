import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { Chunk, Downstream, TunnelLimits } from '../core/carrier.js'
import { Exchange } from '../core/exchange.js'
import type { Frontend } from '../core/frontend.js'
import type { ResponseHead } from '../core/message/head.js'
import type { HeadEdits } from '../core/message/head-edits.js'
import { breakOff } from '../net/break-off.js'
import { tunnel } from '../net/tunnel.js'
import type { Deadline, DeadlineOwner } from '../util/deadline.js'
import { addFields, makeHeaders, receivedTrailers, trailersOf } from './fields.js'
import type { Http2Connection } from './http2-connection.js'
import { StreamRequestHead } from './request-head.js'
import { acceptsKey } from './websocket-key.js'

/** Ends the stream with the head. */
const headAlone = { endStream: true }
/**
 * Leaves the stream without an end until its trailers are sent, be they none. Without this node:http2 would send an end
 * before it resets a stream: what was cut off would look whole.
 */
const openEnd = { waitForTrailers: true }

/** One request and its response on a stream of HTTP/2. */
export class Http2Downstream implements Downstream, DeadlineOwner {
  readonly deadline: Deadline
  /** node:http2 does not tell, so nobody's buffer is free. */
  readonly isFlushed = false
  readonly exchange: Exchange
  readonly #frontend: Frontend
  readonly #connection: Http2Connection
  readonly #stream: ServerHttp2Stream
  readonly #head: StreamRequestHead
  #isReadingBody = false
  #isRequestComplete: boolean
  #isContinued = false
  /** The exchange has said its last word, or heard the client's. */
  #hasEnded = false
  #isTunnel = false
  #awaitsDrain = false
  #requestTrailers: readonly string[] | undefined
  #trailers: readonly string[] | undefined

  constructor(
    frontend: Frontend,
    connection: Http2Connection,
    stream: ServerHttp2Stream,
    raw: readonly string[],
    isWhole: boolean,
  ) {
    this.#frontend = frontend
    this.#connection = connection
    this.#stream = stream
    this.#isRequestComplete = isWhole
    this.deadline = connection.requestBegan(this)
    this.#head = StreamRequestHead.read(raw, !isWhole, frontend.settings.requestLimits)
    this.exchange = new Exchange(frontend, connection.session, this, this.#head, frontend.clock.now())
    stream.on('error', ignore)
    stream.on('aborted', () => this.#aborted())
    stream.on('close', () => this.#closed())
    if (!isWhole) {
      // They may come before anybody wants the body.
      stream.on('trailers', (_headers: unknown, _flags: number, raw: string[]) => {
        this.#requestTrailers = receivedTrailers(raw)
      })
    }
  }

  /** Hands the request to its exchange. */
  start(): void {
    const isRefused = this.#head.method === 'CONNECT' && !this.#frontend.settings.allowConnect
    if (isRefused) this.exchange.refuse('unsupported')
    else this.exchange.start()
  }

  /** The proxy ends it: it can wait no longer. */
  shutDown(): void {
    this.exchange.shutDown()
  }

  /** The client has reset the stream, or its connection is gone. */
  #aborted(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#connection.requestReset()
    this.exchange.clientAborted()
  }

  #closed(): void {
    this.#aborted()
    if (!this.#isTunnel) this.#connection.requestEnded(this, this.deadline)
  }

  // -- The request's body ---------------------------------------------------------------------------------------------

  resumeBody(): void {
    if (!this.#isReadingBody) {
      this.#isReadingBody = true
      this.#stream.on('data', (chunk: Buffer) => this.exchange.clientData(chunk))
      this.#stream.on('end', () => this.#bodyEnded())
    }
    this.#stream.resume()
  }

  #bodyEnded(): void {
    this.#isRequestComplete = true
    this.exchange.clientEnd(this.#requestTrailers)
  }

  pauseBody(): void {
    this.#stream.pause()
  }

  // -- The response ---------------------------------------------------------------------------------------------------

  informational(head: ResponseHead): void {
    const stream = this.#stream
    if (stream.destroyed || stream.closed || stream.headersSent) return
    if (head.status === 100 && !this.#continue()) return
    const headers = makeHeaders()
    headers[':status'] = head.status
    addFields(headers, head.forwardedList([]))
    stream.additionalHeaders(headers)
  }

  /** Whether the client still waits for a 100, which it gets once. */
  #continue(): boolean {
    if (this.#isContinued || !this.#head.expectsContinue) return false
    this.#isContinued = true
    return true
  }

  respond(head: ResponseHead, edits: readonly HeadEdits[], first: Chunk | undefined, ended: boolean): boolean {
    const stream = this.#stream
    if (stream.destroyed || stream.closed) return true
    // To the client it would be a tunnel.
    if (this.#head.isExtendedConnect && head.status < 300)
      throw new Error(`${head.status} to an offer to switch protocols`)
    const headers = makeHeaders()
    headers[':status'] = head.status
    addFields(headers, head.forwardedList(edits))
    // RFC 9110 8.6 forbids a length with it.
    if (head.status === 204) delete headers['content-length']
    if (ended && first === undefined) {
      stream.respond(headers, headAlone)
      this.#finish()
      return true
    }
    if (ended) {
      stream.respond(headers)
      stream.end(first, 'latin1')
      this.#finish()
      return true
    }
    stream.on('wantTrailers', () => this.#sendTrailers())
    stream.respond(headers, openEnd)
    return first === undefined || this.write(first)
  }

  write(chunk: Chunk): boolean {
    const stream = this.#stream
    if (stream.destroyed || stream.closed || stream.writableEnded) return true
    if (stream.write(chunk, 'latin1')) return true
    if (!this.#awaitsDrain) {
      this.#awaitsDrain = true
      stream.on('drain', () => this.exchange.clientDrained())
    }
    return false
  }

  end(trailers: readonly string[] | undefined): void {
    const stream = this.#stream
    if (stream.destroyed || stream.closed) return
    this.#trailers = trailers
    stream.end()
    this.#finish()
  }

  #sendTrailers(): void {
    if (!this.#stream.destroyed && !this.#stream.closed) this.#stream.sendTrailers(trailersOf(this.#trailers))
  }

  /** The exchange is over, but the client has yet to take the rest. */
  #finish(): void {
    this.#hasEnded = true
    this.deadline.set(this, this.#frontend.settings.timeout.client)
    // The rest of the request is for nobody (RFC 9113 8.1).
    if (!this.#isRequestComplete) this.#stopRequest()
  }

  #stopRequest(): void {
    const stream = this.#stream
    if (stream.writableFinished) stream.close(constants.NGHTTP2_NO_ERROR)
    else stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR))
  }

  /** The client took nothing of the rest for too long. */
  deadlinePassed(): void {
    this.abort()
  }

  abort(): void {
    this.#hasEnded = true
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  }

  // -- Tunnels --------------------------------------------------------------------------------------------------------

  tunnel(server: Duplex, head: ResponseHead | undefined, edits: readonly HeadEdits[], limits: TunnelLimits): void {
    const stream = this.#stream
    this.#hasEnded = true
    this.#isTunnel = true
    const key = this.#head.webSocketKey
    if (key !== undefined && !acceptsKey(head, key)) {
      breakOff(server)
      this.abort()
    } else if (!stream.destroyed) {
      stream.on('wantTrailers', () => this.#sendTrailers())
      stream.respond(switched(head, edits), openEnd)
    }
    // node:http2 would have a reset pass for the end of what the client sends. The code says which one is our own.
    stream.on('aborted', () => {
      if (stream.rstCode !== constants.NGHTTP2_CONNECT_ERROR)
        stream.destroy(new Error('the client has reset the stream'))
    })
    tunnel(stream, server, this.deadline, limits, {
      tunnelPassed: (bytesIn, bytesOut) => this.exchange.tunnelPassed(bytesIn, bytesOut),
      tunnelEnded: (failure) => {
        this.exchange.tunnelEnded(failure)
        this.#connection.requestEnded(this, this.deadline)
      },
    })
  }
}

/** The head that opens a tunnel: 101 has no place in HTTP/2, and what answers a key that we made up none with the client. */
function switched(head: ResponseHead | undefined, edits: readonly HeadEdits[]): ReturnType<typeof makeHeaders> {
  const headers = makeHeaders()
  headers[':status'] = 200
  if (head !== undefined) addFields(headers, head.forwardedList(edits))
  delete headers['sec-websocket-accept']
  delete headers['content-length']
  return headers
}

function ignore(): void {}
