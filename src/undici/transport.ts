import type { Dispatcher } from 'undici'
import { Pool } from 'undici'
import type { OutgoingRequest, ServerListener, Transport, TransportCapabilities, Try } from '../core/carrier.js'
import { dial } from '../net/dialer.js'
import { type Address, formatAddress } from '../util/address.js'
import { HeldEnds } from './held-ends.js'
import { type UndiciDispatch, UndiciTry } from './try.js'

/** How long an unused connection to a server is kept, where the server does not ask for less. */
const idleTime = 4000

/** The largest head of a response. */
const maxResponseHead = 64 * 1024

/** Settings of an {@link UndiciTransport}. */
export interface UndiciTransportOptions {
  /** Milliseconds to connect. */
  readonly connectTimeout: number
}

/** Sends exchanges to one server through a pool of undici. */
export class UndiciTransport implements Transport, UndiciDispatch {
  readonly capabilities: TransportCapabilities = { expectContinue: false, requestTrailers: false }
  /** @internal */
  readonly heldEnds = new HeldEnds()
  readonly #pool: Pool
  #isFresh = false

  constructor(address: Address, options: UndiciTransportOptions) {
    this.#pool = new Pool(`http://${'path' in address ? 'localhost' : formatAddress(address)}`, {
      pipelining: 1,
      allowH2: false,
      // Timeouts are the exchange's; undici's own would be coarser and know less.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: idleTime,
      maxHeaderSize: maxResponseHead,
      connect: (_options, callback) => {
        dial(address, { timeout: options.connectTimeout, allowHalfOpen: true }, (outcome) => {
          if (outcome.socket === undefined) return callback(outcome.error, null)
          this.heldEnds.watch(outcome.socket)
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
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#pool.dispatch(options, handler)
  }

  close(): void {
    this.#pool.close().catch(() => {})
  }
}
