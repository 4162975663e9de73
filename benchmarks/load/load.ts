import type { Line } from '../lines.js'

/** What one run of load found. */
export interface LoadResult {
  readonly requests: number
  /** How long it really ran. */
  readonly seconds: number
  readonly p99Milliseconds: number
  /** Bytes received, heads included. */
  readonly bytes: number
  readonly socketErrors: number
  /** Answers with a status other than 2xx or 3xx. */
  readonly refusals: number
}

/** A generator of load, run in a process of its own. */
export interface Load {
  readonly name: string
  readonly version: string
  /** The load can only run for whole seconds. */
  readonly needsWholeSeconds: boolean
  /** Sends the line's requests to a port of this machine, over and over on every connection. */
  run(port: number, line: Line, seconds: number): Promise<LoadResult>
}
