import type { Server as NetServer, Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import type { Frontend } from '../core/frontend.js'
import { ConnectionSet } from '../net/connection-set.js'
import { TcpDownstream } from './downstream.js'

/** Brings the connections of a `node:net` or `node:tls` server to a frontend in TCP mode. */
export class TcpCarrier {
  readonly #frontend: Frontend
  readonly connections = new ConnectionSet()

  constructor(frontend: Frontend) {
    this.#frontend = frontend
  }

  /** Takes the connections of a server that the application owns, until the returned function is called. */
  attach(server: NetServer): () => void {
    const event = server instanceof TlsServer ? 'secureConnection' : 'connection'
    const listener = (socket: Socket): void => {
      // The application's server has accepted it already: over the limit there is nothing but to close.
      if (this.#frontend.hasRoom) this.accept(socket)
      else {
        this.#frontend.counters.refusedConnections++
        socket.destroy()
      }
    }
    server.on(event, listener)
    return () => server.off(event, listener)
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
