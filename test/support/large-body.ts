import { createHash, randomBytes } from 'node:crypto'

/** A body of 2 MB. */
export const largeBody = randomBytes(2 * 1024 * 1024)

/** The SHA-256 of a body; text is latin1. */
export function digest(body: Buffer | string): string {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body
  return createHash('sha256').update(bytes).digest('hex')
}

/** A body in pieces of odd sizes, so that no buffer's size divides them. */
export function pieces(body: Buffer): Buffer[] {
  const list: Buffer[] = []
  for (let at = 0, size = 1; at < body.length; at += size, size = (size * 7 + 13) % 100_003) {
    list.push(body.subarray(at, at + size))
  }
  return list
}

/** A body in such pieces, each a chunk, with the last chunk. */
export function chunks(body: Buffer): Buffer[] {
  const list = pieces(body).map((piece) =>
    Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
  )
  return [...list, Buffer.from('0\r\n\r\n')]
}
