import type { TryFailure } from './failure.js'

/** When a failed try may be repeated, and where. Part of a backend's options. */
export interface RetryPolicy {
  /** Tries after the first. HAProxy: `retries`. */
  readonly retries: number
  /** Every which retry goes to another server; below 0, counted from the last; 0: never. HAProxy: `option redispatch`. */
  readonly redispatch: number
}

/** What {@link decideRetry} needs to know of the exchange and its server. */
export interface RetryState {
  /** Retries used so far. */
  readonly used: number
  /** Whether a request that has been sent may be sent again: its method is idempotent, and its body is still at hand. */
  readonly isReplayable: boolean
  /** Whether the server that failed is still up. */
  readonly isServerUp: boolean
  /** Whether a server other than the one that failed could be chosen. */
  readonly hasOther: boolean
  /** Whether nothing binds the exchange to its server (no persistence, no hash), and more than one is usable. */
  readonly isFree: boolean
}

/** Give up; the same server at once; the same one after a pause; another server at once. */
export type RetryDecision = 'give-up' | 'same' | 'same-later' | 'other'

/** Methods that may be repeated without asking (RFC 9110 9.2.2). */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

/** Whether a request of this method has the same effect when it is sent twice. */
export function isIdempotent(method: string): boolean {
  return idempotent.has(method)
}

/** HAProxy's rules for what happens after a failed try (its manual, `retries` and `option redispatch`). */
export function decideRetry(failure: TryFailure, state: RetryState, policy: RetryPolicy): RetryDecision {
  if (state.used >= policy.retries) return 'give-up'
  if (failure.sent) {
    // A connection that was reused and is dead says little of the server: a fresh one is worth the try, if nobody else is.
    if (failure.kind !== 'server-closed' || !failure.reused || !state.isReplayable) return 'give-up'
    return mayMove(state, policy) ? 'other' : 'same'
  }
  if (failure.kind !== 'connect-refused' && failure.kind !== 'connect-timeout') return 'give-up'
  if (mayMove(state, policy)) return 'other'
  return failure.kind === 'connect-refused' ? 'same-later' : 'same'
}

function mayMove(state: RetryState, { retries, redispatch }: RetryPolicy): boolean {
  if (redispatch === 0) return false
  if (!state.isServerUp || state.isFree) return true
  // A move that ends where it began would only take the pause away: HAProxy waits there too.
  if (!state.hasOther) return false
  const interval = redispatch > 0 ? redispatch : retries + 1 + redispatch
  return interval > 0 && (state.used + 1) % interval === 0
}
