import type { FailureKind, Phase } from './failure.js'

/** What a failure means to the client, the log and the counters. */
export interface Outcome {
  /** The status that the client gets when the response has not begun. */
  readonly status: number
  /** HAProxy's first letter of the termination state: whose doing it was. Lower case: a timeout. */
  readonly cause: 'C' | 'c' | 'S' | 's' | 'P' | 'K' | 'D' | 'U' | 'I'
  /** The phase to log when it is not the one that the exchange was in. */
  readonly phase?: Phase
  /** Which counter moves, beside the response's class. */
  readonly counts: 'request' | 'connection' | 'response' | 'client-abort' | 'server-abort' | 'internal' | 'nothing'
}

/** One row for each kind of failure: HAProxy's statuses and letters (its manual, 8.5). */
export const outcomes: Readonly<Record<FailureKind, Outcome>> = {
  'client-aborted': { status: 400, cause: 'C', counts: 'client-abort' },
  'client-timeout': { status: 408, cause: 'c', counts: 'client-abort' },
  'request-timeout': { status: 408, cause: 'c', phase: 'request', counts: 'request' },
  'bad-request': { status: 400, cause: 'P', phase: 'request', counts: 'request' },
  'target-too-long': { status: 414, cause: 'P', phase: 'request', counts: 'request' },
  'head-too-large': { status: 431, cause: 'P', phase: 'request', counts: 'request' },
  // The request is well-formed, but a carrier on its way can't carry it.
  unsupported: { status: 501, cause: 'P', phase: 'request', counts: 'request' },
  'no-route': { status: 503, cause: 'S', phase: 'connect', counts: 'nothing' },
  'no-server': { status: 503, cause: 'S', phase: 'connect', counts: 'connection' },
  'queue-full': { status: 503, cause: 'S', phase: 'queue', counts: 'connection' },
  'queue-timeout': { status: 503, cause: 's', phase: 'queue', counts: 'connection' },
  'connect-refused': { status: 503, cause: 'S', phase: 'connect', counts: 'connection' },
  'connect-timeout': { status: 503, cause: 's', phase: 'connect', counts: 'connection' },
  'server-closed': { status: 502, cause: 'S', counts: 'response' },
  'server-timeout': { status: 504, cause: 's', counts: 'response' },
  'bad-response': { status: 502, cause: 'P', counts: 'response' },
  'server-lost': { status: 502, cause: 'S', counts: 'server-abort' },
  shutdown: { status: 503, cause: 'K', counts: 'nothing' },
  'server-down': { status: 502, cause: 'D', counts: 'nothing' },
  'active-server-up': { status: 502, cause: 'U', counts: 'nothing' },
  'callback-failed': { status: 500, cause: 'I', counts: 'internal' },
  internal: { status: 500, cause: 'I', counts: 'internal' },
}

const phaseLetters: Readonly<Record<Phase, string>> = {
  request: 'R',
  queue: 'Q',
  connect: 'C',
  response: 'H',
  data: 'D',
}

/** The first two letters of the termination state as HAProxy logs it: cause and phase. Two for cookies follow. */
export function terminationState(failure: FailureKind | undefined, phase: Phase): string {
  if (failure === undefined) return '--'
  const outcome = outcomes[failure]
  return `${outcome.cause}${phaseLetters[outcome.phase ?? phase]}`
}
