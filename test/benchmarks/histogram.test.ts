import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Histogram } from '../../benchmarks/load/histogram.js'

test('a percentile is never below the true one and at most one part in 128 above it', () => {
  const durations = fc.array(fc.oneof(fc.nat({ max: 2000 }), fc.nat({ max: 0x7fffffff })), { minLength: 1 })
  fc.assert(
    fc.property(durations, fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1), (values, ratio) => {
      const histogram = new Histogram()
      for (const value of values) histogram.add(value)
      const sorted = [...values].sort((a, b) => a - b)
      const exact = sorted[Math.ceil(values.length * ratio) - 1] ?? 0
      const found = histogram.percentile(ratio)
      assert.ok(found >= exact && found <= exact * (1 + 1 / 128), `${found} for ${exact}`)
    }),
  )
})

test('a histogram without durations has no percentile above zero', () => {
  assert.equal(new Histogram().percentile(0.99), 0)
})
