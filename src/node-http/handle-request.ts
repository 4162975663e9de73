import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Frontend } from '../core/frontend.js'
import { EvenkeelError } from '../util/errors.js'
import { NodeHttpDownstream } from './downstream.js'
import { HttpConnection } from './http-connection.js'

/** Takes one request that an application or framework hands over; `next` takes it when nothing here does. */
export function handleRequest(
  frontend: Frontend,
  request: IncomingMessage,
  response: ServerResponse,
  next: ((error?: unknown) => void) | undefined,
): void {
  const connection = HttpConnection.of(frontend, request.socket)
  const downstream = new NodeHttpDownstream(frontend, connection, request, response, undefined)
  if (isConsumed(request)) {
    const reason = `the body of ${request.method} ${request.url} was read before it reached the proxy`
    frontend.fault(new EvenkeelError('ERR_EVENKEEL_BODY_CONSUMED', reason), `handler of frontends.${frontend.name}`)
    downstream.exchange.refuse('callback-failed')
  } else downstream.start(next)
}

/** Somebody has read of a body that there is, such as a body parser in front of us. */
function isConsumed(request: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers
  const hasBody = coding !== undefined || (length !== undefined && length !== '0')
  return hasBody && (request.readableDidRead || request.readableEnded)
}
