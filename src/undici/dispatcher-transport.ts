import type { Dispatcher } from 'undici'
import type { OutgoingRequest, ServerListener, Transport, TransportCapabilities, Try } from '../core/carrier.js'
import { type Address, formatAddress } from '../util/address.js'
import type { Clock, Timer } from '../util/clock.js'
import { type ParsedFields, passedFields } from './fields.js'
import { type UndiciDispatch, UndiciTry } from './try.js'

/** Settings of a {@link DispatcherTransport}. */
export interface DispatcherTransportOptions {
  /** Milliseconds to connect, or for the dispatcher to begin. */
  readonly connectTimeout: number
  readonly maxResponseHeaders: number
  readonly clock: Clock
}

/** Sends exchanges to one server through a Dispatcher of somebody else's, who closes it. */
export class DispatcherTransport implements Transport, UndiciDispatch {
  readonly capabilities: TransportCapabilities = { expectContinue: false, requestTrailers: false }
  /** Nobody tells: nothing is sent again because a connection may have been stale. */
  readonly isFresh = true
  readonly closes = false
  readonly maxResponseHeaders: number
  readonly #dispatcher: Dispatcher
  readonly #origin: string
  readonly #connectTimeout: number
  readonly #clock: Clock

  constructor(address: Address, dispatcher: Dispatcher, options: DispatcherTransportOptions) {
    this.#dispatcher = dispatcher
    this.#origin = `http://${'path' in address ? 'localhost' : formatAddress(address)}`
    this.#connectTimeout = options.connectTimeout
    this.#clock = options.clock
    this.maxResponseHeaders = options.maxResponseHeaders
  }

  open(request: OutgoingRequest, listener: ServerListener): Try {
    return new UndiciTry(this, request, listener)
  }

  /** @internal */
  watchConnect(expired: () => void): Timer {
    return this.#clock.setTimer(expired, this.#connectTimeout)
  }

  /** @internal */
  fieldsOf(raw: unknown, parsed: ParsedFields): string[] | undefined {
    return passedFields(raw, parsed)
  }

  /** @internal */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#dispatcher.dispatch({ ...options, origin: this.#origin }, handler)
  }

  /** The dispatcher is not ours to close. */
  close(): void {}
}
