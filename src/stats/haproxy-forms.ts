import type { CheckStatus } from '../core/check-result.js'
import type { Value } from './metric.js'

/** Milliseconds as HAProxy's whole seconds, with -1 for never. */
export function wholeSeconds(ms: Value): number {
  return typeof ms === 'number' ? Math.floor(ms / 1000) : -1
}

/** A whole number or a text; nothing where there is no value. */
export function plain(value: Value): string | number {
  return typeof value === 'number' ? Math.round(value) : String(value ?? '')
}

const checkMeanings: Readonly<Record<CheckStatus | 'INI', string>> = {
  INI: 'Initializing',
  SOCKERR: 'Socket error',
  L4OK: 'Layer4 check passed',
  L4TOUT: 'Layer4 timeout',
  L4CON: 'Layer4 connection problem',
  L6OK: 'Layer6 check passed',
  L6TOUT: 'Layer6 timeout',
  L6RSP: 'Layer6 invalid response',
  L7OK: 'Layer7 check passed',
  L7TOUT: 'Layer7 timeout',
  L7RSP: 'Layer7 invalid response',
  L7STS: 'Layer7 wrong status',
}

/** HAProxy's words for how a check ended. */
export function checkMeaning(status: Value): string {
  return checkMeanings[status as CheckStatus | 'INI'] ?? ''
}
