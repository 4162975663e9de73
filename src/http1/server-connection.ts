import type { Socket } from 'node:net'
import type { Chunk, OutgoingRequest, ServerListener, Try } from '../core/carrier.js'
import { type BodyLength, chunked, untilClose } from '../core/message/framing.js'
import type { ResponseLimits } from '../core/message/head-limits.js'
import { asksForTunnel } from '../core/message/hop-by-hop.js'
import type { OwnConnection, Session } from '../core/session.js'
import { type DialError, dial } from '../net/dialer.js'
import { hasRoom } from '../net/has-room.js'
import type { Target } from '../net/target.js'
import type { LinkedList, LinkedNode } from '../util/linked-list.js'
import { ChunkedDecoder, type ChunkSink, lastChunk } from './chunked.js'
import { asksThisConnection, keepAliveTimeout } from './connection-fields.js'
import { readResponseHead } from './parse-head.js'
import { smallBody } from './small-body.js'
import type { TextFields } from './text-fields.js'
import type { TextResponseHead } from './text-head.js'
import { writeChunk } from './write-chunk.js'
import { requestText } from './write-head.js'

/** The size of a connection's read buffer, and of the one that takes its place while a large body comes. */
const readSize = 64 * 1024
const largeReadSize = 256 * 1024

/** Where connections come from and go back to. */
export interface ServerConnectionOwner {
  readonly target: Target
  /** Whom the connections lead to. */
  readonly server: object
  readonly connectTimeout: number
  /** How many requests a connection may carry after its first. */
  readonly maxReuse: number
  readonly responseLimits: ResponseLimits
  /** The server says for how long it keeps an idle connection. */
  keptFor(ms: number): void
  /** The connection is free for another request, after one of that session. */
  putBack(connection: ServerConnection, session: Session): void
  /** The connection is gone. */
  gone(connection: ServerConnection): void
}

/** One connection to a server: a request and its response at a time, kept and reused. It is its own {@link Try}. */
export class ServerConnection implements Try, ChunkSink, OwnConnection, LinkedNode {
  nextInList: this | undefined = undefined
  previousInList: this | undefined = undefined
  list: LinkedList<ServerConnection> | undefined = undefined
  readonly owner: ServerConnectionOwner
  #socket: Socket | undefined
  #giveUpDial: (() => void) | undefined
  #request: OutgoingRequest | undefined
  #listener: ServerListener | undefined
  /** Read into again and again, as long as nothing that was read waits to be written elsewhere. */
  #buffer = Buffer.allocUnsafeSlow(readSize)
  #mustKeepBuffer = false
  /** The most that one read of the present response brought. */
  #mostRead = 0

  #state: 'idle' | 'head' | 'body' | 'closed' = 'head'
  /** The fields of the last response. */
  #fields: TextFields | undefined
  /** The beginning of a head that is not whole yet. */
  #partial: Buffer | undefined
  #left: BodyLength = 0
  #decoder: ChunkedDecoder | undefined
  /** A chunked response's head that waits for the first piece of its body. */
  #held: TextResponseHead | undefined
  #keepsAlive = false
  /** The connection ends with the present request: the server was told so. */
  #isLast = false
  #isSending = false
  #isCorked = false
  #served = 0
  /** When it became idle, by the pool's clock. */
  idleSince = 0
  /** The session that keeps it for itself, once one does. */
  keeper: Session | undefined
  /** The server knows the client by this connection: nobody else may have it. */
  isPrivate = false

  constructor(owner: ServerConnectionOwner) {
    this.owner = owner
  }

  get boundTo(): object | undefined {
    return this.isPrivate ? this.owner.server : undefined
  }

  /** How many requests it has carried after its first. */
  get reuses(): number {
    return this.#served - 1
  }

  /** Takes the next request; its `send` follows. */
  begin(request: OutgoingRequest, listener: ServerListener): this {
    this.#request = request
    this.#listener = listener
    this.#state = 'head'
    return this
  }

  // -- Commands of the exchange ---------------------------------------------------------------------------------------

