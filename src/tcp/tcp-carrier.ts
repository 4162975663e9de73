import type { Frontend } from '../core/frontend.js'
import type { Arrival } from '../net/arrival.js'
import type { Carrier } from '../net/carrier.js'
import { ConnectionSet } from '../net/connection-set.js'
import { TcpDownstream } from './downstream.js'

/** Serves TCP on connections that somebody else accepted. */
export class TcpCarrier implements Carrier {
  readonly #frontend: Frontend
  readonly connections = new ConnectionSet()

  constructor(frontend: Frontend) {
    this.#frontend = frontend
  }

  accept(arrival: Arrival): void {
    const { socket } = arrival
    if (socket.destroyed) return
    const connection = new TcpDownstream(this.#frontend, arrival)
    this.connections.add(connection)
    socket.on('close', () => this.connections.delete(connection))
    connection.start()
  }
}
