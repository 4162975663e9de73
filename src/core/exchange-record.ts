import type { FailureKind } from './failure.js'

/** An exchange that has ended, and can tell about itself. */
export interface EndedExchange {
  record(): ExchangeRecord
}

/** What the log gets of an exchange that has ended: plain, JSON-safe data. Timers are HAProxy's, in milliseconds. */
export interface ExchangeRecord {
  /** When the request arrived, ISO 8601. */
  readonly time: string
  /** The client's address, as rules saw it. */
  readonly client: string
  readonly clientPort: number
  readonly frontend: string
  /** `null` when no backend was chosen. */
  readonly backend: string | null
  /** `null` when no server was reached. */
  readonly server: string | null
  /** Empty in TCP mode. */
  readonly method: string
  readonly target: string
  /** `HTTP/1.1`, `HTTP/2.0`; empty in TCP mode. */
  readonly version: string
  /** The status that the client got; -1: none. */
  readonly status: number
  /** Body bytes from the client. */
  readonly bytesIn: number
  /** Body bytes to the client. */
  readonly bytesOut: number
  /** From the first byte of the request to the end of its head. -1: it had none, or was malformed. */
  readonly TR: number
  /** In queues, whether or not a server came of it. -1: neither was reached. */
  readonly Tw: number
  /** Connecting, retries and pauses included. -1: never connected. */
  readonly Tc: number
  /** From the connection to the response's head. -1: there was none. */
  readonly Tr: number
  /** From the first byte of the request to the last of the response. */
  readonly Ta: number
  /** HAProxy's termination state: whose doing, in which phase, and two places for cookies. `----`: a normal end. */
  readonly termination: string
  /** What failed; `null` for a normal end. */
  readonly failure: FailureKind | null
  /** The error behind it; `null` when there is none. */
  readonly error: string | null
  readonly retries: number
  /** Whether a retry went to another server. */
  readonly redispatched: boolean
}

/** Where records of ended exchanges go: a function, or a logger with pino's `info(object, message)`. */
export type LogSink = ((record: ExchangeRecord) => void) | { info(record: ExchangeRecord, message: string): void }