  send(first: Chunk | undefined, ended: boolean): void {
    this.#isSending = !ended
    if (this.#socket !== undefined) return this.#sendOn(this.#socket, first, ended)
    const { target, connectTimeout: timeout } = this.owner
    // What may become a tunnel is read as a stream from the start: a socket with a buffer of ours can't turn into one. Nor
    // can it carry TLS.
    const { head, session } = this.#request!
    const onread = target.tls !== undefined || asksForTunnel(head!) ? undefined : this.#onread
    this.#giveUpDial = dial(target, { timeout, onread, session }, ({ socket, error }) => {
      if (socket === undefined) return this.#dialFailed(error)
      this.#open(socket)
      if (onread === undefined) socket.on('data', this.#onData)
      this.#sendOn(socket, first, ended)
    })
  }

  readonly #onread = {
    buffer: () => this.#nextBuffer(),
    callback: (length: number, bytes: Uint8Array) => this.#read(bytes as Buffer, length),
  }

  #open(socket: Socket): void {
    this.#socket = socket
    socket.on('error', this.#onError)
    socket.on('end', this.#onEnd)
    socket.on('close', this.#onError)
    socket.on('drain', this.#onDrain)
    // A client waits for what is under way; an idle connection alone must not keep the process alive.
    socket.unref()
    socket.resume()
  }

  readonly #onData = (bytes: Buffer): void => this.#take(bytes, bytes.length)
  readonly #onError = (error: unknown): void => this.#broken(error instanceof Error ? error : undefined)
  readonly #onEnd = (): void => this.#ended()
  readonly #onDrain = (): void => this.#listener?.serverDrained()

  #sendOn(socket: Socket, first: Chunk | undefined, ended: boolean): void {
    const request = this.#request!
    this.#isLast = request.closes || this.#served >= this.owner.maxReuse
    const text = requestText(request.head!, request.requestEdits, this.owner.target.address, this.#isLast)
    // The head and what is at hand of the body leave together: what came with it from the client is given at once.
    if (!ended || first !== undefined) {
      socket.cork()
      this.#isCorked = true
      process.nextTick(uncork, this)
    }
    socket.write(text, 'latin1')
    if (first !== undefined) this.write(first)
    if (ended && first !== undefined) this.end(undefined)
    const wasReused = this.#served++ > 0
    this.#listener?.serverConnected(wasReused)
  }

  write(chunk: Chunk): boolean {
    const socket = this.#socket
    if (socket === undefined || socket.destroyed) return true
    if (this.#isRequestChunked()) writeChunk(socket, chunk)
    else socket.write(chunk as string, 'latin1')
    // What is held back for the head to leave with it is no more than one read.
    return this.#isCorked || hasRoom(socket)
  }

  /** Lets the head leave, with whatever came along. */
  uncork(): void {
    this.#isCorked = false
    this.#socket?.uncork()
  }

  end(trailers: readonly string[] | undefined): void {
    this.#isSending = false
    if (this.#isRequestChunked()) this.#socket?.write(lastChunk(trailers), 'latin1')
  }

  #isRequestChunked(): boolean {
    return this.#request?.head?.bodyLength === chunked
  }

  pause(): void {
    this.#socket?.pause()
  }

  resume(): void {
    this.#socket?.resume()
  }

  abort(): void {
    this.#listener = undefined
    this.destroy()
  }

  /** Ends the connection, whatever it does. */
  destroy(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#giveUpDial?.()
    this.#socket?.destroy()
    this.owner.gone(this)
  }

  // -- What the server sends ------------------------------------------------------------------------------------------

  /** A fresh buffer where bytes in the last one are still to be written, or where another size fits the traffic better. */
  #nextBuffer(): Buffer {
    const size = this.#mostRead >= readSize ? largeReadSize : readSize
    if (this.#mustKeepBuffer || this.#buffer.length !== size) this.#buffer = Buffer.allocUnsafeSlow(size)
    this.#mustKeepBuffer = false
    return this.#buffer
  }

  #read(buffer: Buffer, length: number): boolean {
    if (this.#state === 'head') this.#mostRead = length
    else if (length > this.#mostRead) this.#mostRead = length
    // Whoever gets the bytes may have to let them wait: then the buffer is theirs.
    const listener = this.#listener
    this.#take(buffer, length)
    if (listener !== undefined && !listener.isFlushed) this.#mustKeepBuffer = true
    return true
  }

  /** Takes the first `length` bytes of a buffer. */
  #take(buffer: Buffer, length: number): void {
    if (this.#state === 'head') {
      if (this.#partial === undefined) this.#head(buffer, length)
      else this.#head(Buffer.concat([this.#partial, buffer.subarray(0, length)]), this.#partial.length + length)
    } else if (this.#state === 'body') this.#body(buffer.subarray(0, length))
    // Nobody asked: whatever this is, it must not pass for the answer to the next request.
    else this.destroy()
  }

  #head(buffer: Buffer, end: number): void {
    const seen = this.#partial?.length ?? 0
    const head = readResponseHead(buffer, end, seen, this.#method(), this.owner.responseLimits, this.#fields)
    if (head === undefined) {
      this.#partial = Buffer.from(buffer.subarray(0, end))
      return
    }
    this.#partial = undefined
    if (head === false) return this.#fail('bad-response', true)
    this.#fields = head.fields
    if (head.status === 101 || this.#isTunnel(head)) return this.#switch(head, buffer.subarray(head.length, end))
    if (head.status >= 200) return this.#respond(head, buffer, end)
    this.#listener?.serverInformational(head)
    if (this.#state === 'head' && head.length < end) this.#head(buffer.subarray(head.length, end), end - head.length)
  }

  #method(): string {
    return this.#request!.head!.method
  }

  #isTunnel({ status }: TextResponseHead): boolean {
    return status >= 200 && status < 300 && this.#method() === 'CONNECT'
  }

  #switch(head: TextResponseHead, rest: Buffer): void {
    const socket = this.#socket!
    if (!asksForTunnel(this.#request!.head!)) return this.#fail('bad-response', true)
    const listener = this.#listener
    this.#listener = undefined
    this.#state = 'closed'
    this.owner.gone(this)
    socket.pause()
    socket.on('error', ignore)
    socket.off('data', this.#onData).off('error', this.#onError).off('end', this.#onEnd)
    socket.off('close', this.#onError).off('drain', this.#onDrain)
    // The end of what one side sends is not the end of what it wants to read.
    socket.allowHalfOpen = true
    if (rest.length > 0) socket.unshift(rest)
    listener?.serverTunnel(socket, head)
  }

  #respond(head: TextResponseHead, buffer: Buffer, end: number): void {
    this.#state = 'body'
    this.#left = head.bodyLength
    this.#keepsAlive = head.keepsAlive && head.bodyLength !== untilClose && !this.#isLast
    // The first response tells what there is to know of the server.
    if (this.#served === 1 && this.#keepsAlive) this.#heedKeepAlive(head)
    if (head.status === 401 || head.status === 407) this.isPrivate ||= asksThisConnection(head)
    if (head.bodyLength === chunked) return this.#respondChunked(head, buffer.subarray(head.length, end))
    const bodyEnd = this.#left >= 0 ? Math.min(end, head.length + this.#left) : end
    if (bodyEnd < end) this.#keepsAlive = false
    if (this.#left >= 0) this.#left -= bodyEnd - head.length
    const isWhole = this.#left === 0
    const listener = this.#listener
    if (isWhole) this.#finish()
    listener?.serverHead(head, firstOfBody(head, buffer, bodyEnd, isWhole), isWhole)
  }

  #heedKeepAlive(head: TextResponseHead): void {
    const timeout = keepAliveTimeout(head)
    if (timeout !== undefined) this.owner.keptFor(timeout)
  }

  #respondChunked(head: TextResponseHead, rest: Buffer): void {
    this.#decoder = new ChunkedDecoder()
    this.#held = head
    this.#bodyChunked(rest)
    // No data came along with the head: it goes alone.
    this.#release(false)
  }

  /** Sends a held head on its way. */
  #release(ended: boolean): void {
    const head = this.#held
    this.#held = undefined
    if (head !== undefined) this.#listener?.serverHead(head, undefined, ended)
  }

  #body(bytes: Buffer): void {
    if (this.#decoder !== undefined) return this.#bodyChunked(bytes)
    const data = this.#left >= 0 && bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes
    if (data.length < bytes.length) this.#keepsAlive = false
    if (this.#left > 0) this.#left -= data.length
    const listener = this.#listener
    listener?.serverData(data)
    // Whoever got the last piece may have given up.
    if (this.#left !== 0 || this.#listener === undefined) return
    // Only now: what the client can't take yet paused this connection, and the next exchange must find it awake.
    this.#finish()
    listener?.serverEnd(undefined)
  }

  #bodyChunked(bytes: Buffer): void {
    const decoder = this.#decoder!
    const end = decoder.decode(bytes, 0, this)
    if (decoder.hasFailed) return this.#fail('bad-response', true)
    if (!decoder.isDone || this.#listener === undefined) return
    if (end < bytes.length) this.#keepsAlive = false
    if (decoder.trailers.length > 0) this.#release(false)
    const listener = this.#listener
    // Whoever got the head may have given up.
    if (listener === undefined) return
    const head = this.#held
    this.#held = undefined
    this.#finish()
    if (head !== undefined) listener.serverHead(head, undefined, true)
    else listener.serverEnd(decoder.trailers.length > 0 ? decoder.trailers : undefined)
  }

  chunkData(bytes: Buffer): void {
    const head = this.#held
    this.#held = undefined
    if (head === undefined) this.#listener?.serverData(bytes)
    else this.#listener?.serverHead(head, bytes, false)
  }

  /** The response is complete: the connection is free, or useless. */
  #finish(): void {
    this.#listener = undefined
    this.#decoder = undefined
    if (!this.#keepsAlive || this.#isSending) return this.destroy()
    const { session } = this.#request!
    this.#state = 'idle'
    this.#request = undefined
    // A client that took its time may have left it paused.
    this.#socket?.resume()
    this.owner.putBack(this, session)
  }

  // -- The end --------------------------------------------------------------------------------------------------------

  /** The server has sent all that it will. */
  #ended(): void {
    if (this.#state === 'body' && this.#left === untilClose) {
      const listener = this.#listener
      this.#listener = undefined
      this.destroy()
      listener?.serverEnd(undefined)
    } else this.#broken(undefined)
  }

  #broken(error: Error | undefined): void {
    if (this.#state === 'closed') return
    const hasResponse = this.#state === 'body' || this.#partial !== undefined
    this.#fail(this.#state === 'body' ? 'bad-response' : 'server-closed', hasResponse, error)
  }

  #fail(kind: 'bad-response' | 'server-closed', hasResponse: boolean, cause?: Error): void {
    const listener = this.#listener
    this.#listener = undefined
    this.destroy()
    listener?.serverFailed({ kind, sent: true, reused: !hasResponse && this.#served > 1, cause })
  }

  #dialFailed(error: DialError): void {
    const listener = this.#listener
    this.#listener = undefined
    this.destroy()
    listener?.serverFailed({ kind: error.kind, sent: false, reused: false, cause: error })
  }
}

/** What came of the body along with its head: a whole and small one as text, which mostly has been made already. */
function firstOfBody(head: TextResponseHead, buffer: Buffer, end: number, isWhole: boolean): Chunk | undefined {
  if (head.length === end) return undefined
  if (isWhole && end <= head.received.length) return head.received.slice(head.length, end)
  const isSmall = isWhole && end - head.length <= smallBody
  return isSmall ? buffer.toString('latin1', head.length, end) : buffer.subarray(head.length, end)
}

function uncork(connection: ServerConnection): void {
  connection.uncork()
}

function ignore(): void {}
