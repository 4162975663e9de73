import type { Frontend } from '../core/frontend.js'
import type { Session } from '../core/session.js'
import type { Arrival } from '../net/arrival.js'
import type { Carrier } from '../net/carrier.js'
import { ConnectionSet } from '../net/connection-set.js'
import { ClientConnection } from './client-connection.js'
import { DateField } from './date-field.js'

/** Serves HTTP/1 on connections that somebody else accepted. */
export class Http1Carrier implements Carrier {
  readonly connections = new ConnectionSet()
  readonly #frontend: Frontend
  readonly #date: DateField
  readonly #handOver: ((arrival: Arrival, session: Session) => void) | undefined

  /** `handOver` takes a connection that turns out to speak HTTP/2; without it, such a one is refused. */
  constructor(frontend: Frontend, handOver?: (arrival: Arrival, session: Session) => void) {
    this.#frontend = frontend
    this.#date = new DateField(frontend.clock)
    this.#handOver = handOver
  }

  accept(arrival: Arrival): void {
    const { socket } = arrival
    if (socket.destroyed) return
    const connection: ClientConnection = new ClientConnection(
      this.#frontend,
      arrival,
      this.#date,
      this.#handOver && ((session) => this.#hand(arrival, session, connection)),
    )
    this.connections.add(connection)
    socket.on('close', () => this.connections.delete(connection))
    if (socket.isPaused()) socket.resume()
  }

  #hand(arrival: Arrival, session: Session, connection: ClientConnection): void {
    this.#handOver!(arrival, session)
    this.connections.delete(connection)
  }
}
