import type { FrontendCounters, ServingCounters } from './counters.js'
import type { FailureKind, Phase } from './failure.js'
import { outcomes } from './outcome.js'

/** Moves the counters that a failure concerns. */
export function countFailure(
  failure: FailureKind,
  phase: Phase,
  frontend: FrontendCounters,
  backend: ServingCounters | undefined,
  server: ServingCounters | undefined,
): void {
  switch (outcomes[failure].counts) {
    case 'request':
      frontend.requestErrors++
      return
    case 'internal':
      frontend.internalErrors++
      return
    case 'client-abort':
      if (phase === 'request') frontend.requestErrors++
      for (const counters of [backend, server]) if (counters !== undefined) counters.clientAborts++
      return
    case 'connection':
      for (const counters of [backend, server]) if (counters !== undefined) counters.connectionErrors++
      return
    case 'server-abort':
      for (const counters of [backend, server]) {
        if (counters === undefined) continue
        counters.serverAborts++
        // HAProxy's eresp includes its srv_abrt.
        counters.responseErrors++
      }
      return
    case 'response':
      for (const counters of [backend, server]) if (counters !== undefined) counters.responseErrors++
      return
    case 'nothing':
      return
  }
}
