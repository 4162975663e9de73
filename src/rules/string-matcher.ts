import type { ExchangeView } from '../core/exchange-view.js'
import { readArguments, readExpression, readPart, readText } from './call-arguments.js'
import { type Condition, described } from './condition.js'
import { containsAny, endsWithAny, equalsAny, matchesAny, startsWithAny, type TextTest } from './text-test.js'
import { alternatives } from './wording.js'

/**
 * Makes conditions on a text. Every method takes one value or more, any of which will do, and throws an `OptionError`
 * that names the argument when one is of the wrong kind, or when there is none. What an exchange does not have matches
 * nothing.
 */
export interface StringMatcher {
  /** The whole text is one of the values. HAProxy: `-m str`. */
  is(...values: string[]): Condition
  /** The text begins with one of the values, of which none may be empty. HAProxy: `-m beg`. */
  startsWith(...values: string[]): Condition
  /** The text ends with one of the values, of which none may be empty. HAProxy: `-m end`. */
  endsWith(...values: string[]): Condition
  /** The text has one of the values in it, of which none may be empty. HAProxy: `-m sub`. */
  contains(...values: string[]): Condition
  /** One of the expressions finds something in the text. The flags `g` and `y` do not count. HAProxy: `-m reg`. */
  matches(...expressions: RegExp[]): Condition
}

/** A part of an exchange that is text, and the conditions that can be put on it. */
export interface StringSample extends StringMatcher {
  /** The exchange has this part. HAProxy: `-m found`. */
  exists(): Condition
  /** The part itself, as hashes and stick tables take it; of several, HAProxy's choice. `undefined`: there is none. */
  readonly value: (exchange: ExchangeView) => string | undefined
  /** The same conditions, for which upper and lower case are one. HAProxy: `-i`. */
  readonly ignoreCase: StringMatcher
}

/** What a sample looks at. */
export interface Subject {
  /** In descriptions: `path`, `header accept`. */
  readonly name: string
  /** In code, as errors show it: `path`, `header('accept')`. */
  readonly call: string
  /** Whether any value that the exchange has of it passes the test; false when there is none. */
  readonly some: (exchange: ExchangeView, test: TextTest) => boolean
  /** The value that stands for it where one is wanted. */
  readonly value: (exchange: ExchangeView) => string | undefined
}

/** A subject of which an exchange has one value at most; `read` gives the empty string when there is none. */
export function singleSubject(name: string, read: (exchange: ExchangeView) => string): Subject {
  return {
    name,
    call: name,
    some(exchange, test) {
      const text = read(exchange)
      return text !== '' && test(text)
    },
    value: (exchange) => read(exchange) || undefined,
  }
}

/** Makes the sample of a subject. */
export function stringSample(subject: Subject): StringSample {
  const { name, call } = subject
  return {
    ...makeMatcher({ subject, name, call, ignoresCase: false }),
    exists: () => described(`${name} exists`, (exchange) => subject.some(exchange, always)),
    value: subject.value,
    ignoreCase: makeMatcher({ subject, name: `${name} (in any case)`, call: `${call}.ignoreCase`, ignoresCase: true }),
  }
}

/** Makes the sample of a subject that has no case of its own, so that values may always be written in any. */
export function caselessSample(subject: Subject): StringSample {
  const { name, call } = subject
  const matcher = makeMatcher({ subject, name, call, ignoresCase: true })
  return { ...stringSample(subject), ...matcher, ignoreCase: matcher }
}

function always(): boolean {
  return true
}

interface MatcherSettings {
  readonly subject: Subject
  readonly name: string
  readonly call: string
  readonly ignoresCase: boolean
}

function makeMatcher({ subject, name, call, ignoresCase }: MatcherSettings): StringMatcher {
  const condition = (relation: string, shown: readonly string[], test: TextTest): Condition =>
    described(`${name} ${relation} ${alternatives(shown)}`, (exchange) => subject.some(exchange, test))

  const compare = (relation: string, values: readonly string[], makeTest: (values: readonly string[]) => TextTest) =>
    ignoresCase
      ? condition(relation, values, inLowerCase(makeTest(values.map((value) => value.toLowerCase()))))
      : condition(relation, values, makeTest(values))

  return {
    is: (...values) => compare('is', readArguments(`${call}.is`, values, readText), equalsAny),
    startsWith: (...values) =>
      compare('starts with', readArguments(`${call}.startsWith`, values, readPart), startsWithAny),
    endsWith: (...values) => compare('ends with', readArguments(`${call}.endsWith`, values, readPart), endsWithAny),
    contains: (...values) => compare('contains', readArguments(`${call}.contains`, values, readPart), containsAny),
    matches: (...values) => {
      const expressions = readArguments(`${call}.matches`, values, readExpression)
      const test = matchesAny(ignoresCase ? expressions.map(ignoringCase) : expressions)
      return condition('matches', expressions.map(String), test)
    },
  }
}

function inLowerCase(test: TextTest): TextTest {
  // V8 gives back the same string, without allocating, when it is in lower case already.
  return (text) => test(text.toLowerCase())
}

function ignoringCase(expression: RegExp): RegExp {
  return expression.ignoreCase ? expression : new RegExp(expression.source, `${expression.flags}i`)
}
