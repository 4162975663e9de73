import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../src/index.js'
import { exponential, uniform } from '../../src/testing/distributions.js'
import { Histogram } from '../../src/testing/simulation/histogram.js'

test('percentiles are within one percent of those of the sorted times, count, mean and maximum exact', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0.001, max: 1e8, noNaN: true }), { minLength: 1 }), (times) => {
      const histogram = new Histogram()
      for (const time of times) histogram.add(time)
      const { count, mean, max, p50, p90, p99 } = histogram.summary()
      const sorted = times.toSorted((one, other) => one - other)
      assert.equal(count, times.length)
      assert.equal(mean, times.reduce((sum, time) => sum + time, 0) / times.length)
      assert.equal(max, sorted.at(-1))
      for (const [share, found] of [
        [0.5, p50],
        [0.9, p90],
        [0.99, p99],
      ] as const) {
        const exact = sorted[Math.ceil(times.length * share) - 1]!
        assert.ok(Math.abs(found - exact) <= exact * 0.0101 + 0.001, `${found} for ${exact}`)
      }
    }),
  )
})

test('nothing has no times, and no time is none', () => {
  assert.deepEqual(new Histogram().summary(), { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 })
  const histogram = new Histogram()
  histogram.add(0)
  assert.deepEqual(histogram.summary(), { count: 1, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 })
})

test('distributions have the mean that they say', () => {
  const random = seededRandom(1)
  for (const [distribution, mean] of [
    [exponential(20), 20],
    [uniform(10, 50), 30],
  ] as const) {
    let sum = 0
    for (let i = 0; i < 100_000; i++) sum += distribution(random)
    assert.ok(Math.abs(sum / 100_000 - mean) < 0.02 * mean)
  }
})
