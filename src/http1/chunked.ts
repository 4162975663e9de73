import { trimBlanks } from '../core/message/field-syntax.js'
import { isForbiddenTrailer } from '../core/message/trailers.js'
import { limits } from './limits.js'

/** Who is told of a chunked body. */
export interface ChunkSink {
  /** Bytes of the body, a view of what was given to `decode`. */
  chunkData(bytes: Buffer): void
}

const cr = 13
const lf = 10

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const quoted = '"(?:[\\t\\x20\\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"'
const extension = `[\\t ]*;[\\t ]*${token}(?:[\\t ]*=[\\t ]*(?:${token}|${quoted}))?`

/** What a chunk's line may be: a size, of so few digits that it is exact, and extensions that nobody reads (RFC 9112 7.1). */
const chunkLine = new RegExp(`^([0-9A-Fa-f]{1,13})(?:${extension})*$`)
const trailerLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/

/** Reads a chunked body, in pieces of any size. Strict: what RFC 9112 7.1 does not allow is an error. */
export class ChunkedDecoder {
  #state: 'line' | 'data' | 'data-end' | 'trailers' | 'done' | 'failed' = 'line'
  /** A line that is not whole yet. */
  #line = ''
  /** Bytes of the present chunk to come; in `data-end`, of its CRLF. */
  #left = 0
  #trailerBytes = 0
  /** Flat: name, value, name, value. */
  readonly trailers: string[] = []

  get isDone(): boolean {
    return this.#state === 'done'
  }

  get hasFailed(): boolean {
    return this.#state === 'failed'
  }

  /** Reads on from `from`; gives where it stopped: the end of the bytes, or of the body. */
  decode(bytes: Buffer, from: number, sink: ChunkSink): number {
    let at = from
    while (at < bytes.length && this.#state !== 'done' && this.#state !== 'failed') {
      if (this.#state === 'data') at = this.#data(bytes, at, sink)
      else if (this.#state === 'data-end') at = this.#dataEnd(bytes, at)
      else at = this.#lineBytes(bytes, at)
    }
    return at
  }

  #data(bytes: Buffer, at: number, sink: ChunkSink): number {
    const end = Math.min(at + this.#left, bytes.length)
    this.#left -= end - at
    if (this.#left === 0) {
      this.#state = 'data-end'
      this.#left = 2
    }
    sink.chunkData(bytes.subarray(at, end))
    return end
  }

  #dataEnd(bytes: Buffer, at: number): number {
    if (bytes[at] !== (this.#left === 2 ? cr : lf)) return this.#fail(at)
    this.#left--
    if (this.#left === 0) this.#state = 'line'
    return at + 1
  }

  #lineBytes(bytes: Buffer, at: number): number {
    const found = bytes.indexOf(lf, at)
    const end = found < 0 ? bytes.length : found + 1
    this.#line += bytes.toString('latin1', at, end)
    if (this.#line.length > (this.#state === 'line' ? limits.chunkLine : limits.trailers)) return this.#fail(at)
    if (found < 0) return end
    if (!this.#line.endsWith('\r\n')) return this.#fail(at)
    const line = this.#line.slice(0, -2)
    this.#line = ''
    const isRead = this.#state === 'line' ? this.#sizeLine(line) : this.#trailerLine(line)
    return isRead ? end : this.#fail(at)
  }

  #sizeLine(line: string): boolean {
    const size = chunkLine.exec(line)?.[1]
    if (size === undefined) return false
    this.#left = Number.parseInt(size, 16)
    this.#state = this.#left === 0 ? 'trailers' : 'data'
    return true
  }

  #trailerLine(line: string): boolean {
    if (line === '') {
      this.#state = 'done'
      return true
    }
    this.#trailerBytes += line.length + 2
    if (!trailerLine.test(line) || this.#trailerBytes > limits.trailers) return false
    const colon = line.indexOf(':')
    const name = line.slice(0, colon)
    if (!isForbiddenTrailer(name.toLowerCase())) this.trailers.push(name, trimBlanks(line, colon + 1))
    return true
  }

  #fail(at: number): number {
    this.#state = 'failed'
    return at
  }
}

/** The line before a chunk of so many bytes. */
export function chunkHead(length: number): string {
  return `${length.toString(16)}\r\n`
}

/** What ends a chunked body. */
export function lastChunk(trailers: readonly string[] | undefined): string {
  if (trailers === undefined || trailers.length === 0) return '0\r\n\r\n'
  let text = '0\r\n'
  for (let i = 0; i < trailers.length; i += 2) text += `${trailers[i]}: ${trailers[i + 1]}\r\n`
  return `${text}\r\n`
}
