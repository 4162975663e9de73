import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Chunk, Downstream, TunnelLimits } from '../core/carrier.js'
import { Exchange } from '../core/exchange.js'
import type { Frontend } from '../core/frontend.js'
import { chunked } from '../core/message/framing.js'
import type { ResponseHead } from '../core/message/head.js'
import type { HeadEdits } from '../core/message/head-edits.js'
import type { RequestLimits } from '../core/message/head-limits.js'
import { RawRequestHead } from '../core/message/raw-head.js'
import { breakOff } from '../net/break-off.js'
import { tunnel } from '../net/tunnel.js'
import type { Deadline, DeadlineOwner } from '../util/deadline.js'
import type { HttpConnection } from './http-connection.js'

/** A body up to this size leaves as text together with its head, in one write: measured cheaper than two buffers. */
const smallBody = 16 * 1024

/** One request and its response under `node:http`. */
export class NodeHttpDownstream implements Downstream, DeadlineOwner {
  readonly deadline: Deadline
  /** node:http does not tell, so nobody's buffer is free. */
  readonly isFlushed = false
  readonly exchange: Exchange
  readonly #frontend: Frontend
  readonly #connection: HttpConnection
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  /** The first bytes after an upgrade request's head. */
  readonly #surplus: Buffer | undefined
  readonly #head: RawRequestHead
  #isReadingBody = false
  #isContinued: boolean
  #hasEnded = false
  #isTaken = false
  #awaitsDrain = false

  constructor(
    frontend: Frontend,
    connection: HttpConnection,
    request: IncomingMessage,
    response: ServerResponse,
    surplus: Buffer | undefined,
  ) {
    this.#frontend = frontend
    this.#connection = connection
    this.#request = request
    this.#response = response
    this.#surplus = surplus
    this.#isContinued = hasSentContinue(response)
    this.deadline = connection.requestBegan(this)
    this.#head = headOf(request, surplus !== undefined, frontend.settings.requestLimits)
    this.exchange = new Exchange(frontend, connection.session, this, this.#head, frontend.clock.now())
    response.on('close', () => this.connectionClosed())
    response.on('error', ignore)
  }

  /** Hands the request to its exchange; `next` takes it when nothing there does. */
  start(next?: () => void): void {
    // node:http takes HTTP/0.9, and a text that says HTTP/2.0.
    if (this.#request.httpVersionMajor !== 1) this.exchange.refuse('bad-request')
    else this.exchange.start(next && (() => this.#pass(next)))
  }

  #pass(next: () => void): void {
    this.#hasEnded = true
    next()
  }

  /** The proxy ends it: it can wait no longer. */
  shutDown(): void {
    this.exchange.shutDown()
  }

  /** The response has gone out whole, or the client is gone. */
  connectionClosed(): void {
    if (!this.#hasEnded) {
      this.#hasEnded = true
      this.exchange.clientAborted()
    }
    this.#connection.requestEnded(this, this.deadline)
  }

  // -- The request's body ---------------------------------------------------------------------------------------------

  resumeBody(): void {
    if (this.#isReadingBody) {
      this.#request.resume()
      return
    }
    this.#isReadingBody = true
    this.#request.on('data', (chunk: Buffer) => this.exchange.clientData(chunk))
    this.#request.on('end', () => {
      const { rawTrailers } = this.#request
      this.exchange.clientEnd(rawTrailers.length > 0 ? rawTrailers : undefined)
    })
    this.#request.on('error', ignore)
    // A failed try before this has paused it: then a listener alone does not let it flow.
    this.#request.resume()
  }

  pauseBody(): void {
    this.#request.pause()
  }

  // -- The response ---------------------------------------------------------------------------------------------------

  informational(head: ResponseHead): void {
    if (head.status === 100) return this.#continue()
    const { socket } = this.#response
    // With pipelined requests the socket may be an earlier one's still; 1xx may be dropped (RFC 9110 15.2).
    if (socket === null || this.#response.headersSent || this.#head.minorVersion === 0) return
    socket.write(`HTTP/1.1 ${head.status} ${head.reason}\r\n${head.forwardedText([])}\r\n`, 'latin1')
  }

  /** Tells a client to go on that waits for it, once. */
  #continue(): void {
    if (this.#isContinued || !this.#head.expectsContinue || this.#response.headersSent) return
    this.#isContinued = true
    this.#response.writeContinue()
  }

  respond(head: ResponseHead, edits: readonly HeadEdits[], first: Chunk | undefined, ended: boolean): boolean {
    if (this.#response.destroyed) return true
    if (this.#response.headersSent) return this.#giveWay()
    this.#response.writeHead(head.status, head.reason, this.#fields(head, edits))
    if (ended) {
      this.#finish(first)
      return true
    }
    // Whoever waits for the head alone (an event stream's client) shall have it now.
    if (first === undefined) this.#response.flushHeaders()
    return first === undefined || this.write(first)
  }

  /** Another listener of the application's server has answered: the response is not ours to touch. */
  #giveWay(): true {
    this.#isTaken = true
    const { name } = this.#frontend
    this.#frontend.fault(new Error('another listener has answered the request'), `server of frontends.${name}`)
    return true
  }

  #fields(head: ResponseHead, edits: readonly HeadEdits[]): string[] {
    const fields = head.forwardedList(edits)
    const isChunked = head.bodyLength === chunked && this.#head.minorVersion === 1
    for (let i = fields.length - 2; i >= 0; i -= 2) {
      // node:http throws for a Trailer field where no trailer can follow; RFC 9110 8.6 forbids a length with 204.
      const name = fields[i]!
      const isOut =
        (name.length === 7 && !isChunked && name.toLowerCase() === 'trailer') ||
        (name.length === 14 && head.status === 204 && name.toLowerCase() === 'content-length')
      if (isOut) fields.splice(i, 2)
    }
    if (this.#mustClose) fields.push('Connection', 'close')
    return fields
  }

  get #mustClose(): boolean {
    return this.#connection.isDraining || this.#frontend.settings.httpClose || this.#isBad || this.#mayBodyFollow
  }

  /** What follows on the connection of a bad request may be a part of it. */
  get #isBad(): boolean {
    return this.#head.defect !== undefined || this.#request.httpVersionMajor !== 1
  }

  /** A client that waits for 100 may send its body all the same. */
  get #mayBodyFollow(): boolean {
    return this.#head.expectsContinue && !this.#isContinued
  }

