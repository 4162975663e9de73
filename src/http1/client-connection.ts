import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Chunk, Downstream, TunnelLimits } from '../core/carrier.js'
import { errorAnswer } from '../core/error-page.js'
import { Exchange } from '../core/exchange.js'
import type { Frontend } from '../core/frontend.js'
import { type BodyLength, chunked, isBodyless } from '../core/message/framing.js'
import type { RequestDefect, ResponseHead } from '../core/message/head.js'
import type { HeadEdits } from '../core/message/head-edits.js'
import { asksForTunnel } from '../core/message/hop-by-hop.js'
import { outcomes } from '../core/outcome.js'
import type { Session } from '../core/session.js'
import { recordUnbornRequest } from '../core/unborn-request.js'
import type { Arrival } from '../net/arrival.js'
import { breakOff } from '../net/break-off.js'
import type { OpenConnection } from '../net/connection-set.js'
import { hasRoom } from '../net/has-room.js'
import { tunnel } from '../net/tunnel.js'
import { Deadline, type DeadlineOwner } from '../util/deadline.js'
import { ChunkedDecoder, type ChunkSink, chunkHead, lastChunk } from './chunked.js'
import type { DateField } from './date-field.js'
import { readRequestHead } from './parse-head.js'
import { type HandOver, hasPreface } from './preface.js'
import { smallBody } from './small-body.js'
import type { TextFields } from './text-fields.js'
import type { TextRequestHead } from './text-head.js'
import { latin1, writeChunk } from './write-chunk.js'
import { responseText, tunnelText } from './write-head.js'

/** What a request that never became one failed with. */
type Unborn = 'request-timeout' | RequestDefect

/**
 * A client's connection: reads requests one after the other, hands each to an exchange, and writes the answers in
 * order. It is the {@link Downstream} of the exchange that is under way; the next request is not looked at before that
 * is over.
 */
export class ClientConnection implements Downstream, DeadlineOwner, OpenConnection, ChunkSink {
  readonly deadline: Deadline
  readonly #frontend: Frontend
  readonly #socket: Socket
  readonly #session: Session
  readonly #date: DateField
  /** What has come and is not read yet. */
  #input: Buffer | undefined
  #exchange: Exchange | undefined
  #head: TextRequestHead | undefined
  /** Those of the last request. */
  #fields: TextFields | undefined
  /** When the first byte of the present head came; -1: none has. */
  #headBeganAt: number
  /** How many bytes of the present head have been looked at, and are not enough. */
  #headSeen = 0
  /** Bytes of the request's body to come, or `chunked`. */
  #left: BodyLength = 0
  #decoder: ChunkedDecoder | undefined
  #isBodyWanted = false
  #isContinued = false
  /** The response goes out; in chunks; the connection goes on after it. */
  #hasResponse = false
  #isChunked = false
  #keepsAlive = true
  #isDraining = false
  #isTunnel = false
  /** The client sends no more. */
  #isHalfClosed = false
  /** Nothing more is read as requests: the last answer is on its way. */
  #isClosing = false
  /** Undefined: what comes is no preface of HTTP/2, or nobody here speaks it. */
  #handOver: HandOver | undefined

  constructor(frontend: Frontend, arrival: Arrival, date: DateField, handOver?: HandOver) {
    const { socket, client, localPort, tls } = arrival
    this.#frontend = frontend
    this.#socket = socket
    this.#date = date
    this.#handOver = handOver
    this.deadline = new Deadline(frontend.clock)
    this.#session = frontend.openSession(client, localPort, tls !== undefined, arrival)
    this.#headBeganAt = frontend.clock.now()
    this.deadline.set(this, frontend.settings.timeout.httpRequest)
    // However the socket was made: a client that has ended its side may want its answer.
    socket.allowHalfOpen = true
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('error', ignore)
    socket.on('close', this.#onClose)
    socket.on('drain', this.#onDrain)
  }

  // -- Reading --------------------------------------------------------------------------------------------------------

  readonly #onData = (bytes: Buffer): void => {
    const input = this.#input === undefined ? bytes : Buffer.concat([this.#input, bytes])
    this.#input = undefined
    this.#read(input)
  }

  /** Reads on until there is nothing more, or until what is there must wait. */
  #read(input: Buffer): void {
    let at = 0
    while (at < input.length && !this.#isClosing) {
      const next = this.#head === undefined ? this.#readHead(input, at) : this.#readBody(input, at)
      if (next < 0) {
        this.#input = at === 0 ? input : input.subarray(at)
        return
      }
      at = next
    }
  }

