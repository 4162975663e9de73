import { evaluate } from '../rules/condition.js'
import type { ExchangeView } from './exchange-view.js'
import type { TryFailure } from './failure.js'
import type { RetryPolicy } from './retry-options.js'

/** What {@link decideRetry} needs to know of the exchange and its server. */
export interface RetryState {
  /** Retries used so far. */
  readonly used: number
  /** Whether a request that has been sent may be sent again, and nothing of it is lost. */
  readonly isReplayable: boolean
  /** Whether the server that failed is still up. */
  readonly isServerUp: boolean
  /** Whether a server other than the one that failed could be chosen. */
  readonly hasOther: boolean
  /** Whether nothing binds the exchange to its server (no persistence, no hash), and more than one is usable. */
  readonly isFree: boolean
}

/** Why a try came to nothing; `unwanted`: the server answered, with a status that is one to try again for. */
export type RetryCause = Pick<TryFailure, 'sent' | 'reused'> & {
  readonly kind: TryFailure['kind'] | 'server-timeout' | 'unwanted'
}

/** Give up; the same server at once; the same one after a pause; another server at once. */
export type RetryDecision = 'give-up' | 'same' | 'same-later' | 'other'

/** HAProxy's rules for what happens after a failed try (its manual, `retries`, `retry-on` and `option redispatch`). */
export function decideRetry(cause: RetryCause, state: RetryState, policy: RetryPolicy): RetryDecision {
  if (state.used >= policy.retries || !isCovered(cause, policy)) return 'give-up'
  if (cause.sent && !state.isReplayable) return 'give-up'
  if (mayMove(state, policy)) return 'other'
  return cause.kind === 'connect-refused' ? 'same-later' : 'same'
}

/** Whether it is one of the misfortunes that the policy names. */
function isCovered({ kind, reused }: RetryCause, { events }: RetryPolicy): boolean {
  switch (kind) {
    case 'connect-refused':
    case 'connect-timeout':
      return events.has('conn-failure')
    case 'server-closed':
      // A kept connection that is dead says little of the server: it is a connection that there was not.
      return events.has('empty-response') || (reused && events.has('conn-failure'))
    case 'server-timeout':
      return events.has('response-timeout')
    case 'bad-response':
      return events.has('junk-response')
    case 'unwanted':
      return true
    case 'unsupported':
    case 'internal':
      return false
  }
}

function mayMove(state: RetryState, { retries, redispatch }: RetryPolicy): boolean {
  if (redispatch === 0) return false
  if (!state.isServerUp || state.isFree) return true
  // A move that ends where it began would only take the pause away: HAProxy waits there too.
  if (!state.hasOther) return false
  const interval = redispatch > 0 ? redispatch : retries + 1 + redispatch
  return interval > 0 && (state.used + 1) % interval === 0
}

/** Whether a request is one that may be sent twice. Throws what the policy's condition does. */
export function isRepeatable(exchange: ExchangeView, { methods, unless }: RetryPolicy): boolean {
  if (methods !== undefined && !methods.has(exchange.method)) return false
  return unless === undefined || !evaluate(unless, exchange)
}

/** A server that did not answer in time, and one that answered what is to be tried again. */
export const silence: RetryCause = { kind: 'server-timeout', sent: true, reused: false }
export const unwanted: RetryCause = { kind: 'unwanted', sent: true, reused: false }
