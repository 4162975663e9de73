import type { OutgoingRequest, ServerListener, Transport, TransportCapabilities, Try } from '../core/carrier.js'
import type { Address } from '../util/address.js'
import type { Clock, Timer } from '../util/clock.js'
import { ServerConnection, type ServerConnectionOwner } from './server-connection.js'

/** How long an unused connection is kept. */
const idleTime = 4000

/** Settings of an {@link Http1Transport}. */
export interface Http1TransportOptions {
  /** Milliseconds to connect. */
  readonly connectTimeout: number
  readonly clock: Clock
}

/** Sends exchanges to one server over HTTP/1.1, on connections that are kept and taken up again, the youngest first. */
export class Http1Transport implements Transport, ServerConnectionOwner {
  readonly capabilities: TransportCapabilities = { expectContinue: false, requestTrailers: true }
  readonly address: Address
  readonly connectTimeout: number
  readonly #clock: Clock
  readonly #idle: ServerConnection[] = []
  #sweeper: Timer | undefined
  #isClosed = false

  constructor(address: Address, { connectTimeout, clock }: Http1TransportOptions) {
    this.address = address
    this.connectTimeout = connectTimeout
    this.#clock = clock
  }

  open(request: OutgoingRequest, listener: ServerListener): Try {
    const isUpgrade = request.head!.upgrade !== undefined
    const connection = request.mayReuse && !isUpgrade ? this.#idle.pop() : undefined
    return (connection ?? new ServerConnection(this)).begin(request, listener)
  }

  putBack(connection: ServerConnection): void {
    if (this.#isClosed) return connection.destroy()
    connection.idleSince = this.#clock.now()
    this.#idle.push(connection)
    this.#sweeper ??= this.#clock.setTimer(() => this.#sweep(), idleTime)
  }

  gone(connection: ServerConnection): void {
    const place = this.#idle.indexOf(connection)
    if (place >= 0) this.#idle.splice(place, 1)
  }

  /** Closes what has been idle for too long: the oldest stand first. */
  #sweep(): void {
    this.#sweeper = undefined
    const oldest = this.#clock.now() - idleTime
    const old = this.#idle.findIndex(({ idleSince }) => idleSince > oldest)
    for (const connection of this.#idle.splice(0, old < 0 ? this.#idle.length : old)) connection.destroy()
    if (this.#idle.length > 0) this.#sweeper = this.#clock.setTimer(() => this.#sweep(), idleTime / 2)
  }

  close(): void {
    this.#isClosed = true
    this.#sweeper?.cancel()
    this.#sweeper = undefined
    for (const connection of this.#idle.splice(0)) connection.destroy()
  }
}