  write(chunk: Chunk): boolean {
    if (this.#response.destroyed || this.#isTaken) return true
    if (this.#response.write(chunk, 'latin1')) return true
    if (!this.#awaitsDrain) {
      this.#awaitsDrain = true
      this.#response.on('drain', () => this.exchange.clientDrained())
    }
    return false
  }

  end(trailers: readonly string[] | undefined): void {
    if (this.#response.destroyed || this.#isTaken) return
    if (trailers !== undefined && this.#head.minorVersion === 1) this.#addTrailers(trailers)
    this.#finish(undefined)
  }

  #addTrailers(trailers: readonly string[]): void {
    const pairs: [string, string][] = []
    for (let i = 0; i < trailers.length; i += 2) pairs.push([trailers[i]!, trailers[i + 1]!])
    this.#response.addTrailers(pairs)
  }

  #finish(last: Chunk | undefined): void {
    this.#hasEnded = true
    if (last === undefined) this.#response.end()
    else if (typeof last === 'string') this.#response.end(last, 'latin1')
    else if (last.length <= smallBody) this.#response.end(last.toString('latin1'), 'latin1')
    else this.#response.end(last)
    // The exchange is over, but the client has yet to take the rest.
    this.deadline.set(this, this.#frontend.settings.timeout.client)
  }

  /** The client took nothing of the rest for too long. */
  deadlinePassed(): void {
    this.abort()
  }

  abort(): void {
    this.#hasEnded = true
    if (this.#isTaken) return
    // A plain close would pass for the end of a response that has no length.
    breakOff(this.#connection.socket)
  }

  tunnel(server: Duplex, head: ResponseHead | undefined, edits: readonly HeadEdits[], limits: TunnelLimits): void {
    const { socket } = this.#connection
    this.#hasEnded = true
    this.#response.detachSocket(socket)
    if (head !== undefined) {
      const upgrade = head.upgrade === undefined ? '' : `Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n`
      const fields = head.forwardedText(edits)
      socket.write(`HTTP/1.1 ${head.status} ${head.reason}\r\n${upgrade}${fields}\r\n`, 'latin1')
    }
    if (this.#surplus !== undefined && this.#surplus.length > 0) socket.unshift(this.#surplus)
    tunnel(socket, server, this.deadline, limits, {
      tunnelPassed: (bytesIn, bytesOut) => this.exchange.tunnelPassed(bytesIn, bytesOut),
      tunnelEnded: (failure) => {
        this.exchange.tunnelEnded(failure)
        this.#connection.requestEnded(this, this.deadline)
      },
    })
  }
}

/** The head; a request whose connection is not ours to switch goes on as if its client had not offered that. */
function headOf(
  { method = '', url = '', httpVersionMinor, rawHeaders }: IncomingMessage,
  isOurs: boolean,
  limits: RequestLimits,
): RawRequestHead {
  const head = new RawRequestHead(method, url, httpVersionMinor, rawHeaders, limits)
  if (isOurs || head.upgrade === undefined) return head
  const fields: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.toLowerCase() !== 'upgrade') fields.push(rawHeaders[i]!, rawHeaders[i + 1]!)
  }
  return new RawRequestHead(method, url, httpVersionMinor, fields, limits)
}

/** node:http answers `Expect: 100-continue` itself before a request gets to a plain request listener. */
function hasSentContinue(response: ServerResponse & { readonly _sent100?: boolean }): boolean {
  return response._sent100 === true
}

function ignore(): void {}
