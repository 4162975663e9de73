import { readArguments } from './call-arguments.js'
import { type Condition, describe, described, evaluate, readCondition } from './condition.js'

/**
 * Makes a condition that is true when one of the given ones is, asked in their order up to the first that is true.
 * HAProxy: `or`.
 *
 * @example
 * ```ts
 * any(path.startsWith('/static'), path.endsWith('.jpg', '.css'))
 * ```
 */
export function any(...conditions: Condition[]): Condition {
  const list = readArguments('any', conditions, readCondition)
  return described(`any of (${listed(list)})`, (exchange) => {
    for (let i = 0; i < list.length; i++) {
      if (evaluate(list[i]!, exchange)) return true
    }
    return false
  })
}

/**
 * Makes a condition that is true when all of the given ones are, asked in their order up to the first that is false.
 * HAProxy: conditions one after the other.
 *
 * @example
 * ```ts
 * all(method.is('POST'), path.is('/login'), (exchange) => !exchange.secure)
 * ```
 */
export function all(...conditions: Condition[]): Condition {
  const list = readArguments('all', conditions, readCondition)
  return described(`all of (${listed(list)})`, (exchange) => {
    for (let i = 0; i < list.length; i++) {
      if (!evaluate(list[i]!, exchange)) return false
    }
    return true
  })
}

/**
 * Makes a condition that is true when the given one is false, and so also when the exchange lacks what that one looks
 * at. HAProxy: `!`.
 *
 * @example
 * ```ts
 * not(source.in('10.0.0.0/8'))
 * ```
 */
export function not(condition: Condition): Condition {
  const checked = readCondition(condition, 'not(arguments[0])')
  return described(`not (${listed([checked])})`, (exchange) => !evaluate(checked, exchange))
}

function listed(conditions: readonly Condition[]): string {
  return conditions.map((condition) => describe(condition, nameOf(condition))).join(', ')
}

function nameOf(condition: Condition): string {
  return condition.name === '' ? 'a function' : condition.name
}
