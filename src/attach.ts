import { Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Http2SecureServer, Http2Server } from 'node:http2'
import { Server as HttpsServer } from 'node:https'
import { Server as NetServer } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import { activate } from './activation.js'
import { Carriers } from './carriers.js'
import type { Frontend } from './core/frontend.js'
import { Http2Carrier } from './http2/http2-carrier.js'
import { acceptFrom } from './net/accept-from.js'
import {
  type AcceptProxyOption,
  type AcceptProxySettings,
  readAcceptProxy,
} from './net/proxy-protocol/accept-options.js'
import { handleRequest } from './node-http/handle-request.js'
import { HttpCarrier } from './node-http/http-carrier.js'
import { warnOfShorterTimeouts } from './node-http/server-timeouts.js'
import { proxyHeaderStep } from './proxy-header-step.js'
import { EvenkeelError } from './util/errors.js'
import { OptionReader } from './util/options.js'

/** A server that the application owns. */
export type AttachableServer = HttpServer | HttpsServer | Http2Server | Http2SecureServer | NetServer

/** How a frontend takes the connections of a server that the application owns. */
export interface AttachOptions {
  /**
   * Whose connections begin with a PROXY protocol header, as in `bind`. A `node:net` server's only: others have read of a
   * connection before it can be asked. Default: nobody's. HAProxy: `accept-proxy`.
   */
  readonly acceptProxy?: AcceptProxyOption
}

function readOptions(options: AttachOptions): AcceptProxySettings | undefined {
  const reader = new OptionReader(options, 'attach(options)')
  const acceptProxy = reader.read('acceptProxy', readAcceptProxy)
  reader.end()
  return acceptProxy
}

/**
 * Puts a frontend behind a server that the application owns: a `node:http`, `node:https` or `node:http2` server, or a
 * `node:net` or `node:tls` one. A `node:http2` server serves HTTP/2 alone: give a `node:tls` server the ALPN protocols
 * `h2` and `http/1.1` for both. The server's own settings stay as they are; where its time limits are shorter than the frontend's,
 * one process warning (`EVENKEEL_W_SERVER_TIMEOUT`) says so.
 *
 * Gives a function that detaches it again: no new requests come, what is under way goes on. Throws
 * `ERR_EVENKEEL_STATE` for a server that it can't serve, such as an HTTP server for a frontend in TCP mode, and for one
 * that has a frontend already. An HTTP server shall have no request listener of its own: both would answer.
 *
 * @example
 * ```ts
 * const server = http.createServer()
 * const detach = attach(web, server)
 * server.listen(8080)
 * ```
 */
export function attach(frontend: Frontend, server: AttachableServer, options: AttachOptions = {}): () => void {
  const take = carrierFor(frontend, server, readOptions(options))
  if (attached.has(server)) throw unfit(frontend, 'the server has a frontend already, and two would both answer')
  attached.add(server)
  const release = activate(frontend)
  const detach = take()
  let isAttached = true
  return () => {
    if (!isAttached) return
    isAttached = false
    attached.delete(server)
    detach()
    release()
  }
}

/** The servers that have a frontend. */
const attached = new WeakSet<AttachableServer>()

/** What will bring the server's traffic to the frontend. Refuses before anything is started. */
function carrierFor(
  frontend: Frontend,
  server: AttachableServer,
  acceptProxy: AcceptProxySettings | undefined,
): () => () => void {
  const { mode } = frontend.settings
  if (acceptProxy !== undefined && (server instanceof HttpServer || server instanceof TlsServer)) {
    throw unfit(frontend, 'acceptProxy takes a node:net server: any other reads connections before it can be asked')
  }
  if (server instanceof HttpServer || server instanceof HttpsServer) {
    if (mode === 'tcp') throw unfit(frontend, 'a frontend in TCP mode takes a node:net or node:tls server')
    return () => {
      warnOfShorterTimeouts(server, frontend)
      const carrier = new HttpCarrier(frontend, server)
      return () => carrier.detach()
    }
  }
  if (!(server instanceof NetServer)) throw unfit(frontend, 'attach takes a node:http, https, http2, net or tls server')
  if (isHttp2(server)) {
    if (mode === 'tcp') throw unfit(frontend, 'a frontend in TCP mode takes a node:net or node:tls server')
    return () => new Http2Carrier(frontend).acceptFrom(server)
  }
  return () => {
    const carriers = new Carriers(frontend)
    const steps = acceptProxy === undefined ? [] : [proxyHeaderStep(frontend, acceptProxy)]
    const stop = acceptFrom(server, frontend, steps, (arrival) => carriers.accept(arrival))
    return () => {
      stop()
      carriers.drain()
    }
  }
}

/** node:http2 keeps its classes to itself; no other server can do this. */
function isHttp2(server: NetServer): server is Http2Server | Http2SecureServer {
  return 'updateSettings' in server
}

function unfit(frontend: Frontend, reason: string): EvenkeelError {
  return new EvenkeelError('ERR_EVENKEEL_STATE', `frontends.${frontend.name} can't be attached: ${reason}`)
}

/** What {@link handler} gives: a request listener that is also a middleware of Express and its like. */
export type RequestHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void

/**
 * Makes a request listener, or a middleware for Express, Connect and other frameworks, of a frontend. It reads
 * `request.url` as the framework left it. With `next`, a request for which there is no route and no default goes on to
 * the next handler; without, it gets 503. A body that somebody has read already can't be forwarded: 500, with
 * `ERR_EVENKEEL_BODY_CONSUMED` reported as a fault. Upgrades don't pass through frameworks: use {@link attach}.
 *
 * The frontend's checks and connections start with the first call of `handler` and go on with the process; they don't
 * keep it alive.
 */
export function handler(frontend: Frontend): RequestHandler {
  if (frontend.settings.mode === 'tcp') throw unfit(frontend, 'a frontend in TCP mode has no requests')
  activate(frontend)
  return (request, response, next) => handleRequest(frontend, request, response, next)
}
