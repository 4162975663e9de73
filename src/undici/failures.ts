import type { TryFailure } from '../core/failure.js'
import { DialError } from '../net/dialer.js'

/** A try that never got a connection. */
export function connectFailure(error: Error & { code?: string }): TryFailure {
  return { kind: kindOf(error), sent: false, reused: false, cause: error }
}

function kindOf(error: Error & { code?: string }): TryFailure['kind'] {
  if (error instanceof DialError) return error.kind
  if (error.code === 'UND_ERR_CONNECT_TIMEOUT') return 'connect-timeout'
  return isRefusal(error) ? 'internal' : 'connect-refused'
}

/** undici's own words that it will not send such a request, or has no mock for it. */
const refusals = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'UND_MOCK_ERR_MOCK_NOT_MATCHED'])

function isRefusal({ code }: { code?: string }): boolean {
  return code !== undefined && refusals.has(code)
}

/** A try that broke after its request went out. */
export function sentFailure(error: Error & { code?: string }, reused: boolean, hasResponse: boolean): TryFailure {
  const kind = isSocketError(error) && !hasResponse ? 'server-closed' : 'bad-response'
  return { kind, sent: true, reused, cause: error }
}

/** The connection broke or ended, as opposed to carrying something that is no HTTP. */
function isSocketError(error: { code?: string }): boolean {
  return error.code === 'UND_ERR_SOCKET' || error.code === 'ECONNRESET' || error.code === 'EPIPE'
}
