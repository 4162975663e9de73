/** Something that a carrier can't do, and what happens instead. */
export interface CarrierLimit {
  readonly carrier: 'http1' | 'node-http' | 'handler' | 'undici' | 'dispatcher'
  /** The behaviour that is missing: the conformance suite skips what bears this name, and nothing else. */
  readonly missing: string
  /** Why. */
  readonly reason: string
  /** What happens instead. */
  readonly instead: string
}

/** Every limit of the carriers, in one table: the conformance suite and the documentation read it. */
export const carrierLimits: readonly CarrierLimit[] = [
  {
    carrier: 'undici',
    missing: 'request-trailers',
    reason: 'undici has no way to send trailer fields of requests',
    instead: 'they are dropped, and counted as droppedTrailers of the frontend',
  },
  {
    carrier: 'undici',
    missing: 'expect-continue-end-to-end',
    reason: 'undici refuses the Expect field over HTTP/1.1',
    instead: 'the proxy answers 100 Continue itself once a server is connected, and takes the field out',
  },
  {
    carrier: 'undici',
    missing: 'position-of-host-and-length',
    reason: 'undici writes Host, Connection and Content-Length itself',
    instead: 'these three come in lower case and in places of their own; all other fields keep case and order',
  },
  {
    carrier: 'undici',
    missing: 'head-before-body',
    reason: 'undici writes the head of a request with the first piece of its body',
    instead: 'the server hears of the request when its body begins',
  },
  {
    carrier: 'undici',
    missing: 'asterisk-target',
    reason: 'undici sends targets in origin and absolute form only',
    instead: '501',
  },
  {
    carrier: 'undici',
    missing: 'connect',
    reason: 'undici takes any answer to CONNECT for a tunnel',
    instead: '501, though the frontend has allowConnect',
  },
  {
    carrier: 'undici',
    missing: 'unasked-100-continue',
    reason: 'undici takes a 100 that it did not ask for as an error',
    instead: '502',
  },
  {
    carrier: 'undici',
    missing: 'reason-in-latin1',
    reason: 'undici reads the reason of a response as UTF-8',
    instead: 'bytes that are not UTF-8 become those of U+FFFD; UTF-8 passes as it is',
  },
  {
    carrier: 'undici',
    missing: 'reuse-modes',
    reason: 'undici chooses its connections itself',
    instead: 'any request may ride on any idle connection, as with httpReuse: always; other modes are refused',
  },
  {
    carrier: 'undici',
    missing: 'idle-limit',
    reason: 'undici does not limit how many idle connections it keeps',
    instead: 'poolMaxConnections is refused',
  },
  {
    carrier: 'dispatcher',
    missing: 'pool-options',
    reason: 'a dispatcher keeps its connections itself',
    instead: 'poolMaxConnections, poolPurgeDelay and maxReuse are refused',
  },
  {
    carrier: 'dispatcher',
    missing: 'response-head-limit',
    reason: 'a dispatcher reads the heads of responses itself',
    instead: 'its own limit holds in the place of maxResponseHeaderBytes',
  },
  {
    carrier: 'node-http',
    missing: 'large-heads',
    reason: 'node:http reads heads up to its server’s own maxHeaderSize, 16 KiB by default',
    instead: '431 from node:http, which the log does not tell',
  },
  {
    carrier: 'node-http',
    missing: 'time-of-head',
    reason: 'node:http does not tell when the first byte of a head arrives',
    instead: 'TR is 0, and a head that is begun on a kept connection has the keep-alive time on top of its own',
  },
  {
    carrier: 'node-http',
    missing: 'upgrade-with-body',
    reason: 'node:http reads no body after the head of an upgrade request',
    instead: '501',
  },
  {
    carrier: 'node-http',
    missing: 'half-closed-client',
    reason: 'node:http takes the end of what a client sends for its leaving',
    instead: 'the exchange is ended as aborted by the client, whatever abortOnClose says',
  },
  {
    carrier: 'handler',
    missing: 'upgrade',
    reason: 'a request listener gets requests, not connections',
    instead: 'the request goes on without its Upgrade field, and is answered as any other',
  },
  {
    carrier: 'handler',
    missing: 'own-time-limits',
    reason: 'a request listener does not see a connection before its first request, nor between two',
    instead: 'timeout.httpRequest and timeout.httpKeepAlive are those of the application’s server',
  },
  {
    carrier: 'handler',
    missing: 'connect-refusal',
    reason: 'node:http keeps CONNECT from request listeners',
    instead: 'node:http closes the connection',
  },
  {
    carrier: 'handler',
    missing: 'late-continue',
    reason: 'node:http answers 100 Continue before it calls a request listener',
    instead: 'the client gets 100 at once, whether a server is there or not',
  },
]
