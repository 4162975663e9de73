import { OptionError } from '../util/errors.js'
import { readArguments } from './call-arguments.js'
import { type Condition, described } from './condition.js'
import type { SampleFunction } from './sample.js'
import { alternatives } from './wording.js'

/** A part of an exchange that is a number, and the conditions that can be put on it. What is missing matches nothing. */
export interface NumberSample {
  /** The number is one of these. HAProxy: `eq`. */
  is(...values: number[]): Condition
  /** HAProxy: `gt`. */
  above(value: number): Condition
  /** HAProxy: `ge`. */
  atLeast(value: number): Condition
  /** HAProxy: `lt`. */
  below(value: number): Condition
  /** HAProxy: `le`. */
  atMost(value: number): Condition
  /** The number itself, as hashes and stick tables take it. `undefined`: there is none. */
  readonly value: (exchange: Parameters<SampleFunction>[0]) => number | undefined
}

type Comparison = (number: number, value: number) => boolean

/** Makes the sample of what `value` reads; in descriptions it is called `name`, in errors `call`. @internal */
export function numberSample(name: string, call: string, value: NumberSample['value']): NumberSample {
  const compare = (relation: string, words: string, test: Comparison) => (limit: number) => {
    const checked = readNumber(limit, `${call}.${relation}(arguments[0])`)
    return described(`${name} ${words} ${checked}`, (exchange) => {
      const number = value(exchange)
      return number !== undefined && test(number, checked)
    })
  }
  return {
    is(...values) {
      const set = new Set(readArguments(`${call}.is`, values, readNumber))
      return described(`${name} is ${alternatives([...set].map(String))}`, (exchange) => {
        const number = value(exchange)
        return number !== undefined && set.has(number)
      })
    },
    above: compare('above', 'above', (number, limit) => number > limit),
    atLeast: compare('atLeast', 'at least', (number, limit) => number >= limit),
    below: compare('below', 'below', (number, limit) => number < limit),
    atMost: compare('atMost', 'at most', (number, limit) => number <= limit),
    value,
  }
}

/** Reads a number. @internal */
export function readNumber(value: unknown, path: string): number {
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  throw new OptionError(path, value, 'a number')
}
