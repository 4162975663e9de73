import { createServer, type Server as HttpServer } from 'node:http'
import type { Server as NetServer, Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import type { Frontend } from '../core/frontend.js'
import { HttpCarrier } from './http-carrier.js'

/** The largest head of a request. */
const maxHead = 16 * 1024

/** An HTTP server that never listens: connections that somebody else accepted are injected into it. */
export class InjectedServer {
  readonly carrier: HttpCarrier
  readonly #server: HttpServer

  constructor(frontend: Frontend) {
    // All time limits are the frontend's: node:http's own are off.
    this.#server = createServer({
      maxHeaderSize: maxHead,
      // The exchange refuses what has no Host, with a page, a counter and a record.
      requireHostHeader: false,
      requestTimeout: 0,
      headersTimeout: 0,
      keepAliveTimeout: 0,
      highWaterMark: 64 * 1024,
    })
    // Node would drop the fields above a limit in silence: the exchange counts and refuses them instead.
    this.#server.maxHeadersCount = 0
    this.#server.timeout = 0
    this.carrier = new HttpCarrier(frontend, this.#server, true)
  }

  /** Takes one connection. */
  accept(socket: Socket): void {
    this.#server.emit('connection', socket)
    if (socket.isPaused()) socket.resume()
  }
}

/** Serves HTTP on the connections of a `node:net` or `node:tls` server, until the returned function is called. */
export function inject(frontend: Frontend, server: NetServer): () => void {
  const injected = new InjectedServer(frontend)
  const event = server instanceof TlsServer ? 'secureConnection' : 'connection'
  const listener = (socket: Socket): void => {
    if (frontend.hasRoom) return injected.accept(socket)
    // The application's server has accepted it already: over the limit there is nothing but to close.
    frontend.counters.refusedConnections++
    socket.destroy()
  }
  server.on(event, listener)
  return () => server.off(event, listener)
}
