import type { Session } from '../core/session.js'

/** Takes a connection that speaks HTTP/2, with nothing read of it. */
export type HandOver = (session: Session) => void

/** What a client begins with that knows beforehand that HTTP/2 is spoken (RFC 9113 3.4). */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

/** Whether a connection begins with the preface of HTTP/2; undefined: more must come. */
export function hasPreface(input: Buffer): boolean | undefined {
  const length = Math.min(input.length, preface.length)
  if (input.compare(preface, 0, length, 0, length) !== 0) return false
  return length === preface.length || undefined
}
