import type { Duration, OptionReader } from '../util/options.js'

/** How connections to a server are kept. Those of a backend hold for its servers that do not say otherwise. */
export interface PoolOptions {
  /** How many idle connections are kept, 0 or more; -1: no limit. Default -1. HAProxy: `pool-max-conn`. */
  readonly poolMaxConnections?: number
  /**
   * How long an idle connection is kept; less where the server says that it keeps it for less (`Keep-Alive: timeout`).
   * 0 keeps none. Default 4s, since many servers close after 5s. HAProxy: `pool-purge-delay`, which closes half of the
   * excess each 5s.
   */
  readonly poolPurgeDelay?: Duration
  /** How many requests a connection carries after its first, 0 or more; -1: no limit. Default -1. HAProxy: `max-reuse`. */
  readonly maxReuse?: number
}

/** The same, read and complete: `Infinity` for no limit. */
export interface PoolSettings {
  readonly poolMaxConnections: number
  /** Milliseconds. */
  readonly poolPurgeDelay: number
  readonly maxReuse: number
}

/** What holds where nobody says anything. */
export const defaultPool: PoolSettings = { poolMaxConnections: Infinity, poolPurgeDelay: 4000, maxReuse: Infinity }

/** The names of the options. */
export const poolNames = ['poolMaxConnections', 'poolPurgeDelay', 'maxReuse'] as const

/** Reads what is said of it: of the three, those that are there. */
export function readPool(reader: OptionReader): Partial<PoolSettings> {
  const poolMaxConnections = readCount(reader, 'poolMaxConnections')
  const poolPurgeDelay = reader.duration('poolPurgeDelay')
  const maxReuse = readCount(reader, 'maxReuse')
  return {
    ...(poolMaxConnections === undefined ? {} : { poolMaxConnections }),
    ...(poolPurgeDelay === undefined ? {} : { poolPurgeDelay }),
    ...(maxReuse === undefined ? {} : { maxReuse }),
  }
}

function readCount(reader: OptionReader, name: string): number | undefined {
  const count = reader.integer(name, -1, Number.MAX_SAFE_INTEGER)
  return count === -1 ? Infinity : count
}
