import type { Duration } from '../util/options.js'

/**
 * What a stick table stores of each key beside its server. Counts and tags are `true`, rates have the period that they
 * are taken over, from 1 ms on. HAProxy: the `store` of a `stick-table`.
 */
export interface StoreOptions {
  /** A tag: a number that you set. HAProxy: `gpt0`. */
  readonly gpt0?: boolean
  /** A counter of your own. HAProxy: `gpc0`. */
  readonly gpc0?: boolean
  /** How fast that counter grows. HAProxy: `gpc0_rate`. */
  readonly gpc0Rate?: Duration
  /** How often tracking has started for the key. HAProxy: `conn_cnt`. */
  readonly connectionCount?: boolean
  /** How often it started within the period. HAProxy: `conn_rate`. */
  readonly connectionRate?: Duration
  /** What is tracked for the key now: connections or requests, as the `track` rule says. HAProxy: `conn_cur`. */
  readonly connectionsCurrent?: boolean
  /** Connections, where a rule tracks these. HAProxy: `sess_cnt`. */
  readonly sessionCount?: boolean
  /** Connections within the period, where a rule tracks these. HAProxy: `sess_rate`. */
  readonly sessionRate?: Duration
  /** HTTP requests. HAProxy: `http_req_cnt`. */
  readonly httpRequestCount?: boolean
  /** HTTP requests within the period. HAProxy: `http_req_rate`. */
  readonly httpRequestRate?: Duration
  /** Requests that were the client's fault: malformed ones, and those that a server answered 4xx. HAProxy: `http_err_cnt`. */
  readonly httpErrorCount?: boolean
  /** Such requests within the period. HAProxy: `http_err_rate`. */
  readonly httpErrorRate?: Duration
  /** Bytes from the client, with heads. HAProxy: `bytes_in_cnt`. */
  readonly bytesInCount?: boolean
  /** Bytes from the client within the period. HAProxy: `bytes_in_rate`. */
  readonly bytesInRate?: Duration
  /** Bytes from servers to the client, with heads. HAProxy: `bytes_out_cnt`. */
  readonly bytesOutCount?: boolean
  /** Bytes to the client within the period. HAProxy: `bytes_out_rate`. */
  readonly bytesOutRate?: Duration
  /** A second counter of your own. HAProxy: `gpc1`. */
  readonly gpc1?: boolean
  /** How fast the second counter grows. HAProxy: `gpc1_rate`. */
  readonly gpc1Rate?: Duration
  /**
   * Requests that were a server's fault: answered 5xx but for 501 and 505, by nothing valid, or not in time. HAProxy:
   * `http_fail_cnt`.
   */
  readonly httpFailureCount?: boolean
  /** Such requests within the period. HAProxy: `http_fail_rate`. */
  readonly httpFailureRate?: Duration
  /** So many tags `gpt0`, `gpt1` and on, up to 100. Not together with `gpt0: true`. HAProxy: `gpt(N)`. */
  readonly gpt?: number
  /** So many counters `gpc0`, `gpc1` and on, up to 100. Not together with `gpc0` or `gpc1: true`. HAProxy: `gpc(N)`. */
  readonly gpc?: number
  /** So many rates `gpc0Rate`, `gpc1Rate` and on, all over one period. HAProxy: `gpc_rate(N,P)`. */
  readonly gpcRate?: RateArray
}

/** Several rates over one period. */
export interface RateArray {
  /** How many: 1 to 100. */
  readonly length: number
  readonly period: Duration
}

/** The name of one stored value, as it is read, compared and set: those of arrays are numbered from 0 on. */
export type StoredType =
  | Exclude<keyof StoreOptions, 'gpt' | 'gpc' | 'gpcRate'>
  | `gpt${number}`
  | `gpc${number}`
  | `gpc${number}Rate`

/** What counts and rates count. `gpc0` and on are your own events, the others are traffic's. */
export type StoredEvent =
  | 'connection'
  | 'session'
  | 'httpRequest'
  | 'httpError'
  | 'httpFailure'
  | 'bytesIn'
  | 'bytesOut'
  | `gpc${number}`

/** One row of {@link storedTypes}. */
export interface StoredTypeRow {
  /** HAProxy's name. */
  readonly haproxy: string
  /** A tag is set, a count grows with an event, a rate tells how fast, and uses are what is tracked now. */
  readonly kind: 'tag' | 'count' | 'rate' | 'uses'
  /** The event that moves it. */
  readonly event?: StoredEvent
  /** The elements of an array are called so, with their number in the place of `0`. */
  readonly element?: StoredType
}

/** Every data type of HAProxy 2.6 but the server's, in its order: one row each. @internal */
export const storedTypes: Readonly<Record<keyof StoreOptions, StoredTypeRow>> = {
  gpt0: { haproxy: 'gpt0', kind: 'tag' },
  gpc0: { haproxy: 'gpc0', kind: 'count', event: 'gpc0' },
  gpc0Rate: { haproxy: 'gpc0_rate', kind: 'rate', event: 'gpc0' },
  connectionCount: { haproxy: 'conn_cnt', kind: 'count', event: 'connection' },
  connectionRate: { haproxy: 'conn_rate', kind: 'rate', event: 'connection' },
  connectionsCurrent: { haproxy: 'conn_cur', kind: 'uses' },
  sessionCount: { haproxy: 'sess_cnt', kind: 'count', event: 'session' },
  sessionRate: { haproxy: 'sess_rate', kind: 'rate', event: 'session' },
  httpRequestCount: { haproxy: 'http_req_cnt', kind: 'count', event: 'httpRequest' },
  httpRequestRate: { haproxy: 'http_req_rate', kind: 'rate', event: 'httpRequest' },
  httpErrorCount: { haproxy: 'http_err_cnt', kind: 'count', event: 'httpError' },
  httpErrorRate: { haproxy: 'http_err_rate', kind: 'rate', event: 'httpError' },
  bytesInCount: { haproxy: 'bytes_in_cnt', kind: 'count', event: 'bytesIn' },
  bytesInRate: { haproxy: 'bytes_in_rate', kind: 'rate', event: 'bytesIn' },
  bytesOutCount: { haproxy: 'bytes_out_cnt', kind: 'count', event: 'bytesOut' },
  bytesOutRate: { haproxy: 'bytes_out_rate', kind: 'rate', event: 'bytesOut' },
  gpc1: { haproxy: 'gpc1', kind: 'count', event: 'gpc1' },
  gpc1Rate: { haproxy: 'gpc1_rate', kind: 'rate', event: 'gpc1' },
  httpFailureCount: { haproxy: 'http_fail_cnt', kind: 'count', event: 'httpFailure' },
  httpFailureRate: { haproxy: 'http_fail_rate', kind: 'rate', event: 'httpFailure' },
  gpt: { haproxy: 'gpt', kind: 'tag', element: 'gpt0' },
  gpc: { haproxy: 'gpc', kind: 'count', event: 'gpc0', element: 'gpc0' },
  gpcRate: { haproxy: 'gpc_rate', kind: 'rate', event: 'gpc0', element: 'gpc0Rate' },
}
