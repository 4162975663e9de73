import type { Socket } from 'node:net'
import type { ClientAddress } from '../../core/exchange-view.js'
import type { Clock, Timer } from '../../util/clock.js'
import type { Arrival } from '../arrival.js'
import { breakOff } from '../break-off.js'
import type { Opening } from '../openings.js'
import type { AcceptProxySettings } from './accept-options.js'
import type { HeaderDefect, ProxyEnd, ProxyHeader } from './header.js'
import { parseHeader } from './parse-header.js'

/** What {@link receiveHeader} needs of a frontend. */
export interface HeaderReceiver {
  readonly clock: Clock
  /** Milliseconds for the header to arrive; `Infinity`: any time. */
  readonly timeout: number
  /** A connection was broken for that reason. */
  refused(client: ClientAddress, reason: string): void
}

/** Why a connection is refused, in HAProxy's words. */
const reasons: Readonly<Record<HeaderDefect | 'silent' | 'closed' | 'truncated', string>> = {
  'no-header': 'Received something which does not look like a PROXY protocol header',
  invalid: 'Received an invalid PROXY protocol header',
  'unknown-protocol': 'Received an unhandled protocol in the PROXY protocol header',
  silent: 'Timeout while waiting for PROXY protocol header',
  closed: 'Connection closed while waiting for PROXY protocol header',
  truncated: 'Truncated PROXY protocol header received',
}

/**
 * Makes the step that reads the PROXY protocol header a connection begins with, before anything else of it is looked
 * at. A connection that brings none in time, or a malformed one, is broken.
 */
export function receiveHeader(accepted: AcceptProxySettings, receiver: HeaderReceiver): Opening {
  return (arrival, done) => {
    if (accepted === true || accepted.has(arrival.client.address)) new Reception(arrival, receiver, done)
    else done(arrival)
  }
}

/** One connection whose header is awaited. */
class Reception {
  readonly #arrival: Arrival
  readonly #socket: Socket
  readonly #receiver: HeaderReceiver
  readonly #done: (arrival: Arrival) => void
  readonly #timer: Timer | undefined
  #received: Buffer | undefined

  constructor(arrival: Arrival, receiver: HeaderReceiver, done: (arrival: Arrival) => void) {
    const { socket } = arrival
    this.#arrival = arrival
    this.#socket = socket
    this.#receiver = receiver
    this.#done = done
    socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onEnd)
    const { clock, timeout } = receiver
    if (timeout !== Infinity) this.#timer = clock.setTimer(() => this.#refuse('silent'), timeout)
    if (socket.isPaused()) socket.resume()
  }

  readonly #onData = (bytes: Buffer): void => {
    const received = this.#received === undefined ? bytes : Buffer.concat([this.#received, bytes])
    const header = parseHeader(received)
    if (typeof header === 'string') this.#refuse(header)
    else if (header === undefined) this.#received = received
    else this.#finish(header, received)
  }

  #finish(header: ProxyHeader, received: Buffer): void {
    this.#leave()
    this.#socket.pause()
    // What came along is the client's: whoever reads next finds it there.
    if (received.length > header.length) this.#socket.unshift(received.subarray(header.length))
    this.#done(introduced(this.#arrival, header))
  }

  readonly #onEnd = (): void => this.#refuse(this.#received === undefined ? 'closed' : 'truncated')

  #refuse(why: keyof typeof reasons): void {
    this.#leave()
    breakOff(this.#socket)
    this.#receiver.refused(this.#arrival.client, reasons[why])
  }

  #leave(): void {
    this.#timer?.cancel()
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onEnd)
  }
}

/** The connection as its header tells of it, where that names addresses: else it is what it was. */
function introduced(arrival: Arrival, header: ProxyHeader): Arrival {
  const { source, destination } = header
  if (!isInet(source) || !isInet(destination)) return { ...arrival, proxied: header }
  return {
    ...arrival,
    proxied: header,
    client: source,
    localAddress: destination.address,
    localPort: destination.port,
  }
}

function isInet(end: ProxyEnd | undefined): end is Exclude<ProxyEnd, { path: string }> {
  return end !== undefined && 'address' in end
}
