import type { Server } from '../core/server.js'
import { type Condition, evaluate, readCondition } from '../rules/condition.js'
import { isOfResponse, readSample, type Sample, type SampleFunction } from '../rules/sample.js'
import { StickyTable } from '../sticky-table/sticky-table.js'
import type { Clock } from '../util/clock.js'
import { OptionError } from '../util/errors.js'
import { OptionReader } from '../util/options.js'
import type { Bond } from './bond.js'
import type { Reach } from './reach.js'

/**
 * Keeps whatever has the same key on the same server, by a table. With none of `match`, `storeRequest` and
 * `storeResponse` a rule matches, and stores from requests. HAProxy: `stick on`.
 */
export interface StickRule {
  /**
   * The key: a sample such as `source` or `cookie('SID')`, or a function of the exchange; with `storeResponse` also one
   * of the response, such as `response.cookie('SID')`. A rule whose exchange has no such key does nothing.
   */
  readonly on: Sample
  /**
   * Keeps keys with the names of their servers. Rules and backends may share one: a name that a backend does not have
   * binds nothing there. HAProxy: `table`.
   */
  readonly table: StickyTable
  /** Sends a request whose key is known to the key's server. HAProxy: `stick match`. */
  readonly match?: boolean
  /**
   * Stores the server for the request's key as soon as it has answered. Of the rules with one table, the first that has
   * a key does. HAProxy: `stick store-request`.
   */
  readonly storeRequest?: boolean
  /** The same for a key that the response has. Alone in its rule. HAProxy: `stick store-response`. */
  readonly storeResponse?: boolean
  /** When the rule holds. Default: always. HAProxy: `if`. */
  readonly when?: Condition
}

/** A rule, read. */
export interface StickRuleSettings {
  readonly sample: SampleFunction
  readonly table: StickyTable
  readonly side: 'request' | 'response'
  readonly matches: boolean
  readonly stores: boolean
  readonly when: Condition | undefined
}

/** The stick rules of a backend. HAProxy: `stick`. */
export class StickRules {
  readonly #ofRequest: readonly StickRuleSettings[]
  readonly #ofResponse: readonly StickRuleSettings[]

  constructor(rules: readonly StickRuleSettings[]) {
    this.#ofRequest = rules.filter(({ side }) => side === 'request')
    this.#ofResponse = rules.filter(({ side }) => side === 'response')
  }

  /** Whether any rule looks at responses. */
  get needsResponse(): boolean {
    return this.#ofResponse.length > 0
  }

  /** Binds the exchange to the server of the first key that is known, and notes what to store. */
  find(bond: Bond, reach: Reach): void {
    for (let i = 0; i < this.#ofRequest.length; i++) {
      const rule = this.#ofRequest[i]!
      if (rule.stores && bond.storesInto(rule.table, 0)) continue
      const key = keyOf(rule, bond)
      if (key === undefined) continue
      if (rule.matches) match(rule, key, bond, reach)
      if (rule.stores) bond.stores.push({ table: rule.table, key })
    }
  }

  /** Stores the server that has answered. Nothing is stored for a server that is exempt (`nonStick`). */
  store(bond: Bond, server: Server): void {
    const ofRequest = bond.stores.length
    for (let i = 0; i < this.#ofResponse.length; i++) {
      const rule = this.#ofResponse[i]!
      if (bond.storesInto(rule.table, ofRequest)) continue
      const key = keyOf(rule, bond)
      if (key !== undefined) bond.stores.push({ table: rule.table, key })
    }
    if (server.nonStick) return
    for (const { table, key } of bond.stores) table.store(key, server.name)
  }
}

/** The rule's key, where the rule holds and its table takes such a key. */
function keyOf({ when, sample, table }: StickRuleSettings, { view }: Bond): ReturnType<SampleFunction> {
  if (when !== undefined && !evaluate(when, view)) return undefined
  const key = sample(view)
  return table.takes(key) ? key : undefined
}

function match({ table }: StickRuleSettings, key: NonNullable<ReturnType<SampleFunction>>, bond: Bond, reach: Reach) {
  // Who only asks leaves the entry's time as it is.
  const name = bond.trace === undefined ? table.match(key) : table.peek(key)
  const server = name === undefined ? undefined : reach.named(name)
  if (server === undefined) {
    const reason = name === undefined ? 'the table has no server for the key' : 'the backend has no such server'
    return bond.note('stick', key, name, 'unknown', reason)
  }
  if (bond.server !== undefined) {
    return bond.note('stick', key, name, 'ignored', 'the server is settled already')
  }
  if (!reach.reaches(bond, server)) {
    return bond.note('stick', key, name, 'down', 'its server takes no traffic')
  }
  bond.server = server
  bond.note('stick', key, name, 'matched', 'the table has the server for the key')
}

/** Reads the `stick` option of a backend; all tables must go by its clock. */
export function readStickRules(value: unknown, path: string, clock: Clock | undefined): StickRuleSettings[] {
  if (!Array.isArray(value)) throw new OptionError(path, value, 'a list of stick rules')
  return value.map((rule: unknown, index) => readRule(rule, `${path}[${index}]`, clock))
}

function readRule(value: unknown, path: string, clock: Clock | undefined): StickRuleSettings {
  const reader = new OptionReader(value, path)
  const on = reader.raw('on')
  const sample = readSample(on, reader.pathOf('on'))
  const match = reader.boolean('match')
  const storeRequest = reader.boolean('storeRequest')
  const storeResponse = reader.boolean('storeResponse') ?? false
  const isBoth = match === undefined && storeRequest === undefined && !storeResponse
  const settings = {
    sample,
    table: readTable(reader.raw('table'), reader.pathOf('table'), clock),
    side: storeResponse ? 'response' : 'request',
    matches: match ?? isBoth,
    stores: (storeRequest ?? isBoth) || storeResponse,
    when: reader.read('when', readCondition),
  } as const
  reader.end()
  if (storeResponse && (match || storeRequest)) {
    throw new OptionError(`${path}.storeResponse`, true, 'a rule of its own: responses have other keys than requests')
  }
  if (!settings.matches && !settings.stores) {
    throw new OptionError(path, value, 'a rule that does something: match, storeRequest or storeResponse')
  }
  if (!storeResponse && isOfResponse(sample)) {
    throw new OptionError(`${path}.on`, on, 'a sample of the request; those of the response go with storeResponse')
  }
  return settings
}

function readTable(value: unknown, path: string, clock: Clock | undefined): StickyTable {
  if (!(value instanceof StickyTable)) throw new OptionError(path, value, 'a StickyTable')
  if (clock === undefined || value.clock === clock) return value
  throw new OptionError(`${path}.clock`, value.clock, 'the clock of the backend: one graph has one clock')
}
