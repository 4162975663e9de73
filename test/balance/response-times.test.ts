import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Averaging, ResponseTimes } from '../../src/balance/response-times.js'
import { Server } from '../../src/core/server.js'

const server = new Server('a', { address: '127.0.0.1:1' })

/** The average, at the time of the last of some responses, of [milliseconds, moment]. */
function averageOf(averaging: Averaging, responses: readonly (readonly [milliseconds: number, now: number])[]): number {
  const times = new ResponseTimes(1000, averaging)
  for (const [milliseconds, now] of responses) times.add(server, 'response', milliseconds, now)
  return times.of(server).value
}

describe('the average of response times', () => {
  test('is nothing before the first one, and the first one after it', () => {
    assert.equal(averageOf('mean', []), 0)
    assert.equal(averageOf('mean', [[40, 5]]), 40)
    assert.equal(averageOf('peak', [[40, 5]]), 40)
  })

  test('stays where all are alike', () => {
    const alike = Array.from({ length: 500 }, (_, index) => [25, index * 7] as const)
    assert.ok(Math.abs(averageOf('mean', alike) - 25) < 1e-9)
    assert.ok(Math.abs(averageOf('peak', alike) - 25) < 1e-9)
  })

  test('as a peak goes up with a longer one at once, and down slowly', () => {
    const responses = [
      [10, 0],
      [90, 1],
    ] as const
    assert.equal(averageOf('peak', responses), 90)
    assert.ok(averageOf('peak', [...responses, [10, 11]]) > 89)
    // After the decay time the peak counts 37 percent.
    const later = averageOf('peak', [...responses, [10, 1001]])
    assert.ok(Math.abs(later - (90 * Math.exp(-1) + 10 * (1 - Math.exp(-1)))) < 1e-9, `${later}`)
  })

  test('as a mean counts those of one moment alike', () => {
    const responses = [10, 20, 60].map((milliseconds) => [milliseconds, 50] as const)
    assert.ok(Math.abs(averageOf('mean', responses) - 30) < 1e-9)
  })

  test('as a mean counts one of long ago less', () => {
    const responses = [
      [100, 0],
      [10, 1000],
    ] as const
    const old = Math.exp(-1)
    assert.ok(Math.abs(averageOf('mean', responses) - (100 * old + 10) / (1 + old)) < 1e-9)
  })

  test('as a mean follows a change within a few hundred responses, however fast they come', () => {
    const before = Array.from({ length: 100_000 }, () => [10, 0] as const)
    const after = Array.from({ length: 300 }, () => [50, 1] as const)
    assert.ok(averageOf('mean', [...before, ...after]) > 47)
  })

  test('is forgotten while nothing is heard', () => {
    const times = new ResponseTimes(1000, 'peak')
    times.add(server, 'response', 80, 100)
    assert.equal(times.of(server).valueAt(100, 1000), 80)
    assert.ok(Math.abs(times.of(server).valueAt(3100, 1000) - 80 * Math.exp(-3)) < 1e-9)
  })
})

describe('a try that gives no response', () => {
  test('counts as a second when it failed at once, and as what it took when that was longer', () => {
    for (const averaging of ['mean', 'peak'] as const) {
      const times = new ResponseTimes(1000, averaging)
      times.add(server, 'failure', 0.2, 1)
      assert.equal(times.of(server).value, 1000)
      const others = new ResponseTimes(1000, averaging)
      others.add(server, 'failure', 30_000, 1)
      assert.equal(others.of(server).value, 30_000)
    }
  })

  test('counts, when somebody else ended it, only where it took longer than is usual', () => {
    const times = new ResponseTimes(1000, 'peak')
    times.add(server, 'none', 0, 1)
    assert.equal(times.of(server).value, 0)
    times.add(server, 'response', 50, 2)
    times.add(server, 'none', 20, 3)
    assert.equal(times.of(server).value, 50)
    times.add(server, 'none', 400, 403)
    assert.equal(times.of(server).value, 400)
  })
})
