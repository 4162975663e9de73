import type { Dispatcher } from 'undici'
import { Pool } from 'undici'
import type { OutgoingRequest, ServerListener, Transport, TransportCapabilities, Try } from '../core/carrier.js'
import type { ResponseLimits } from '../core/message/head-limits.js'
import { dial } from '../net/dialer.js'
import type { Target } from '../net/target.js'
import { formatAddress } from '../util/address.js'
import { receivedFields } from './fields.js'
import { type UndiciDispatch, UndiciTry } from './try.js'

/** How long before the time that a server told its connection is taken for closed: undici's own margin is two seconds. */
const margin = 1000

/** Settings of an {@link UndiciTransport}. */
export interface UndiciTransportOptions {
  /** Milliseconds to connect. */
  readonly connectTimeout: number
  readonly responseLimits: ResponseLimits
  /** Milliseconds for which an idle connection is kept. */
  readonly poolPurgeDelay: number
  readonly maxReuse: number
}

/** Sends exchanges to one server through a pool of undici. */
export class UndiciTransport implements Transport, UndiciDispatch {
  readonly capabilities: TransportCapabilities = { expectContinue: false, requestTrailers: false }
  readonly maxResponseHeaders: number
  /** undici has no words for a connection that serves but once. */
  readonly closes: boolean
  readonly #pool: Pool
  #isFresh = false

  constructor(target: Target, options: UndiciTransportOptions) {
    const { address } = target
    const { poolPurgeDelay, maxReuse, responseLimits } = options
    this.maxResponseHeaders = responseLimits.maxHeaders
    this.closes = poolPurgeDelay === 0 || maxReuse === 0
    this.#pool = new Pool(`http://${'path' in address ? 'localhost' : formatAddress(address)}`, {
      pipelining: 1,
      allowH2: false,
      // Timeouts are the exchange's; undici's own would be coarser and know less.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: poolPurgeDelay || 1,
      keepAliveMaxTimeout: poolPurgeDelay || 1,
      keepAliveTimeoutThreshold: margin,
      ...(maxReuse === Infinity ? {} : { maxRequestsPerClient: maxReuse }),
      maxHeaderSize: responseLimits.maxHeaderBytes,
      connect: (_options, callback) => {
        dial(target, { timeout: options.connectTimeout }, (outcome) => {
          if (outcome.socket === undefined) return callback(outcome.error, null)
          // undici sends the waiting request before this call returns: that is how a try knows a fresh connection.
          this.#isFresh = true
          callback(null, outcome.socket)
          this.#isFresh = false
        })
      },
    })
  }

  open(request: OutgoingRequest, listener: ServerListener): Try {
    return new UndiciTry(this, request, listener)
  }

  /** Whether the request that is being sent right now goes out on a connection of its own making. @internal */
  get isFresh(): boolean {
    return this.#isFresh
  }

  /** @internal */
  fieldsOf(raw: unknown): string[] {
    return receivedFields(raw)
  }

  /** @internal */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#pool.dispatch(options, handler)
  }

  close(): void {
    this.#pool.close().catch(() => {})
  }
}
