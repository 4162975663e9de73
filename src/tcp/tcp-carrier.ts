import type { Server as NetServer, Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import type { Frontend } from '../core/frontend.js'
import { TcpDownstream } from './downstream.js'

/** Brings the connections of a `node:net` or `node:tls` server to a frontend in TCP mode. */
export class TcpCarrier {
  readonly #frontend: Frontend
  readonly #sockets = new Set<Socket>()

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
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    new TcpDownstream(this.#frontend, socket).start()
  }

  /** Open connections. */
  get size(): number {
    return this.#sockets.size
  }

  /** Tunnels have no end of a message to wait for: they go on until their peers end them. */
  drain(): void {}

  /** Ends every connection now. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}
