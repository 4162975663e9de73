import type { EventEmitter } from 'node:events'
import { type Server as HttpServer, type IncomingMessage, ServerResponse } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { errorAnswer } from '../core/error-page.js'
import type { Frontend } from '../core/frontend.js'
import { outcomes } from '../core/outcome.js'
import { recordUnbornRequest } from '../core/unborn-request.js'
import { ConnectionSet } from '../net/connection-set.js'
import { NodeHttpDownstream } from './downstream.js'
import { HttpConnection, type HttpConnectionOwner } from './http-connection.js'

/**
 * Brings the requests of a `node:http` or `node:https` server that the application owns to a frontend. Nothing of the
 * server is changed; its connections over the frontend's limit get 503.
 */
export class HttpCarrier implements HttpConnectionOwner {
  readonly #frontend: Frontend
  readonly connections = new ConnectionSet()
  isDetached = false
  /** Connections that an application's server accepted while there was no room: their requests get 503. */
  readonly #overLimit = new WeakSet<Socket>()
  readonly #detach: readonly (() => void)[]

  constructor(frontend: Frontend, server: HttpServer | HttpsServer) {
    this.#frontend = frontend
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => this.#request(request, response)
    const onUpgrade = (request: IncomingMessage, stream: Duplex, surplus: Buffer): void =>
      this.#upgrade(request, stream, surplus)
    this.#detach = [
      listen(server, connectionEvent(server), (socket: Socket) => this.#accept(socket)),
      listen(server, 'request', onRequest),
      listen(server, 'checkContinue', onRequest),
      listen(server, 'upgrade', onUpgrade),
      listen(server, 'connect', onUpgrade),
    ]
  }

  /** Takes no more requests from the server; what is under way goes on. */
  detach(): void {
    this.isDetached = true
    for (const detach of this.#detach) detach()
  }

  connectionClosed(connection: HttpConnection): void {
    this.connections.delete(connection)
  }

  #accept(socket: Socket): void {
    if (socket.destroyed) return
    if (!this.#frontend.hasRoom) {
      this.#overLimit.add(socket)
      this.#frontend.counters.refusedConnections++
      return
    }
    this.connections.add(HttpConnection.open(this.#frontend, socket, this))
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    if (this.#overLimit.has(request.socket)) return this.#answerAndClose(request.socket, 503)
    const connection = HttpConnection.of(this.#frontend, request.socket)
    new NodeHttpDownstream(this.#frontend, connection, request, response, undefined).start()
  }

  /** An upgrade, or CONNECT: node:http has left the connection to us. */
  #upgrade(request: IncomingMessage, stream: Duplex, surplus: Buffer): void {
    const { socket } = request
    if (this.#overLimit.has(socket)) return this.#answerAndClose(socket, 503)
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    // node:http ends a connection after a last response only while it parses it, and it does so no more.
    response.on('finish', () => socket.destroySoon())
    // Nor does it tell the response any more that the socket has room again.
    socket.on('drain', () => response.emit('drain'))
    stream.on('error', ignore)
    const connection = HttpConnection.of(this.#frontend, socket)
    const downstream = new NodeHttpDownstream(this.#frontend, connection, request, response, surplus)
    if (isForwardable(request, this.#frontend)) downstream.start()
    else downstream.exchange.refuse('unsupported')
  }

  headTimedOut(connection: HttpConnection): void {
    if (connection.socket.destroyed) return
    recordUnbornRequest(this.#frontend, connection.session, 'request-timeout')
    this.#answerAndClose(connection.socket, outcomes['request-timeout'].status)
  }

  #answerAndClose(socket: Socket, status: number): void {
    const { reason, fields, body } = errorAnswer(status, undefined, [this.#frontend.settings.errorFiles])
    let head = `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\n`
    for (let i = 0; i < fields.length; i += 2) head += `${fields[i]}: ${fields[i + 1]}\r\n`
    socket.end(`${head}\r\n${body.toString('latin1')}`, 'latin1', () => socket.destroy())
  }
}

/** node:http reads no body after the head of an upgrade or of CONNECT. */
function isForwardable({ method, headers }: IncomingMessage, { settings }: Frontend): boolean {
  const hasBody = headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
  return !hasBody && (method !== 'CONNECT' || settings.allowConnect)
}

function connectionEvent(server: HttpServer | HttpsServer): string {
  return server instanceof HttpsServer ? 'secureConnection' : 'connection'
}

/** Adds a listener, and gives what takes it away. */
function listen<Args extends unknown[]>(
  server: EventEmitter,
  event: string,
  listener: (...args: Args) => void,
): () => void {
  server.on(event, listener as (...args: unknown[]) => void)
  return () => server.off(event, listener as (...args: unknown[]) => void)
}

function ignore(): void {}
