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
