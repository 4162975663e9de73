import { inspect } from 'node:util'
import { type Condition, evaluate } from '../rules/condition.js'
import { readSample, type Sample, type SampleFunction } from '../rules/sample.js'
import { StickyTable } from '../sticky-table/sticky-table.js'
import type { TrackedEntry } from '../sticky-table/tracked-entry.js'
import type { Clock } from '../util/clock.js'
import { EvenkeelError, OptionError } from '../util/errors.js'
import { OptionReader } from '../util/options.js'
import type { ExchangeView } from './exchange-view.js'
import { TrackedExchange } from './tracked-exchange.js'

/** Counts what connections or requests do, in the entry of a stick table whose key they give. HAProxy: `track-sc0`. */
export interface TrackRule {
  /** What gives the key. What gives none is not tracked. */
  readonly on: Sample
  readonly table: StickyTable
  /**
   * What is tracked. Default `request`: each request on its own, of TCP the whole connection. `connection`: from its
   * beginning to its end, and every request on it; only `source` can be read then. HAProxy: `http-request` or
   * `tcp-request content`, and `tcp-request connection`.
   */
  readonly at?: 'connection' | 'request'
  /** Tracks when this is true. Default: always. HAProxy: `if`. */
  readonly when?: Condition
  /** Tracks when this is false. HAProxy: `unless`. */
  readonly unless?: Condition
}

/** A rule, read. */
interface Tracker {
  readonly keyOf: SampleFunction
  readonly table: StickyTable
  readonly at: 'connection' | 'request'
  readonly when: Condition | undefined
  readonly unless: Condition | undefined
  /** For faults. */
  readonly path: string
}

/** What is tracked of one connection. */
export interface TrackedSession {
  readonly tracked: readonly TrackedEntry[]
}

/** The `track` rules of one frontend. */
export class Tracking {
  readonly #all: readonly Tracker[]
  readonly #ofConnections: readonly Tracker[]
  readonly #ofRequests: readonly Tracker[]

  /** Throws an {@link OptionError} for a bad rule. */
  constructor(value: unknown, path: string) {
    if (!Array.isArray(value)) throw new OptionError(path, value, 'a list of rules')
    this.#all = value.map((rule: unknown, index) => readRule(rule, `${path}[${index}]`))
    this.#ofConnections = this.#all.filter(({ at }) => at === 'connection')
    this.#ofRequests = this.#all.filter(({ at }) => at === 'request')
  }

  /** Refuses tables with another clock than the frontend's: two would tell of the same moment in two ways. */
  checkClock(clock: Clock): void {
    for (const { table, path } of this.#all) {
      if (table.clock === clock) continue
      throw new OptionError(`${path}.table`, table, 'a table with the clock of the frontend: one graph has one clock')
    }
  }

  /** A connection was let in: gives the entries that follow it. */
  connectionOpened(view: ExchangeView): readonly TrackedEntry[] {
    const tracked = track(this.#ofConnections, view)
    for (const entry of tracked) entry.count('session')
    return tracked
  }

  /** A request began, or the exchange of a TCP connection: `headLength` is -1 for that. */
  exchangeBegan(view: ExchangeView, headLength: number, session: TrackedSession): TrackedExchange {
    const own = track(this.#ofRequests, view)
    return new TrackedExchange(session.tracked, own, headLength)
  }

  /** A request was refused before any rule could look at it. */
  requestRefused(session: TrackedSession): TrackedExchange {
    return new TrackedExchange(session.tracked, [], 0)
  }
}

/** Reads the `track` option. */
export function readTracking(value: unknown, path: string): Tracking {
  return new Tracking(value, path)
}

function readRule(value: unknown, path: string): Tracker {
  const reader = new OptionReader(value, path)
  const rule: Tracker = {
    keyOf: readSample(reader.raw('on'), reader.pathOf('on')),
    table: readTable(reader.raw('table'), reader.pathOf('table')),
    at: reader.oneOf('at', ['connection', 'request']) ?? 'request',
    when: reader.read('when', readCondition),
    unless: reader.read('unless', readCondition),
    path,
  }
  reader.end()
  return rule
}

function readTable(value: unknown, path: string): StickyTable {
  if (value instanceof StickyTable) return value
  throw new OptionError(path, value, 'a StickyTable')
}

function readCondition(value: unknown, path: string): Condition {
  if (typeof value === 'function') return value as Condition
  throw new OptionError(path, value, "a condition, such as path.startsWith('/login'), or a function of the exchange")
}

function track(trackers: readonly Tracker[], view: ExchangeView): readonly TrackedEntry[] {
  if (trackers.length === 0) return none
  const tracked: TrackedEntry[] = []
  for (const tracker of trackers) {
    try {
      const entry = applies(tracker, view) ? tracker.table.track(tracker.keyOf(view)) : undefined
      if (entry !== undefined) tracked.push(entry)
    } catch (thrown) {
      for (const entry of tracked) entry.release()
      const reason = thrown instanceof Error ? thrown.message : inspect(thrown)
      throw new EvenkeelError('ERR_EVENKEEL_CALLBACK', `${tracker.path} failed: ${reason}`, { cause: thrown })
    }
  }
  return tracked
}

const none: readonly TrackedEntry[] = []

function applies({ when, unless }: Tracker, view: ExchangeView): boolean {
  return (when === undefined || evaluate(when, view)) && !(unless !== undefined && evaluate(unless, view))
}
