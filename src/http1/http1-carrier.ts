import type { Frontend } from '../core/frontend.js'
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

  constructor(frontend: Frontend) {
    this.#frontend = frontend
    this.#date = new DateField(frontend.clock)
  }

  accept(arrival: Arrival): void {
    const { socket } = arrival
    if (socket.destroyed) return
    const connection = new ClientConnection(this.#frontend, arrival, this.#date)
    this.connections.add(connection)
    socket.on('close', () => this.connections.delete(connection))
    if (socket.isPaused()) socket.resume()
  }
}
