import type { Socket } from 'node:net'
import type { Clock, Timer } from '../../util/clock.js'
import type { Arrival } from '../arrival.js'
import { breakOff } from '../break-off.js'
import type { Opening } from '../openings.js'
import type { AcceptProxySettings } from './accept-options.js'
import type { ProxyEnd, ProxyHeader } from './header.js'
import { parseHeader } from './parse-header.js'

/** What {@link receiveHeader} needs of a frontend. */
export interface HeaderReceiver {
  readonly clock: Clock
  /** Milliseconds for the header to arrive; `Infinity`: any time. */
  readonly timeout: number
  readonly counters: { proxyHeaderErrors: number }
}

/**
 * Makes the step that reads the PROXY protocol header a connection begins with, before anything else of it is looked
 * at. A connection that brings none in time, or a malformed one, is broken and counted.
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
    socket.on('data', this.#onData).on('end', this.#fail).on('close', this.#fail)
    if (receiver.timeout !== Infinity) this.#timer = receiver.clock.setTimer(this.#fail, receiver.timeout)
    if (socket.isPaused()) socket.resume()
  }

  readonly #onData = (bytes: Buffer): void => {
    const received = this.#received === undefined ? bytes : Buffer.concat([this.#received, bytes])
    const header = parseHeader(received)
    if (typeof header === 'string') this.#fail()
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

  readonly #fail = (): void => {
    this.#leave()
    this.#receiver.counters.proxyHeaderErrors++
    breakOff(this.#socket)
  }

  #leave(): void {
    this.#timer?.cancel()
    this.#socket.off('data', this.#onData).off('end', this.#fail).off('close', this.#fail)
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
