import { ExchangeAccount } from './exchange-account.js'
import type { FailureKind } from './failure.js'
import type { Frontend } from './frontend.js'
import { outcomes } from './outcome.js'
import type { Session } from './session.js'

/** Counts and logs a request that never became one: malformed, or not complete in time. HAProxy logs it as `<BADREQ>`. */
export function recordUnbornRequest(frontend: Frontend, session: Session, failure: FailureKind): void {
  const now = frontend.clock.now()
  const account = new ExchangeAccount(now, -1)
  account.status = outcomes[failure].status
  account.tracked = frontend.tracking?.requestRefused(session)
  account.close(failure, 'request', frontend, now)
  frontend.observer?.exchangeEnded({
    record: () => account.record(frontend, frontend.view(undefined, session), undefined),
  })
}
