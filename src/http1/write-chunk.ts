import type { Writable } from 'node:stream'
import type { Chunk } from '../core/carrier.js'
import { chunkHead } from './chunked.js'
import { smallBody } from './small-body.js'

/** Writes one chunk of a chunked body. */
export function writeChunk(socket: Writable, chunk: Chunk): void {
  // An empty chunk would be the end of the body.
  if (chunk.length === 0) return
  if (typeof chunk === 'string' || chunk.length <= smallBody) {
    socket.write(`${chunkHead(chunk.length)}${latin1(chunk)}\r\n`, 'latin1')
    return
  }
  socket.cork()
  socket.write(chunkHead(chunk.length), 'latin1')
  socket.write(chunk)
  socket.write('\r\n', 'latin1')
  socket.uncork()
}

/** The bytes of a chunk as text. */
export function latin1(chunk: Chunk): string {
  return typeof chunk === 'string' ? chunk : chunk.toString('latin1')
}
