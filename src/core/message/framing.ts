import { isToken, trimSpaces } from './field-syntax.js'

/**
 * How long a message's body is: a number of bytes, or {@link chunked} or {@link untilClose}. One number rather than an
 * object, since every message has one.
 */
export type BodyLength = number

/** The body ends with the last chunk. */
export const chunked: BodyLength = -1

/** The body ends when the connection does (responses only). */
export const untilClose: BodyLength = -2

/** Whether a response of this status to this method never has a body, whatever its fields say (RFC 9112 6.3). */
export function isBodyless(method: string, status: number): boolean {
  if (method === 'CONNECT' && status < 300) return true
  return method === 'HEAD' || status === 204 || status === 304 || status < 200
}

/** Whether such a response must not tell a length (RFC 9110 8.6): a reader could wait for that many bytes. */
export function isLengthless(method: string, status: number): boolean {
  return status === 204 || status < 200 || (status < 300 && method === 'CONNECT')
}

/** The most digits of a length that is surely exact. */
const mostDigits = 15

/**
 * The number that Content-Length says in a part of `text`: digits alone, and few enough to be exact (RFC 9110 8.6). NaN for
 * anything else. Spaces around it may be, a tab not: that is lawful, but nobody writes it, and parsers are known that take
 * it for a part of the value.
 */
export function readLength(text: string, from = 0, to = text.length): number {
  let start = from
  let end = to
  while (start < end && text.charCodeAt(start) === 32) start++
  while (end > start && text.charCodeAt(end - 1) === 32) end--
  if (start === end || end - start > mostDigits) return Number.NaN
  let length = 0
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return Number.NaN
    length = length * 10 + digit
  }
  return length
}

/**
 * What makes two readers of a message disagree about where it ends (RFC 9112 6.1 and 6.3). `codings` is Transfer-Encoding
 * and `length` what {@link readLength} made of Content-Length; `lengths` says how many fields of that name there are.
 */
export function framingDefect(
  codings: string | undefined,
  length: number,
  lengths: number,
  minorVersion: number,
): 'bad-request' | 'unsupported' | undefined {
  if (lengths > 1 || Number.isNaN(length)) return 'bad-request'
  if (codings === undefined) return undefined
  // HTTP/1.0 has no transfer codings: its readers see another body than ours.
  if (lengths > 0 || minorVersion === 0) return 'bad-request'
  return codingDefect(codings)
}

/** `gzip, chunked` is understood and not done; of what does not end in its one `chunked` nobody knows the end. */
function codingDefect(codings: string): 'bad-request' | 'unsupported' | undefined {
  if (codings === 'chunked') return undefined
  const names = codings
    .toLowerCase()
    .split(',')
    .map((coding) => trimSpaces(coding))
  if (names.length === 1 && names[0] === 'chunked') return undefined
  return names.indexOf('chunked') === names.length - 1 && names.every(isToken) ? 'unsupported' : 'bad-request'
}
