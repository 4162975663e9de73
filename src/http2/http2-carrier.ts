import {
  type Http2SecureServer,
  type Http2Server,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2'
import type { Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import type { Frontend } from '../core/frontend.js'
import { defaultHttp2 } from '../core/http2-options.js'
import type { Session } from '../core/session.js'
import { type Arrival, arrivalOf } from '../net/arrival.js'
import type { Carrier } from '../net/carrier.js'
import { ConnectionSet } from '../net/connection-set.js'
import { Http2Downstream } from './downstream.js'
import { Http2Connection, type Http2ConnectionOwner } from './http2-connection.js'

/** Serves HTTP/2 on connections that somebody else accepted. */
export class Http2Carrier implements Carrier, Http2ConnectionOwner {
  readonly connections = new ConnectionSet()
  readonly #frontend: Frontend
  readonly #options: ServerOptions

  constructor(frontend: Frontend) {
    this.#frontend = frontend
    this.#options = optionsOf(frontend)
  }

  /** `session`: the connection has one already, as it was thought to speak something else. */
  accept(arrival: Arrival, session = this.#openSession(arrival)): void {
    const { socket } = arrival
    if (socket.destroyed) return session.close()
    // A client whose connection has ended hears no answer: an end is one, in HTTP/2.
    socket.allowHalfOpen = false
    this.#take(performServerHandshake(socket, this.#options), socket, session)
  }

  /** Takes the connections of a server that the application owns, until the returned function is called. */
  acceptFrom(server: Http2Server | Http2SecureServer): () => void {
    const frontend = this.#frontend
    const event = server instanceof TlsServer ? 'secureConnection' : 'connection'
    // A session shows no socket: the one that came just before is its.
    let arrived: Socket | undefined
    const onSocket = (socket: Socket): void => {
      arrived = socket
    }
    const onSession = (http2: ServerHttp2Session): void => {
      if (frontend.hasRoom) return this.#take(http2, arrived!, this.#openSession(arrivalOf(arrived!)))
      // The application's server has accepted it already: over the limit there is nothing but to close.
      frontend.counters.refusedConnections++
      http2.destroy()
    }
    server.prependListener(event, onSocket).on('session', onSession)
    return () => {
      server.off(event, onSocket).off('session', onSession)
      this.connections.drain()
    }
  }

  #openSession(arrival: Arrival): Session {
    const { client, localPort, tls } = arrival
    return this.#frontend.openSession(client, localPort, tls !== undefined, arrival)
  }

  #take(http2: ServerHttp2Session, socket: Socket, session: Session): void {
    this.connections.add(new Http2Connection(this.#frontend, http2, socket, session, this))
  }

  requestCame(connection: Http2Connection, stream: ServerHttp2Stream, raw: readonly string[], isWhole: boolean): void {
    new Http2Downstream(this.#frontend, connection, stream, raw, isWhole).start()
  }

  connectionClosed(connection: Http2Connection): void {
    this.connections.delete(connection)
  }
}

/** What node:http2 is to allow. A head somewhat above the frontend's limits still gets its 431 from there. */
function optionsOf({ settings }: Frontend): ServerOptions {
  const { maxHeaderBytes, maxHeaders } = settings.requestLimits
  const http2 = settings.http2 ?? defaultHttp2
  return {
    maxHeaderListPairs: 2 * maxHeaders + 8,
    maxSessionMemory: Math.ceil(http2.maxSessionMemory / 1e6),
    maxSessionInvalidFrames: http2.maxInvalidFrames,
    settings: {
      maxConcurrentStreams: http2.maxConcurrentStreams,
      initialWindowSize: http2.initialWindowSize,
      maxHeaderListSize: 2 * maxHeaderBytes + 64 * maxHeaders,
      enableConnectProtocol: true,
    },
  }
}
