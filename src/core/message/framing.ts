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

/** Whether a response of this status must not tell a length (RFC 9110 8.6): a reader could wait for that many bytes. */
export function isLengthless(status: number): boolean {
  return status === 204 || status < 200
}

/** A length is digits alone, and few enough to be exact (RFC 9110 8.6). */
const validLength = /^\d{1,15}$/

/**
 * What makes two readers of a message disagree about where it ends (RFC 9112 6.1 and 6.3). `codings` is Transfer-Encoding
 * and `length` Content-Length, undefined where there is none; `lengths` says how many fields of that name there are.
 */
export function framingDefect(
  codings: string | undefined,
  length: string | undefined,
  lengths: number,
  minorVersion: number,
): 'bad-request' | 'unsupported' | undefined {
  if (lengths > 1 || (length !== undefined && !validLength.test(length))) return 'bad-request'
  if (codings === undefined) return undefined
  // HTTP/1.0 has no transfer codings: its readers see another body than ours.
  if (length !== undefined || minorVersion === 0) return 'bad-request'
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
