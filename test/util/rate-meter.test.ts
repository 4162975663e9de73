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

  test('a period begins at an even millisecond, as in HAProxy', () => {
    const meter = new RateMeter(1000)
    meter.add(100, 5001)
    // Begun at 5000: one millisecond of the period is out of reach at 6001, and nothing is left at 7000.
    assert.deepEqual(
      [6000, 6001, 6010, 6999, 7000].map((now) => meter.read(now)),
      [100, 99, 99, 0, 0],
    )
  })

  test('the part of a millisecond does not count', () => {
    const [whole, broken] = [new RateMeter(100), new RateMeter(100)]
    for (let now = 0; now < 2000; now += 7) {
      whole.add(3, now)
      broken.add(3, now + 0.999)
      assert.equal(broken.read(now + 0.5), whole.read(now))
    }
  })

  test('is exact for the bytes of a day', () => {
    const meter = new RateMeter(86_400_000)
    const bytes = 2 ** 52 + 1
    meter.add(bytes, 0)
    // At 1.5 periods half is within reach; 2^52 + 1 times that many milliseconds is no exact number.
    assert.equal(meter.read(129_600_000), 2 ** 51)
    assert.equal(meter.read(86_400_001), Number((BigInt(bytes) * 86_399_999n) / 86_400_000n))
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
