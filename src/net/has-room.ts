import type { Writable } from 'node:stream'

/**
 * Whether a stream takes more now; where not, it will emit `drain`. The result of `write` says less: it is taken before the
 * system was asked, and false for every piece above the high-water mark, whether that has left meanwhile or not.
 */
export function hasRoom(stream: Writable): boolean {
  return stream.writableLength < stream.writableHighWaterMark
}
