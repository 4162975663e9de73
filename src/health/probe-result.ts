import type { CheckStatus, ProbeResult } from '../core/check-result.js'

/** Every status, so that what an application's probe gives back can be looked up. */
const statuses: Readonly<Record<CheckStatus, true>> = {
  SOCKERR: true,
  L4OK: true,
  L4TOUT: true,
  L6OK: true,
  L6TOUT: true,
  L6RSP: true,
  L4CON: true,
  L7OK: true,
  L7TOUT: true,
  L7RSP: true,
  L7STS: true,
}

/** Copies what a probe gave back, or throws when it is no {@link ProbeResult}. */
export function readProbeResult(value: unknown): ProbeResult {
  const { passed, status, code, reason } = Object(value) as { readonly [Name in keyof ProbeResult]: unknown }
  const hasCode = code === undefined || typeof code === 'number'
  if (typeof passed === 'boolean' && isStatus(status) && hasCode && typeof reason === 'string') {
    return { passed, status, code, reason }
  }
  throw new TypeError('it gave no ProbeResult: an object with passed, status and reason')
}

function isStatus(value: unknown): value is CheckStatus {
  return typeof value === 'string' && Object.hasOwn(statuses, value)
}
