import type { OutgoingHttpHeaders } from 'node:http2'
import { isHopByHop } from '../core/message/hop-by-hop.js'
import { isForbiddenTrailer } from '../core/message/trailers.js'

/** Fields of which node:http2 sends but one of a name. */
const singular = new Set([
  ...['access-control-allow-credentials', 'access-control-max-age', 'access-control-request-method', 'age'],
  ...['authorization', 'content-encoding', 'content-language', 'content-length', 'content-location', 'content-md5'],
  ...['content-range', 'content-type', 'date', 'dnt', 'etag', 'expires', 'from', 'host', 'if-match'],
  ...['if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since', 'last-modified', 'location'],
  ...['max-forwards', 'proxy-authorization', 'range', 'referer', 'retry-after', 'tk', 'upgrade-insecure-requests'],
  ...['user-agent', 'x-content-type-options'],
])

/** Adds the fields of a flat list to what node:http2 takes. */
export function addFields(headers: OutgoingHttpHeaders, list: readonly string[]): void {
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!.toLowerCase()
    if (name !== 'http2-settings') addField(headers, name, list[i + 1]!)
  }
}

function addField(headers: OutgoingHttpHeaders, name: string, value: string): void {
  const before = headers[name]
  if (before === undefined) headers[name] = value
  // What any reader may make of several (RFC 9110 5.3).
  else if (singular.has(name)) headers[name] = before === value ? value : `${String(before)}, ${value}`
  else if (Array.isArray(before)) before.push(value)
  else headers[name] = [before as string, value]
}

/** Trailer fields as node:http2 takes them. */
export function trailersOf(list: readonly string[] | undefined): OutgoingHttpHeaders {
  const headers = makeHeaders()
  if (list !== undefined) addFields(headers, list)
  for (const name of Object.keys(headers)) if (isHopByHop(name)) delete headers[name]
  return headers
}

/** The trailer fields that came, flat, less those that must not be trailers; undefined: none is left. */
export function receivedTrailers(raw: readonly string[]): readonly string[] | undefined {
  const trailers: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    if (!isForbiddenTrailer(raw[i]!)) trailers.push(raw[i]!, raw[i + 1]!)
  }
  return trailers.length > 0 ? trailers : undefined
}

/** Headers without a prototype: a field may be called `__proto__`. */
export function makeHeaders(): OutgoingHttpHeaders {
  return Object.create(null) as OutgoingHttpHeaders
}
