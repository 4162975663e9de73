import { OptionError } from '../util/errors.js'
import { OptionReader, readSize, type Size } from '../util/options.js'

/** What a client may do over HTTP/2. */
export interface Http2Options {
  /** Requests of one connection at a time, 1 to 1000; more are refused, and may be sent again. Default 100. HAProxy: `tune.h2.max-concurrent-streams`. */
  readonly maxConcurrentStreams?: number
  /**
   * Bytes of a request's body that a client may send before the server has taken them, 64k to 16m: memory that every
   * stream can take. Default 64k. HAProxy: `tune.h2.initial-window-size`.
   */
  readonly initialWindowSize?: Size
  /**
   * Requests of one connection that may break off before their response is whole, within 10 seconds, 1 to 1000; above: the
   * connection ends with ENHANCE_YOUR_CALM. Against CVE-2023-44487. Default 500.
   */
  readonly maxResets?: number
  /** PING and SETTINGS frames of one connection within 10 seconds, 10 to 100000; above: as with `maxResets`. Default 1000. */
  readonly maxControlFrames?: number
  /** Frames of one connection that make no sense, 1 to 100000; above, it ends. Default 100. */
  readonly maxInvalidFrames?: number
  /**
   * Memory of one connection for heads and for what waits to be sent, 1m to 1g; above, its next request is refused.
   * Default 10m.
   */
  readonly maxSessionMemory?: Size
}

/** The same, read and complete. */
export interface Http2Settings {
  readonly maxConcurrentStreams: number
  readonly initialWindowSize: number
  readonly maxResets: number
  readonly maxControlFrames: number
  readonly maxInvalidFrames: number
  /** Bytes. */
  readonly maxSessionMemory: number
}

/** What holds where nobody says anything. */
export const defaultHttp2: Http2Settings = {
  maxConcurrentStreams: 100,
  initialWindowSize: 65_536,
  maxResets: 500,
  maxControlFrames: 1000,
  maxInvalidFrames: 100,
  maxSessionMemory: 10 * 2 ** 20,
}

/** Reads the `http2` option; undefined: HTTP/2 is not spoken. */
export function readHttp2(value: unknown, path: string): Http2Settings | undefined {
  if (typeof value === 'boolean') return value ? defaultHttp2 : undefined
  const reader = new OptionReader(value, path)
  const settings: Http2Settings = {
    maxConcurrentStreams: reader.integer('maxConcurrentStreams', 1, 1000) ?? defaultHttp2.maxConcurrentStreams,
    initialWindowSize: readWithin(reader, 'initialWindowSize', '64k', '16m') ?? defaultHttp2.initialWindowSize,
    maxResets: reader.integer('maxResets', 1, 1000) ?? defaultHttp2.maxResets,
    maxControlFrames: reader.integer('maxControlFrames', 10, 100_000) ?? defaultHttp2.maxControlFrames,
    maxInvalidFrames: reader.integer('maxInvalidFrames', 1, 100_000) ?? defaultHttp2.maxInvalidFrames,
    maxSessionMemory: readWithin(reader, 'maxSessionMemory', '1m', '1g') ?? defaultHttp2.maxSessionMemory,
  }
  reader.end()
  return settings
}

function readWithin(reader: OptionReader, name: string, least: string, most: string): number | undefined {
  return reader.read(name, (value, path) => {
    const bytes = readSize(value, path)
    if (bytes >= readSize(least, path) && bytes <= readSize(most, path)) return bytes
    throw new OptionError(path, value, `a size from ${least} to ${most}`)
  })
}
