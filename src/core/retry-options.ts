import { type Condition, readCondition } from '../rules/condition.js'
import { OptionError } from '../util/errors.js'
import type { OptionReader, Size } from '../util/options.js'
import { type RetryBudgetOptions, type RetryBudgetSettings, readRetryBudget } from './retry-budget.js'

/** A misfortune of a try, in HAProxy's words. */
export type RetryEvent =
  /** No connection was made, or a kept one turned out dead before anything of a response came. */
  | 'conn-failure'
  /** The server closed before its response had begun. */
  | 'empty-response'
  /** What the server sent is no response. */
  | 'junk-response'
  /** The response had not begun when `timeout.server` was over. */
  | 'response-timeout'

/** Statuses that can be tried again for: those of HAProxy, of which 421 and 429 came with its version 3. */
export type RetryStatus = 401 | 403 | 404 | 408 | 421 | 425 | 429 | 500 | 501 | 502 | 503 | 504

/**
 * What to try again for: an event, a status; `all-retryable-errors`: every event, and the statuses 500, 502, 503 and
 * 504; `none`: nothing.
 */
export type RetryOn = RetryEvent | RetryStatus | 'all-retryable-errors' | 'none'

/** When and how often a failed try is repeated, and where. Part of a backend's options. */
export interface RetryOptions {
  /** Tries after the first, 0 to 100. Default 3. HAProxy: `retries`. */
  readonly retries?: number
  /**
   * Whether a retry may go to another server: at once when nothing binds the exchange to its server, else on the last
   * retry; a number says on every which retry (below 0: counted from the last). Default true. HAProxy: `option redispatch`.
   */
  readonly redispatch?: boolean | number
  /**
   * What to try again for: a word, a status, or a list of them, in the place of the default. All but `conn-failure` come
   * after the request was sent: then it is repeated only if `retryMethods` and `retryUnless` allow it, and its body fits
   * into `replayBuffer`. In TCP mode nothing but `conn-failure` can happen. Default `conn-failure`. HAProxy: `retry-on`.
   */
  readonly retryOn?: RetryOn | readonly RetryOn[]
  /**
   * Which requests may be sent twice: those whose method is `idempotent` (GET, HEAD, OPTIONS, TRACE, PUT, DELETE), of
   * `any` method, or of the methods in a list. Default `idempotent`; HAProxy repeats any method.
   */
  readonly retryMethods?: 'idempotent' | 'any' | readonly string[]
  /** A request for which this is true is never sent twice. Default: none. HAProxy: `http-request disable-l7-retry if`. */
  readonly retryUnless?: Condition
  /**
   * How much of a request's body is kept so that it can be sent again; one whose body is larger is not. Default 16k.
   * HAProxy: `tune.bufsize`, for the whole request.
   */
  readonly replayBuffer?: Size
  /** Limits retries to a share of the traffic. Default: no limit, as in HAProxy. */
  readonly retryBudget?: RetryBudgetOptions
}

/** A backend's retry options, read and complete. */
export interface RetryPolicy {
  readonly retries: number
  /** Every which retry goes to another server; below 0, counted from the last; 0: never. */
  readonly redispatch: number
  readonly events: ReadonlySet<RetryEvent>
  /** Undefined: none, so that a response costs nothing to look at. */
  readonly statuses: ReadonlySet<number> | undefined
  /** Of requests that may be sent twice. Undefined: any. */
  readonly methods: ReadonlySet<string> | undefined
  readonly unless: Condition | undefined
  /** In bytes. */
  readonly replayBuffer: number
  readonly budget: RetryBudgetSettings | undefined
}

const events: readonly RetryEvent[] = ['conn-failure', 'empty-response', 'junk-response', 'response-timeout']
const statuses: readonly RetryStatus[] = [401, 403, 404, 408, 421, 425, 429, 500, 501, 502, 503, 504]

/** What `all-retryable-errors` stands for. */
const allErrors: readonly (RetryEvent | RetryStatus)[] = [...events, 500, 502, 503, 504]

/** Methods that may be repeated without asking (RFC 9110 9.2.2). */
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

/** Reads the options about retries. */
export function readRetryPolicy(reader: OptionReader): RetryPolicy {
  return {
    retries: reader.integer('retries', 0, 100) ?? 3,
    redispatch: reader.read('redispatch', readRedispatch) ?? -1,
    ...(reader.read('retryOn', readRetryOn) ?? causes(['conn-failure'])),
    methods:
      reader.raw('retryMethods') === 'any' ? undefined : (reader.read('retryMethods', readMethods) ?? idempotent),
    unless: reader.read('retryUnless', readCondition),
    replayBuffer: reader.size('replayBuffer') ?? 16 * 1024,
    budget: reader.read('retryBudget', readRetryBudget),
  }
}

function readRedispatch(value: unknown, path: string): number {
  if (typeof value === 'boolean') return value ? -1 : 0
  if (Number.isInteger(value) && Math.abs(value as number) <= 100) return value as number
  throw new OptionError(path, value, 'true, false, or a whole number from -100 to 100')
}

type Causes = Pick<RetryPolicy, 'events' | 'statuses'>

function readRetryOn(value: unknown, path: string): Causes {
  if (!Array.isArray(value)) return causes(value === 'none' ? [] : readCause(value, path))
  if (value.length === 1 && value[0] === 'none') return causes([])
  if (value.length === 0) throw new OptionError(path, value, "a word, a status, or a list of them; 'none' for nothing")
  return causes(value.flatMap((one: unknown, index) => readCause(one, `${path}[${index}]`)))
}

function readCause(value: unknown, path: string): readonly (RetryEvent | RetryStatus)[] {
  if (value === 'all-retryable-errors') return allErrors
  const known = [...events, ...statuses].find((cause) => cause === value)
  if (known !== undefined) return [known]
  if (value === 'none') throw new OptionError(path, value, 'words and statuses: none stands alone')
  if (value === '0rtt-rejected')
    throw new OptionError(path, value, 'what can happen: no early data is ever sent to servers')
  const words = events.map((event) => `'${event}'`).join(', ')
  throw new OptionError(path, value, `${words}, 'all-retryable-errors', 'none', or one of ${statuses.join(', ')}`)
}

function causes(list: readonly (RetryEvent | RetryStatus)[]): Causes {
  const numbers = list.filter((cause) => typeof cause === 'number')
  return {
    events: new Set(list.filter((cause) => typeof cause === 'string')),
    statuses: numbers.length === 0 ? undefined : new Set(numbers),
  }
}

function readMethods(value: unknown, path: string): ReadonlySet<string> {
  if (value === 'idempotent') return idempotent
  const isMethod = (one: unknown): one is string => typeof one === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(one)
  if (Array.isArray(value) && value.every(isMethod)) return new Set(value)
  throw new OptionError(path, value, "'idempotent', 'any', or a list of methods")
}
