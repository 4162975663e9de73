import type { Socket } from 'node:net'
import type { Frontend } from '../core/frontend.js'
import { ConnectionSet } from '../net/connection-set.js'
import { ClientConnection } from './client-connection.js'
import { DateField } from './date-field.js'

/** Serves HTTP/1 on connections that somebody else accepted. */
export class Http1Carrier {
  readonly connections = new ConnectionSet()
  readonly #frontend: Frontend
  readonly #date: DateField

  constructor(frontend: Frontend) {
    this.#frontend = frontend
    this.#date = new DateField(frontend.clock)
  }

  /** Takes one connection. */
  accept(socket: Socket): void {
    if (socket.destroyed) return
    const connection = new ClientConnection(this.#frontend, socket, this.#date)
    this.connections.add(connection)
    socket.on('close', () => this.connections.delete(connection))
    if (socket.isPaused()) socket.resume()
  }
}
