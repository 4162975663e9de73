import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { endsWithAny, equalsAny, startsWithAny } from '../../src/rules/text-test.js'

/** Short texts of few letters, one of them beyond the basic plane: many are parts of each other. */
const text = fc
  .array(fc.constantFrom('a', 'b', '/', '.', '\u{1f600}'), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(''))

/** Few values are tried one by one, many are indexed. */
const values = fc.oneof(
  fc.array(text, { minLength: 1, maxLength: 16 }),
  fc.array(text, { minLength: 17, maxLength: 60 }),
)

describe('any number of values', () => {
  const cases = [
    ['equalsAny', equalsAny, (text: string, value: string) => text === value],
    ['startsWithAny', startsWithAny, (text: string, value: string) => text.startsWith(value)],
    ['endsWithAny', endsWithAny, (text: string, value: string) => text.endsWith(value)],
  ] as const
  for (const [name, make, fits] of cases) {
    test(`${name} answers as trying one after the other does`, () => {
      const seen = { true: 0, false: 0 }
      fc.assert(
        fc.property(values, fc.array(fc.oneof(text, fc.constant('')), { minLength: 1 }), (values, texts) => {
          const fitsAny = make(values)
          for (const text of texts) {
            const expected = values.some((value) => fits(text, value))
            seen[`${expected}`]++
            assert.equal(fitsAny(text), expected, JSON.stringify({ text, values }))
          }
        }),
        { seed: 31, numRuns: 500 },
      )
      assert.ok(seen.true > 100 && seen.false > 100, JSON.stringify(seen))
    })
  }
})
