import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { StickyTable } from '../../src/sticky-table/sticky-table.js'
import { VirtualClock } from '../../src/testing/index.js'
import { HaproxyRate } from './haproxy-rate.js'

const period = fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 100, max: 1500 }))
/** Some milliseconds of waiting, then so many events: 0 is a moment without any. */
const step = fc.record({
  wait: fc.oneof(fc.nat(5), fc.nat(200), fc.nat(4000)),
  amount: fc.oneof(fc.nat(3), fc.nat(10_000)),
})
/** Where time begins, odd and even. */
const start = fc.integer({ min: 100_000, max: 100_001 })

describe("a table's rates", () => {
  test('are those of the reference: a burst that fades as HAProxy 2.6 showed it', () => {
    const rate = new HaproxyRate(2000)
    rate.add(10, 5000)
    assert.deepEqual(
      [150, 850, 1550, 2250, 2950, 3650, 4350].map((after) => rate.read(5000 + after)),
      [10, 10, 10, 8, 5, 1, 0],
    )
  })

  test("equal HAProxy's formula at every millisecond, for any series of events", () => {
    fc.assert(
      fc.property(period, start, fc.array(step, { minLength: 1, maxLength: 12 }), (ms, begin, steps) => {
        const clock = new VirtualClock()
        const table = new StickyTable({ type: 'string', size: 1, clock, store: { gpc0: true, gpc0Rate: ms } })
        const reference = new HaproxyRate(ms)
        clock.advance(begin - clock.now())
        let total = 0
        const agree = (): void => {
          const now = clock.now()
          const [shown, expected] = [table.read('a', 'gpc0Rate'), reference.read(now)]
          if (shown !== expected) assert.fail(`${shown} instead of ${expected} at ${now - begin}, period ${ms}`)
        }
        for (const { wait, amount } of [...steps, { wait: 2 * ms + 2, amount: 0 }]) {
          for (let i = 0; i < wait; i++) {
            clock.advance(1)
            agree()
          }
          if (amount === 0) continue
          assert.ok(table.count('a', 'gpc0', amount))
          reference.add(amount, clock.now())
          total += amount
          agree()
        }
        assert.equal(table.read('a', 'gpc0'), total)
        assert.equal(table.read('a', 'gpc0Rate'), 0)
      }),
      { seed: 23, numRuns: 300 },
    )
  })

  test('of one entry do not mix, whatever their periods', () => {
    const clock = new VirtualClock()
    const periods = [100, 333, 1000]
    const store = { gpc: 3, httpRequestRate: periods[0]!, httpErrorRate: periods[1]!, bytesInRate: periods[2]! }
    const table = new StickyTable({ type: 'string', size: 1, clock, store })
    const references = periods.map((ms) => new HaproxyRate(ms))
    clock.advance(100_000 - clock.now())
    for (let i = 0; i < 3000; i++) {
      clock.advance(1)
      const now = clock.now()
      for (const [index, event] of (['httpRequest', 'httpError', 'bytesIn'] as const).entries()) {
        if (i % (7 + index * 40) !== 0) continue
        table.count('a', event, index + 1)
        references[index]!.add(index + 1, now)
      }
      const { httpRequestRate, httpErrorRate, bytesInRate, gpc0, gpc2 } = table.get('a')!.values
      assert.deepEqual(
        [httpRequestRate, httpErrorRate, bytesInRate, gpc0, gpc2],
        [...references.map((rate) => rate.read(now)), 0, 0],
      )
    }
  })
})
