import type { Balancer } from '../balance/balancer.js'
import type { Bond } from '../persistence/bond.js'
import type { Clock } from '../util/clock.js'
import type { ServingCounters } from './counters.js'
import type { ExchangeView } from './exchange-view.js'
import { decideRetry, isRepeatable, type RetryCause, type RetryDecision } from './retry.js'
import { RetryBudget } from './retry-budget.js'
import type { RetryPolicy } from './retry-options.js'
import type { Server } from './server.js'

/** Whose retries they are: a backend. */
export interface RetryOwner {
  readonly name: string
  readonly clock: Clock
  readonly counters: ServingCounters
  readonly candidates: readonly Server[]
  readonly balancer: Balancer
  fault(thrown: unknown, where: string): void
}

/** A backend's retries: what its rules, its servers and its budget say to an exchange whose try failed. */
export class Retries {
  readonly #owner: RetryOwner
  readonly #policy: RetryPolicy
  readonly #budget: RetryBudget | undefined
  /** How long to wait before the same server is asked again. HAProxy's turn-around. */
  readonly pause: number
  /** Whether a kept connection that turns out dead is replaced, where the request may be sent again. */
  readonly coverDeadConnections: boolean

  constructor(owner: RetryOwner, policy: RetryPolicy, connectTimeout: number) {
    this.#owner = owner
    this.#policy = policy
    this.pause = Math.min(1000, connectTimeout)
    const { retries, events } = policy
    this.coverDeadConnections = retries > 0 && (events.has('conn-failure') || events.has('empty-response'))
    this.#budget = policy.budget && new RetryBudget(policy.budget)
  }

  /** Counts an exchange: the budget is a share of all. */
  exchangeBegan(now: number): void {
    this.#budget?.requestBegan(now)
  }

  /** Whether a response of this status is one to try again for. */
  isUnwanted(status: number): boolean {
    return this.#policy.statuses?.has(status) === true
  }

  /** Whether a request may be sent twice. */
  isRepeatable(exchange: ExchangeView): boolean {
    try {
      return isRepeatable(exchange, this.#policy)
    } catch (thrown) {
      this.#owner.fault(thrown, `retryUnless of backends.${this.#owner.name}`)
      return false
    }
  }

  /** Decides after a try with `server` failed, takes a retry out of the budget, and counts what is to follow. */
  decide(cause: RetryCause, server: Server, used: number, isReplayable: boolean, bond?: Bond): RetryDecision {
    const { candidates, balancer } = this.#owner
    const isForced = bond?.isForced === true
    const state = {
      used,
      isReplayable,
      isServerUp: server.isUp || isForced,
      hasOther: !isForced && (candidates.length > 1 || (candidates.length === 1 && candidates[0] !== server)),
      isFree: candidates.length > 1 && bond?.isPersistent !== true && balancer.isDeterministic !== true,
    }
    const decision = decideRetry(cause, state, this.#policy)
    if (decision === 'give-up') return 'give-up'
    const isDenied = this.#budget?.take(this.#owner.clock.now()) === false
    const counter = isDenied ? 'deniedRetries' : decision === 'other' ? 'redispatches' : 'retries'
    this.#owner.counters[counter]++
    server.counters[counter]++
    return isDenied ? 'give-up' : decision
  }
}
