import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/**
 * The end of a server's connection, which undici must not hear of while a slow client holds its response back: undici 7
 * takes an end for a fault then, and throws where nobody can catch it, or gives a response up that is all there (its issue
 * 5360; mended in 8, which Node 20 can't run). It also takes a reset for the end of a response without a length.
 */
export class HeldEnd {
  #socket: Socket | undefined
  #isPaused = false
  #hasCome = false

  /** undici begins to send the request: the next head that it tells of is this one's. */
  begin(): void {
    listen()
    beginning = this
    // What sends nothing itself, such as a MockAgent, tells of none.
    queueMicrotask(() => {
      if (beginning === this) beginning = undefined
    })
  }

  /** The request goes out on that socket. */
  hold(socket: Socket): void {
    this.#socket = socket
    if (!holders.has(socket)) watch(socket)
    holders.set(socket, this)
  }

  /** Whether undici holds the response back. */
  get isHeld(): boolean {
    return this.#isPaused
  }

  /** The end has come; says whether it must wait. */
  takes(): boolean {
    this.#hasCome = this.#isPaused
    return this.#isPaused
  }

  pause(): void {
    this.#isPaused = true
  }

  /**
   * Lets undici read on, which is what `readOn` does: then it may hear of an end that waited, unless what it had kept
   * filled the client up again.
   */
  resume(readOn: () => void): void {
    this.#isPaused = false
    readOn()
    if (this.#isPaused || !this.#hasCome) return
    this.#hasCome = false
    if (this.#socket?.destroyed === false) this.#socket.emit('end')
  }
}

/** Whose request is, or was last, on a socket. */
const holders = new WeakMap<Socket, HeldEnd>()
let beginning: HeldEnd | undefined
let isListening = false

/** Has undici tell, from the first request on, on which socket each head goes out: right after the request's start. */
function listen(): void {
  if (isListening) return
  isListening = true
  subscribe('undici:client:sendHeaders', (message) => {
    beginning?.hold((message as { readonly socket: Socket }).socket)
    beginning = undefined
  })
}

function watch(socket: Socket): void {
  // Else the socket would close itself at its end, before undici has heard of that.
  socket.allowHalfOpen = true
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...values: unknown[]) => boolean
  socket.emit = (event: string | symbol, ...values: unknown[]): boolean => {
    if (event === 'end' && holders.get(socket)?.takes()) return true
    // Without an error undici would read to the end what it holds back, and throw.
    if (event === 'close' && holders.get(socket)?.isHeld) emit('error', brokenPipe('the connection is gone'))
    return event === 'error' ? emit(event, withoutReset(values[0])) : emit(event, ...values)
  }
}

/** The error, under another code when it is a reset. */
function withoutReset(error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') return error
  return brokenPipe((error as Error).message, error)
}

function brokenPipe(message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code: 'EPIPE' })
}
