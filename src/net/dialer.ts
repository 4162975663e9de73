import { connect, type OnReadOpts, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Session } from '../core/session.js'
import { formatAddress } from '../util/address.js'
import { headerFor } from './proxy-protocol/header-for.js'
import type { ServerTls } from './server-tls.js'
import type { Target } from './target.js'

/** How {@link dial} connects. */
export interface DialOptions {
  /** Milliseconds until an attempt has failed, look-ups, all addresses and TLS included; `Infinity`: never. */
  readonly timeout: number
  /** Milliseconds of silence after which the system probes the connection (TCP only); absent: never. */
  readonly keepAlive?: number | undefined
  /** Whether the socket stays writable when the peer has ended its side: Node's `allowHalfOpen`. Default false. */
  readonly allowHalfOpen?: boolean
  /** Whose exchange the connection is for, of which a PROXY protocol header tells; absent: the proxy's own. */
  readonly session?: Session
  /** Protocols to agree on where the connection is TLS, the preferred first. */
  readonly protocols?: readonly string[]
  /** Where and how the socket reads, in the place of a stream: Node's `onread`. Not with TLS. */
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
    /** Whether a connection stood already, and its TLS came to nothing. */
    readonly isHandshake = false,
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
  /** The TLS above the socket, once it shakes hands. */
  #secure: TLSSocket | undefined
  #isOver = false

  constructor(
    readonly target: Target,
    readonly options: DialOptions,
    readonly callback: (outcome: DialOutcome) => void,
  ) {
    this.#socket = connect({
      ...target.address,
      autoSelectFamily: true,
      ...(target.source === undefined ? {} : { localAddress: target.source }),
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
    this.#socket.on('error', ignore)
    ;(this.#secure?.on('error', ignore) ?? this.#socket).destroy()
  }

  readonly #connected = () => {
    const { sendProxy, tls } = this.target
    const socket = this.#socket
    if (tls === undefined) this.#end()
    if (sendProxy === undefined) return tls === undefined ? this.callback({ socket }) : this.#shakeHands(tls)
    // It leaves together with what the receiver sends at once.
    socket.cork()
    socket.write(headerFor(sendProxy, this.options.session, socket))
    if (tls === undefined) this.callback({ socket })
    else this.#shakeHands(tls)
    socket.uncork()
  }

  #shakeHands(tls: ServerTls): void {
    this.#socket.off('error', this.#failed).on('error', ignore)
    this.#secure = tls.connect(this.#socket, this.options.protocols ?? [])
    this.#secure.on('secureConnect', this.#secured).on('error', this.#failed)
  }

  readonly #secured = () => {
    const secure = this.#secure!
    this.#end()
    secure.pause().allowHalfOpen = this.options.allowHalfOpen ?? false
    this.callback({ socket: secure })
  }

  readonly #failed = (error: Error) => {
    const isHandshake = this.#secure !== undefined
    if (isHandshake) this.target.tls?.forgetSession()
    this.giveUp()
    this.callback({ error: toDialError(error, isHandshake) })
  }

  readonly #timedOut = () => {
    const isHandshake = this.#secure !== undefined
    this.giveUp()
    const tried = this.#socket.autoSelectFamilyAttemptedAddresses ?? []
    const list = tried.length > 0 ? `, tried ${tried.join(', ')}` : ''
    const what = isHandshake ? 'TLS with' : 'connection to'
    const message = `no ${what} ${formatAddress(this.target.address)} within ${this.options.timeout} ms${list}`
    this.callback({ error: new DialError('connect-timeout', message, 'ETIMEDOUT', isHandshake) })
  }

  #end(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#socket.off('connect', this.#connected).off('error', this.#failed)
    this.#secure?.off('secureConnect', this.#secured).off('error', this.#failed)
  }
}

/** A socket that was given up may still report an error, which would end the process if nobody listened. */
function ignore(): void {}

function toDialError(error: Error, isHandshake: boolean): DialError {
  if (!(error instanceof AggregateError)) {
    const { code } = error as NodeJS.ErrnoException
    const message = isHandshake ? `no TLS: ${error.message}` : error.message
    return new DialError(kindOf(code), message, code, isHandshake, { cause: error })
  }
  const attempts = error.errors as (NodeJS.ErrnoException & { address?: string; port?: number })[]
  const tried = attempts.map(({ address, port, code }) => `${address}:${port} (${code})`).join(', ')
  // One address that refused says more than those that did not answer in the short time that each one has.
  const code = attempts.find((attempt) => attempt.code !== 'ETIMEDOUT')?.code ?? 'ETIMEDOUT'
  return new DialError(kindOf(code), `tried ${tried}`, code, isHandshake, { cause: error })
}

function kindOf(code: string | undefined): DialError['kind'] {
  return code === 'ETIMEDOUT' ? 'connect-timeout' : 'connect-refused'
}
