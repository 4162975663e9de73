import type { TimeSummary } from './histogram.js'

/** What came of the traffic. All times are milliseconds. */
export interface SimulationResult {
  /** Requests that came. */
  readonly requests: number
  /** From the beginning to the end of the last request. */
  readonly duration: number
  /** How many answers there were of each status, by servers or by the proxy. */
  readonly statuses: Readonly<Record<number, number>>
  /** Requests that got no answer: those that were still waiting a day after the last request came. */
  readonly unanswered: number
  /** From a request's arrival to its first try, in queues; of one that no server got, to its end. */
  readonly queueing: TimeSummary
  /** From a request's arrival to its answer. */
  readonly responseTime: TimeSummary
  /** Tries after the first of each request. */
  readonly retries: number
  /** Requests that were tried on more than one server. */
  readonly redispatched: number
  /** Of the clients with two answers or more, the share that got all from one server, 0 to 1; 1 when there are none. */
  readonly stickiness: number
  /** The servers by `backend/server`. */
  readonly servers: Readonly<Record<string, ServerSummary>>
}

/** What one server did. */
export interface ServerSummary {
  /** Requests that came to it, retries of the same one included. */
  readonly tries: number
  /** Requests that it answered, and that the clients got. */
  readonly responses: number
  /** Its share of all responses, 0 to 1. */
  readonly share: number
  /** How many requests it worked on at a time, on average. */
  readonly load: number
}
