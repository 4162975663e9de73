import type { ProbeResult } from '../core/check-result.js'
import type { DialError } from '../net/dialer.js'

/** What this machine ran out of, which says nothing about the server: files, buffers, memory. */
const ownShortages = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EAGAIN'])

/** A check that got no connection. */
export function connectFailure(error: DialError): ProbeResult {
  return { passed: false, status: statusOf(error), reason: error.message }
}

function statusOf({ kind, code, isHandshake }: DialError): ProbeResult['status'] {
  if (isHandshake) return kind === 'connect-timeout' ? 'L6TOUT' : 'L6RSP'
  if (kind === 'connect-timeout') return 'L4TOUT'
  return code !== undefined && ownShortages.has(code) ? 'SOCKERR' : 'L4CON'
}

/** A check that was stopped before its connection stood. */
export const connectStopped: ProbeResult = { passed: false, status: 'L4TOUT', reason: 'no connection in time' }
