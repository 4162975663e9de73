import type { ExchangeView } from '../core/exchange-view.js'
import { EvenkeelError, OptionError } from '../util/errors.js'

/**
 * A predicate over an exchange: HAProxy's ACL. Any function of this shape is one; it must be pure, answer at once, and
 * give a boolean. Those made by `path`, `host`, `header` and their like also say in words what they ask.
 */
export interface Condition {
  (exchange: ExchangeView): boolean
  /** What it asks, for decision traces and faults: `path starts with /static`. */
  readonly description?: string
}

/**
 * Asks a condition. Whatever it throws passes through; when it gives anything but a boolean (a promise, say, which would
 * always count as true) an {@link EvenkeelError} `ERR_EVENKEEL_CALLBACK` is thrown. @internal
 */
export function evaluate(condition: Condition, exchange: ExchangeView): boolean {
  const result: unknown = condition(exchange)
  return typeof result === 'boolean' ? result : refuse(condition, result)
}

function refuse(condition: Condition, result: unknown): never {
  let got: string = result === null ? 'null' : typeof result
  if (typeof result === 'object' && result !== null && 'then' in result) {
    got = 'a promise'
    // Nobody will ever await it: without this, its rejection would end the process.
    Promise.resolve(result).catch(() => {})
  }
  const asked = describe(condition, 'a function')
  throw new EvenkeelError(
    'ERR_EVENKEEL_CALLBACK',
    `condition '${asked}' gave ${got}: it must give true or false at once`,
  )
}

/** What a condition asks, in words: its description, or `fallback` when it has none. @internal */
export function describe(condition: Condition, fallback: string): string {
  return condition.description ?? fallback
}

/** Gives a function the description that makes it tell in traces what it asks. @internal */
export function described(description: string, test: (exchange: ExchangeView) => boolean): Condition {
  return Object.assign(test, { description })
}

/** Reads an option or argument that is a condition. @internal */
export function readCondition(value: unknown, path: string): Condition {
  if (typeof value === 'function') return value as Condition
  throw new OptionError(path, value, "a condition, such as path.startsWith('/static'), or a function of the exchange")
}
