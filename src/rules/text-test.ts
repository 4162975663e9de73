import { prefixIndex, suffixIndex } from './affix-index.js'

/** A question about a text. */
export type TextTest = (text: string) => boolean

/** Above so many values an index is quicker than trying one after the other. */
const manyValues = 16

/** Is the text any of the values? */
export function equalsAny(values: readonly string[]): TextTest {
  if (values.length === 1) return (text) => text === values[0]
  const set = new Set(values)
  return (text) => set.has(text)
}

/** Does the text begin with any of the values? */
export function startsWithAny(values: readonly string[]): TextTest {
  return values.length > manyValues ? prefixIndex(values) : tryEach(values, (text, value) => text.startsWith(value))
}

/** Does the text end with any of the values? */
export function endsWithAny(values: readonly string[]): TextTest {
  return values.length > manyValues ? suffixIndex(values) : tryEach(values, (text, value) => text.endsWith(value))
}

/** Does the text have any of the values in it? */
export function containsAny(values: readonly string[]): TextTest {
  return tryEach(values, (text, value) => text.includes(value))
}

/** Does any of the expressions find something in the text? */
export function matchesAny(expressions: readonly RegExp[]): TextTest {
  return tryEach(expressions, (text, expression) => expression.test(text))
}

function tryEach<T>(values: readonly T[], fits: (text: string, value: T) => boolean): TextTest {
  return (text) => {
    for (let i = 0; i < values.length; i++) {
      if (fits(text, values[i]!)) return true
    }
    return false
  }
}