  /** Reads a request's head; -1: it is not whole, or there will be none. */
  #readHead(input: Buffer, from: number): number {
    if (this.#handOver !== undefined && this.#readPreface(input)) return -1
    // An empty line before a request is an old client's mistake that harms nobody (RFC 9112 2.2).
    if (input[from] === 13 && input[from + 1] === 10) {
      this.#headSeen = 0
      return from + 2
    }
    const isNew = this.#headBeganAt < 0
    if (isNew) this.#headBeganAt = this.#frontend.clock.now()
    const head = readRequestHead(input, from, this.#headSeen, this.#frontend.settings.requestLimits, this.#fields)
    this.#headSeen = head === undefined ? input.length - from : 0
    if (head === undefined) {
      if (isNew) this.deadline.set(this, this.#frontend.settings.timeout.httpRequest, this.#headBeganAt)
      return -1
    }
    if (typeof head === 'string') return this.#refuse(head)
    const end = from + head.length
    this.#fields = head.fields
    this.#begin(head, input, end, isNew ? this.#headBeganAt : undefined)
    return this.#socket.destroyed || this.#isTunnel ? -1 : end
  }

  /** Hands the connection over if it speaks HTTP/2; says whether it does, or may turn out to. */
  #readPreface(input: Buffer): boolean {
    const speaksHttp2 = hasPreface(input)
    if (speaksHttp2 === false) this.#handOver = undefined
    if (speaksHttp2 !== true) return speaksHttp2 === undefined
    this.#isTunnel = true
    this.deadline.cancel()
    const socket = this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('drain', this.#onDrain)
    socket.off('close', this.#onClose).pause().unshift(input)
    this.#handOver!(this.#session)
    return true
  }

  #begin(head: TextRequestHead, input: Buffer, end: number, now: number | undefined): void {
    this.deadline.disarm()
    this.#head = head
    this.#left = head.bodyLength
    this.#decoder = head.bodyLength === chunked ? new ChunkedDecoder() : undefined
    this.#isBodyWanted = this.#isContinued = this.#hasResponse = false
    this.#keepsAlive = head.keepsAlive && !this.#isDraining && !this.#frontend.settings.httpClose
    const startedAt = this.#headBeganAt
    this.#headBeganAt = -1
    // A tunnel's first bytes come after the head of its request.
    if (asksForTunnel(head) && end < input.length) this.#input = input.subarray(end)
    this.#exchange = new Exchange(this.#frontend, this.#session, this, head, startedAt, now)
    const isConnect = head.method === 'CONNECT'
    // After a request that is refused for its head, or a tunnel that came to nothing, what follows can't be known to be
    // the next request.
    if (isConnect || head.defect !== undefined) this.#keepsAlive = false
    if (isConnect && !(this.#frontend.settings.allowConnect && this.#left === 0)) this.#exchange.refuse('unsupported')
    else this.#exchange.start()
  }

  /** Reads of the body, or of what follows the request; -1: it must wait. */
  #readBody(input: Buffer, at: number): number {
    if (this.#left === 0) {
      // The next request waits for this one's answer.
      this.#socket.pause()
      return -1
    }
    if (!this.#isBodyWanted && this.#exchange !== undefined) {
      this.#socket.pause()
      return -1
    }
    return this.#decoder === undefined ? this.#readLength(input, at) : this.#readChunks(this.#decoder, input, at)
  }

  #readLength(input: Buffer, at: number): number {
    const end = Math.min(input.length, at + this.#left)
    this.#left -= end - at
    this.#exchange?.clientData(at === 0 && end === input.length ? input : input.subarray(at, end))
    if (this.#left === 0) this.#requestEnded(undefined)
    return end
  }

  #readChunks(decoder: ChunkedDecoder, input: Buffer, at: number): number {
    const end = decoder.decode(input, at, this)
    if (decoder.hasFailed) return this.#failBody()
    if (decoder.isDone) {
      this.#left = 0
      this.#requestEnded(decoder.trailers.length > 0 ? decoder.trailers : undefined)
    }
    return end
  }

  chunkData(bytes: Buffer): void {
    this.#exchange?.clientData(bytes)
  }

  #requestEnded(trailers: readonly string[] | undefined): void {
    if (this.#exchange !== undefined) this.#exchange.clientEnd(trailers)
    else this.#nextRequest()
  }

  #failBody(): -1 {
    this.#keepsAlive = false
    this.#left = 0
    if (this.#exchange === undefined) this.#socket.destroy()
    else this.#exchange.clientFailed()
    return -1
  }

  resumeBody(): void {
    this.#isBodyWanted = true
    this.#resume()
  }

  pauseBody(): void {
    this.#isBodyWanted = false
    this.#socket.pause()
  }

  /** Reads on: first what waits here, then what comes. */
  #resume(): void {
    const input = this.#input
    this.#input = undefined
    if (input !== undefined) this.#read(input)
    // What waits for its turn wants nothing more; a head that has begun does.
    const mayRead = this.#input === undefined || this.#head === undefined || this.#isHalfClosed
    if (mayRead && !this.#isTunnel) this.#readOn()
  }

  /** Lets more come. From a client that has ended its side nothing does; what it sent before may be being read just now. */
  #readOn(): void {
    if (this.#isHalfClosed) queueMicrotask(() => this.#endLacking())
    else this.#socket.resume()
  }

  /** Whether what has come breaks off in the middle, or nothing is there. */
  get #isLacking(): boolean {
    if (this.#head === undefined) return this.#input === undefined || this.#headSeen > 0
    return this.#input === undefined && this.#left !== 0 && this.#isBodyWanted
  }

  #endLacking(): void {
    if (!this.#isLacking || this.#socket.destroyed) return
    if (this.#exchange === undefined) this.#closeIdle()
    else this.#socket.destroy()
  }

  // -- Writing --------------------------------------------------------------------------------------------------------

  /** Everything that was given has left for the system: nobody's bytes are needed any more. */
  get isFlushed(): boolean {
    return this.#socket.writableLength === 0
  }

  informational(head: ResponseHead): void {
    if (this.#hasResponse || this.#head?.minorVersion === 0) return
    if (head.status === 100 && !this.#continue()) return
    this.#socket.write(`HTTP/1.1 ${head.status} ${head.reason}\r\n${head.forwardedText([])}\r\n`, 'latin1')
  }

  /** Whether the client still waits for a 100, which it gets once. */
  #continue(): boolean {
    if (this.#isContinued || !this.#head!.expectsContinue) return false
    this.#isContinued = true
    return true
  }

  respond(head: ResponseHead, edits: readonly HeadEdits[], first: Chunk | undefined, ended: boolean): boolean {
    const request = this.#head!
    this.#hasResponse = true
    const hasLength = head.bodyLength >= 0 || isBodyless(request.method, head.status)
    this.#isChunked = !hasLength && request.minorVersion === 1
    if (!hasLength && request.minorVersion === 0) this.#keepsAlive = false
    if (this.#isDraining || (request.expectsContinue && !this.#isContinued && this.#left !== 0))
      this.#keepsAlive = false
    const connection = this.#keepsAlive ? (request.minorVersion === 0 ? 'keep-alive' : undefined) : 'close'
    const text = responseText(head, edits, this.#isChunked, connection, this.#date)
    return this.#send(text, first, ended)
  }

  /** Writes head and body in as few pieces as there can be. */
  #send(text: string, first: Chunk | undefined, ended: boolean): boolean {
    const socket = this.#socket
    const isText = first === undefined || typeof first === 'string' || first.length <= smallBody
    if (isText && !this.#isChunked) {
      socket.write(first === undefined ? text : text + latin1(first), 'latin1')
    } else if (isText) {
      const body = first === undefined || first.length === 0 ? '' : `${chunkHead(first.length)}${latin1(first)}\r\n`
      socket.write(text + body + (ended ? lastChunk(undefined) : ''), 'latin1')
    } else {
      socket.cork()
      socket.write(text, 'latin1')
      this.write(first)
      if (ended && this.#isChunked) socket.write(lastChunk(undefined), 'latin1')
      socket.uncork()
    }
    if (ended) this.#responseEnded()
    return hasRoom(socket)
  }

  write(chunk: Chunk): boolean {
    const socket = this.#socket
    if (this.#isChunked) writeChunk(socket, chunk)
    else socket.write(chunk as string, 'latin1')
    return hasRoom(socket)
  }

  end(trailers: readonly string[] | undefined): void {
    if (this.#isChunked) this.#socket.write(lastChunk(trailers), 'latin1')
    this.#responseEnded()
  }

  #responseEnded(): void {
    this.#exchange = undefined
    if (!this.#keepsAlive || this.#isDraining) return this.#finish()
    // More than a little that the client has not taken yet keeps its next request waiting.
    if (!hasRoom(this.#socket)) this.deadline.set(this, this.#frontend.settings.timeout.client)
    else this.#afterResponse()
  }

  readonly #onDrain = (): void => {
    if (this.#exchange !== undefined) this.#exchange.clientDrained()
    else if (this.#hasResponse && this.#keepsAlive) this.#afterResponse()
  }

  /** The answer is out: takes up the next request, once the rest of this one is read and forgotten. */
  #afterResponse(): void {
    if (this.#left === 0) return this.#nextRequest()
    this.#isBodyWanted = true
    this.deadline.set(this, this.#frontend.settings.timeout.httpRequest)
    queueMicrotask(() => this.#resume())
  }

  #nextRequest(): void {
    this.#head = undefined
    this.#hasResponse = false
    this.deadline.set(this, this.#frontend.settings.timeout.httpKeepAlive)
    if (this.#input !== undefined) queueMicrotask(() => this.#resume())
    else if (this.#isHalfClosed || this.#socket.isPaused()) this.#readOn()
  }

  /** Closes what has nothing under way in good order, which over TLS says so, once all is out. */
  #closeIdle(): void {
    this.#isClosing = true
    // A client that takes nothing more would keep it open for good.
    this.deadline.set(this, this.#frontend.settings.timeout.client)
    this.#socket.destroySoon()
  }

  /**
   * Nothing follows: closes when all is out. Where more of the client's may be on its way, that is read for a last
   * while and forgotten: a socket that is closed with bytes unread is reset, and a reset can overtake the answer.
   */
  #finish(): void {
    const socket = this.#socket
    const hasMore = this.#left !== 0 || this.#input !== undefined || this.#head === undefined
    this.#isClosing = true
    this.#left = 0
    this.#input = undefined
    this.deadline.set(this, this.#frontend.settings.timeout.client)
    if (!hasMore) return socket.destroySoon()
    socket.end(() => this.deadline.set(this, lingerTime))
    socket.off('data', this.#onData).on('data', ignore)
    socket.resume()
  }

  /** Answers what never became a request, and closes. */
  #refuse(failure: Unborn): -1 {
    recordUnbornRequest(this.#frontend, this.#session, failure)
    const { reason, fields, body } = errorAnswer(outcomes[failure].status, undefined, [
      this.#frontend.settings.errorFiles,
    ])
    let head = `HTTP/1.1 ${outcomes[failure].status} ${reason}\r\nDate: ${this.#date.now}\r\nConnection: close\r\n`
    for (let i = 0; i < fields.length; i += 2) head += `${fields[i]}: ${fields[i + 1]}\r\n`
    this.#socket.write(`${head}\r\n${body.toString('latin1')}`, 'latin1')
    this.#finish()
    return -1
  }

  // -- Tunnels --------------------------------------------------------------------------------------------------------

  tunnel(server: Duplex, head: ResponseHead | undefined, edits: readonly HeadEdits[], limits: TunnelLimits): void {
    const socket = this.#socket
    this.#isTunnel = true
    socket.removeListener('data', this.#onData)
    socket.removeListener('end', this.#onEnd)
    socket.removeListener('drain', this.#onDrain)
    socket.pause()
    if (head !== undefined) socket.write(tunnelText(head, edits, this.#head!), 'latin1')
    if (this.#input !== undefined) socket.unshift(this.#input)
    this.#input = undefined
    tunnel(socket, server, this.deadline, limits, this.#exchange!)
  }

  // -- The end --------------------------------------------------------------------------------------------------------

  /** The client sends no more. While it waits for an answer it may want that all the same, or have left. */
  readonly #onEnd = (): void => {
    this.#isHalfClosed = true
    if (this.#exchange === undefined) return this.#resume()
    const isWhole = this.#left === 0 || this.#input !== undefined
    const mayStay = isWhole && this.#head!.upgrade === undefined && this.#exchange.clientHalfClosed()
    if (!mayStay) this.#socket.destroy()
  }

  readonly #onClose = (): void => {
    if (!this.#isTunnel) this.#exchange?.clientAborted()
    // A tunnel may still have something to bring to the server, and ends the deadline itself.
    if (!this.#isTunnel) this.deadline.cancel()
    this.#session.close()
  }

  deadlinePassed(): void {
    if (this.#head !== undefined || this.#isClosing) this.#socket.destroy()
    else if (this.#headBeganAt >= 0) this.#refuse('request-timeout')
    else this.#closeIdle()
  }

  abort(): void {
    breakOff(this.#socket)
  }

  drain(): void {
    this.#isDraining = true
    // A connection that has brought nothing yet is as idle as one between two requests.
    if (this.#head === undefined && this.#input === undefined) this.#closeIdle()
  }

  shutDown(): void {
    this.#exchange?.shutDown()
    this.#socket.destroy()
  }
}

/** How long a closed connection may still be read from. */
const lingerTime = 2000

function ignore(): void {}
