import type { FailureKind } from './failure.js'

/**
 * How a try with a server went, for those who time servers.
 *
 * - `response`: the head of its response came; in TCP mode: it took the connection.
 * - `failure`: it refused, closed, sent nonsense, did not answer in time, or with 5xx other than 501 and 505, or with a
 *   status that is to be tried again for (`retryOn`).
 * - `none`: somebody else ended it, so that it can only be said to have taken longer than that.
 */
export type TryOutcome = 'response' | 'failure' | 'none'

const serversFault: ReadonlySet<FailureKind | 'unwanted'> = new Set([
  'connect-refused',
  'connect-timeout',
  'server-closed',
  'server-timeout',
  'bad-response',
  'unwanted',
])

/** What a failure tells of the server. The end of a connection that was `reused` tells nothing. @internal */
export function outcomeOfFailure(kind: FailureKind | 'unwanted', wasReused: boolean): TryOutcome {
  return serversFault.has(kind) && !wasReused ? 'failure' : 'none'
}

/** What a status tells of the server: a quick error must not pass for speed. HAProxy's checks by traffic count alike. @internal */
export function outcomeOfResponse(status: number): TryOutcome {
  return status >= 500 && status !== 501 && status !== 505 ? 'failure' : 'response'
}
