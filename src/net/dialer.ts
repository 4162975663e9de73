import { connect, type OnReadOpts, type Socket } from 'node:net'
import type { Session } from '../core/session.js'
import { formatAddress } from '../util/address.js'
import { headerFor } from './proxy-protocol/header-for.js'
import type { Target } from './target.js'

/** How {@link dial} connects. */
export interface DialOptions {
  /** Milliseconds until an attempt has failed, names looked up and all addresses tried included; `Infinity`: never. */
  readonly timeout: number
  /** Milliseconds of silence after which the system probes the connection (TCP only); absent: never. */
  readonly keepAlive?: number | undefined
  /** Whether the socket stays writable when the peer has ended its side: Node's `allowHalfOpen`. Default false. */
  readonly allowHalfOpen?: boolean
  /** Whose exchange the connection is for, of which a PROXY protocol header tells; absent: the proxy's own. */
  readonly session?: Session
  /** Where and how the socket reads, in the place of a stream: Node's `onread`. */
  readonly onread?: OnReadOpts | undefined
}

/** What came of a dial: a connected socket, or the reason why there is none. */
export type DialOutcome =
  | { readonly socket: Socket; readonly error?: undefined }
  | { readonly socket?: undefined; readonly error: DialError }

/** Why there is no connection. The message is the system's, or lists every address that was tried. */
export class DialError extends Error {
  override readonly name = 'DialError'

  constructor(
    readonly kind: 'connect-refused' | 'connect-timeout',
    message: string,
    /** The system's code, such as `ECONNREFUSED`. */
    readonly code: string | undefined,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/**
 * Connects to a server; a name with several addresses is tried address by address (RFC 8305). `callback` is told the
 * outcome once, never before this function has returned. The result gives the dial up: the callback is not called then,
 * and nothing stays open; it does nothing once there is an outcome.
 *
 * The socket comes paused, with Nagle's algorithm off and without any listener: the callback attaches one for `error`
 * before it returns.
 */
export function dial(target: Target, options: DialOptions, callback: (outcome: DialOutcome) => void): () => void {
  const attempt = new Attempt(target, options, callback)
  return () => attempt.giveUp()
}

/** Node's limit for a timer, which stands for no limit: about 24.8 days. */
const longestTimer = 2 ** 31 - 1

class Attempt {
  readonly #socket: Socket
  readonly #timer: NodeJS.Timeout
  #isOver = false

  constructor(
    readonly target: Target,
    readonly options: DialOptions,
    readonly callback: (outcome: DialOutcome) => void,
  ) {
    this.#socket = connect({
      ...target.address,
      autoSelectFamily: true,
      noDelay: true,
      keepAlive: options.keepAlive !== undefined,
      keepAliveInitialDelay: options.keepAlive ?? 0,
      allowHalfOpen: options.allowHalfOpen ?? false,
      ...(options.onread === undefined ? {} : { onread: options.onread }),
    })
    // Paused from the start, so that nothing is read before the receiver wants it.
    this.#socket.pause().on('connect', this.#connected).on('error', this.#failed)
    this.#timer = setTimeout(this.#timedOut, Math.min(options.timeout, longestTimer)).unref()
  }

  giveUp(): void {
    if (this.#isOver) return
    this.#end()
    this.#socket.on('error', ignore).destroy()
  }

  readonly #connected = () => {
    this.#end()
    const { sendProxy } = this.target
    if (sendProxy === undefined) return this.callback({ socket: this.#socket })
    // It leaves together with what the receiver sends at once.
    const socket = this.#socket
    socket.cork()
    socket.write(headerFor(sendProxy, this.options.session, socket))
    this.callback({ socket })
    socket.uncork()
  }

  readonly #failed = (error: Error) => {
    this.giveUp()
    this.callback({ error: toDialError(error) })
  }

  readonly #timedOut = () => {
    this.giveUp()
    const tried = this.#socket.autoSelectFamilyAttemptedAddresses ?? []
    const list = tried.length > 0 ? `, tried ${tried.join(', ')}` : ''
    const message = `no connection to ${formatAddress(this.target.address)} within ${this.options.timeout} ms${list}`
    this.callback({ error: new DialError('connect-timeout', message, 'ETIMEDOUT') })
  }

  #end(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#socket.off('connect', this.#connected).off('error', this.#failed)
  }
}

/** A socket that was given up may still report an error, which would end the process if nobody listened. */
function ignore(): void {}

function toDialError(error: Error): DialError {
  if (!(error instanceof AggregateError)) {
    const { code } = error as NodeJS.ErrnoException
    return new DialError(kindOf(code), error.message, code, { cause: error })
  }
  const attempts = error.errors as (NodeJS.ErrnoException & { address?: string; port?: number })[]
  const tried = attempts.map(({ address, port, code }) => `${address}:${port} (${code})`).join(', ')
  // One address that refused says more than those that did not answer in the short time that each one has.
  const code = attempts.find((attempt) => attempt.code !== 'ETIMEDOUT')?.code ?? 'ETIMEDOUT'
  return new DialError(kindOf(code), `tried ${tried}`, code, { cause: error })
}

function kindOf(code: string | undefined): DialError['kind'] {
  return code === 'ETIMEDOUT' ? 'connect-timeout' : 'connect-refused'
}
