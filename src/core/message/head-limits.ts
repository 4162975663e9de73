import { OptionError } from '../../util/errors.js'
import { type OptionReader, readSize, type Size } from '../../util/options.js'

/** How large the head of a request may be. */
export interface RequestLimitOptions {
  /**
   * Bytes of a request's head, start line included, 1k to 1m; above: 431. What has come of a head is held until it is
   * whole, so this is memory that every client can take. Default 16k. HAProxy: `tune.bufsize`, less `tune.maxrewrite`.
   */
  readonly maxHeaderBytes?: Size
  /** Fields of a request, 1 to 32767; above: 431. Default 100. HAProxy: `tune.http.maxhdr`. */
  readonly maxHeaders?: number
  /** Bytes of a request's target, up to `maxHeaderBytes`; above: 414. Default 8k. */
  readonly maxTargetBytes?: Size
}

/** The same, read and complete. */
export interface RequestLimits {
  readonly maxHeaderBytes: number
  readonly maxHeaders: number
  readonly maxTargetBytes: number
}

/** How large the head of a response may be. */
export interface ResponseLimitOptions {
  /** Bytes of a response's head, status line included, 1k to 1m; above: 502. Default 64k. */
  readonly maxResponseHeaderBytes?: Size
  /** Fields of a response, 1 to 32767; above: 502. Default 1000. HAProxy: `tune.http.maxhdr` (there: 100). */
  readonly maxResponseHeaders?: number
}

/** The same, read and complete. */
export interface ResponseLimits {
  readonly maxHeaderBytes: number
  readonly maxHeaders: number
}

/** What holds for requests where nobody says anything. */
export const defaultRequestLimits: RequestLimits = { maxHeaderBytes: 16_384, maxHeaders: 100, maxTargetBytes: 8192 }

/** The same for responses. */
export const defaultResponseLimits: ResponseLimits = { maxHeaderBytes: 65_536, maxHeaders: 1000 }

const mostFields = 32_767

/** Reads a frontend's limits. */
export function readRequestLimits(reader: OptionReader): RequestLimits {
  const maxHeaderBytes = reader.read('maxHeaderBytes', readHeaderBytes) ?? defaultRequestLimits.maxHeaderBytes
  const maxTargetBytes = reader.read('maxTargetBytes', (value, path) => readTargetBytes(value, path, maxHeaderBytes))
  return {
    maxHeaderBytes,
    maxHeaders: reader.integer('maxHeaders', 1, mostFields) ?? defaultRequestLimits.maxHeaders,
    maxTargetBytes: maxTargetBytes ?? Math.min(defaultRequestLimits.maxTargetBytes, maxHeaderBytes),
  }
}

/** Reads a backend's limits. */
export function readResponseLimits(reader: OptionReader): ResponseLimits {
  return {
    maxHeaderBytes: reader.read('maxResponseHeaderBytes', readHeaderBytes) ?? defaultResponseLimits.maxHeaderBytes,
    maxHeaders: reader.integer('maxResponseHeaders', 1, mostFields) ?? defaultResponseLimits.maxHeaders,
  }
}

function readHeaderBytes(value: unknown, path: string): number {
  const bytes = readSize(value, path)
  if (bytes >= 1024 && bytes <= 2 ** 20) return bytes
  throw new OptionError(path, value, 'a size from 1k to 1m')
}

function readTargetBytes(value: unknown, path: string, most: number): number {
  const bytes = readSize(value, path)
  if (bytes >= 1 && bytes <= most) return bytes
  throw new OptionError(path, value, `a size from 1 to ${most}, that of the whole head`)
}
