import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { cookieDate, isOutdated, readCookieDate } from '../../src/persistence/cookie-date.js'

describe('a date in a cookie', () => {
  test('has five digits for the next multiple of four seconds', () => {
    const dates: Readonly<Record<string, number>> = {
      AAAAA: 0,
      AAAAB: 4000,
      AAABA: 256_000,
      '/////': 4 * (2 ** 30 - 1) * 1000,
    }
    for (const [text, ms] of Object.entries(dates)) assert.equal(cookieDate(ms), text)
    assert.equal(cookieDate(4999), 'AAAAB')
    assert.equal(cookieDate(5000), 'AAAAC')
  })

  test('is read again as what was written, up to four seconds later', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4000, max: 4 * (2 ** 30 - 1) * 1000 }), (ms) => {
        const read = readCookieDate(`${cookieDate(ms)}more`)!
        assert.ok(read > ms - 1000 && read <= ms + 4000)
        assert.equal(cookieDate(read), cookieDate(ms))
      }),
      { seed: 1, numRuns: 1000 },
    )
  })

  test('is none where there are not five digits, or nothing but zeros', () => {
    for (const text of ['', 'AAAB', 'AAA B', 'AAA-B', 'AAAAé', 'AAAAA']) assert.equal(readCookieDate(text), undefined)
  })
})

test('a date is over after its time, to the second, and when it is more than a day ahead', () => {
  const date = 1_000_000_000
  const age = 60_000
  const times: readonly (readonly [number, boolean])[] = [
    [date + age, false],
    [date + age + 999, false],
    [date + age + 1000, true],
    [date - 86_400_000, false],
    [date - 86_400_001, true],
  ]
  for (const [now, isOver] of times) assert.equal(isOutdated(date, age, now), isOver, String(now - date))
})
