import type { Socket } from 'node:net'
import type { Frontend } from '../core/frontend.js'
import { ConnectionSet } from '../net/connection-set.js'
import { TcpDownstream } from './downstream.js'

/** Serves TCP on connections that somebody else accepted. */
export class TcpCarrier {
  readonly #frontend: Frontend
  readonly connections = new ConnectionSet()

  constructor(frontend: Frontend) {
    this.#frontend = frontend
  }

  /** Takes one connection. */
  accept(socket: Socket): void {
    if (socket.destroyed) return
    const connection = new TcpDownstream(this.#frontend, socket)
    this.connections.add(connection)
    socket.on('close', () => this.connections.delete(connection))
    connection.start()
  }
}
