import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { RetryBudget } from '../../src/core/retry-budget.js'

/** How many retries the budget gives at that moment. */
function drain(budget: RetryBudget, now: number): number {
  let taken = 0
  while (budget.take(now)) taken++
  return taken
}

function count(times: number, step: () => void): void {
  for (let i = 0; i < times; i++) step()
}

describe('a retry budget', () => {
  test('is its minimum for ten seconds where there is no traffic', () => {
    const budget = new RetryBudget({ ratio: 0.2, minimumPerSecond: 3 })
    assert.equal(drain(budget, 5000), 30)
    assert.equal(drain(budget, 14_999), 0)
    assert.equal(drain(budget, 15_000), 30)
  })

  test('grows by its ratio with each request, to the exact one', () => {
    for (const [ratio, requests, retries] of [
      [0.2, 4, 0],
      [0.2, 5, 1],
      [0.1, 10, 1],
      [0.1, 999, 99],
      [0.3, 10, 3],
      [1, 7, 7],
      [2.5, 2, 5],
      [0, 1000, 0],
    ] as const) {
      const budget = new RetryBudget({ ratio, minimumPerSecond: 0 })
      count(requests, () => budget.requestBegan(1))
      assert.equal(drain(budget, 1), retries, `${requests} requests at ${ratio}`)
    }
  })

  test('adds the minimum and the share, fractions of both included', () => {
    const budget = new RetryBudget({ ratio: 0.5, minimumPerSecond: 0.05 })
    budget.requestBegan(1)
    assert.equal(drain(budget, 1), 1)
  })

  test('forgets requests and retries when they are ten seconds old, second by second', () => {
    const budget = new RetryBudget({ ratio: 1, minimumPerSecond: 0 })
    count(3, () => budget.requestBegan(1500))
    count(2, () => budget.requestBegan(2500))
    assert.equal(drain(budget, 3000), 5)
    // The first second's requests are forgotten, its retries are not: they came later.
    assert.equal(drain(budget, 11_000), 0)
    count(4, () => budget.requestBegan(11_000))
    assert.equal(drain(budget, 11_000), 1)
    assert.equal(drain(budget, 12_999), 0)
    // Those five retries go, and so has everything but the four requests and the one retry.
    assert.equal(drain(budget, 13_000), 3)
  })

  test('is whole again after a long silence', () => {
    const budget = new RetryBudget({ ratio: 1, minimumPerSecond: 1 })
    count(100, () => budget.requestBegan(1000))
    assert.equal(drain(budget, 1000), 110)
    assert.equal(drain(budget, 86_400_000), 10)
  })
})

test('retries of any nine seconds stay within the minimum and the share of the ten seconds up to their last', () => {
  const event = fc.record({ wait: fc.integer({ min: 0, max: 2500 }), isRetry: fc.boolean() })
  const settings = fc.record({
    ratio: fc.constantFrom(0, 0.1, 0.25, 1),
    minimumPerSecond: fc.constantFrom(0, 0.1, 0.5),
  })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 120 }), settings, (events, chosen) => {
      const budget = new RetryBudget(chosen)
      const requests: number[] = []
      const retries: number[] = []
      let now = 1
      for (const { wait, isRetry } of events) {
        now += wait
        if (!isRetry) {
          budget.requestBegan(now)
          requests.push(now)
        } else if (budget.take(now)) retries.push(now)
      }
      for (const last of retries) {
        const recent = retries.filter((at) => at > last - 9000 && at <= last).length
        const traffic = requests.filter((at) => at > last - 10_000 && at <= last).length
        assert.ok(recent <= 10 * chosen.minimumPerSecond + chosen.ratio * traffic)
      }
    }),
  )
})
