import type { OutgoingHttpHeaders } from 'node:http2'
import type { OutgoingRequest } from '../core/carrier.js'
import type { RequestHead } from '../core/message/head.js'
import { namesToken } from '../core/message/hop-by-hop.js'
import { authorityOf } from '../core/message/host-conflict.js'
import { addFields, makeHeaders } from './fields.js'

/** The head of a request as node:http2 takes it; undefined: HTTP/2 can't say it. */
export function outgoingHeaders(request: OutgoingRequest, isSecure: boolean): OutgoingHttpHeaders | undefined {
  const head = request.head!
  const headers = makeHeaders()
  headers[':method'] = head.method
  addFields(headers, head.forwardedList(request.requestEdits))
  // An absolute target has the last word about the host (RFC 9112 3.2.2).
  headers[':authority'] = authorityOf(head.target) ?? (headers.host as string | undefined) ?? ''
  delete headers.host
  if (head.method === 'CONNECT') {
    headers[':authority'] = head.target
    return headers
  }
  headers[':scheme'] = isSecure ? 'https' : 'http'
  headers[':path'] = pathOf(head.target)
  if (takesTrailers(head)) headers.te = 'trailers'
  return head.upgrade === undefined ? headers : asExtendedConnect(headers, head)
}

/** A target without scheme and host. */
function pathOf(target: string): string {
  if (target.startsWith('/') || target === '*') return target
  const path = target.replace(/^[^:]+:\/\/[^/?]*/, '')
  return path.startsWith('/') ? path : `/${path}`
}

function takesTrailers(head: RequestHead): boolean {
  return head.getAll('te').some((value) => namesToken(value, 'trailers'))
}

/** An offer to switch to one protocol, as RFC 8441 says it. */
function asExtendedConnect(headers: OutgoingHttpHeaders, head: RequestHead): OutgoingHttpHeaders | undefined {
  const protocol = head.upgrade!.toLowerCase()
  if (head.method !== 'GET' || protocol.includes(',')) return undefined
  headers[':method'] = 'CONNECT'
  headers[':protocol'] = protocol
  delete headers['sec-websocket-key']
  return headers
}
