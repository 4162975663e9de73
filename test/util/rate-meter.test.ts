import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { RateMeter } from '../../src/util/rate-meter.js'

/** What a meter of ten events at 0 s shows at `count` moments, `first` and then every `step` milliseconds. */
function readings(period: number, first: number, step: number, count: number): number[] {
  const meter = new RateMeter(period)
  meter.add(10, 5000)
  return Array.from({ length: count }, (_, i) => meter.read(5000 + first + i * step))
}

describe('RateMeter', () => {
  test('shows nothing before the first event', () => {
    assert.equal(new RateMeter(1000).read(0), 0)
    assert.equal(new RateMeter(1000).read(123_456), 0)
  })

  test('ten events then silence: whole for one period, then fading out over the next', () => {
    assert.deepEqual(readings(2000, 0, 500, 10), [10, 10, 10, 10, 10, 7, 5, 2, 0, 0])
  })

  test('shows the series that HAProxy 2.6 showed for ten events, a period of 2 s and a reading every 0.7 s', () => {
    assert.deepEqual(readings(2000, 150, 700, 7), [10, 10, 10, 8, 5, 1, 0])
  })

  test('shows one past event whole until it is out of reach, so that the reading does not flap', () => {
    const meter = new RateMeter(1000)
    meter.add(1, 0)
    assert.deepEqual(
      [0, 999, 1000, 1500, 2000, 2001].map((now) => meter.read(now)),
      [1, 1, 1, 1, 1, 0],
    )
  })

  test('adds the share of the previous period to the count of the present one', () => {
    const meter = new RateMeter(1000)
    meter.add(100, 0)
    meter.add(20, 1000)
    assert.equal(meter.read(1000), 120)
    assert.equal(meter.read(1250), 95)
    assert.equal(meter.read(2000), 20)
  })

  test('periods follow each other without a gap, and start anew after two of silence', () => {
    const meter = new RateMeter(1000)
    meter.add(10, 0)
    meter.add(10, 1900)
    // The present period began at 1000, not at 1900: half of the first ten is within reach at 1500.
    assert.equal(meter.read(1900), 11)
    assert.equal(meter.read(2000), 10)
    meter.add(4, 3000)
    assert.equal(meter.read(3000), 4)
    assert.equal(meter.read(3999), 4)
  })

  test('reading changes nothing', () => {
    const meter = new RateMeter(1000)
    meter.add(50, 0)
    for (let now = 0; now < 5000; now += 100) meter.read(now)
    assert.equal(meter.read(500), 50)
  })

  test('a reading is never above the events of the last two periods nor below those since its period began', () => {
    const step = fc.record({ wait: fc.nat(700), count: fc.nat(20) })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), fc.nat(2500), (steps, pause) => {
        const meter = new RateMeter(500)
        const events: { at: number; count: number }[] = []
        let now = 1
        for (const { wait, count } of steps) {
          now += wait
          meter.add(count, now)
          events.push({ at: now, count })
          assert.ok(meter.read(now) >= count)
        }
        now += pause
        const within = events.filter(({ at }) => now - at <= 1000).reduce((sum, { count }) => sum + count, 0)
        assert.ok(meter.read(now) <= within)
        if (pause > 1000) assert.equal(meter.read(now), 0)
      }),
      { seed: 9, numRuns: 500 },
    )
  })

  test('a steady flow is shown as it is', () => {
    const meter = new RateMeter(1000)
    for (let now = 0; now < 10_000; now += 10) meter.add(1, now)
    for (let now = 9990; now < 10_000; now++) assert.ok(Math.abs(meter.read(now) - 100) <= 1)
  })
})
