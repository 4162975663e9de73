import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { seededRandom, VirtualClock } from '../../src/testing/index.js'
import { type Clock, systemClock, type Timer } from '../../src/util/clock.js'

/** Sets a timer that notes its name and moment. */
function note(clock: Clock, log: string[], name: string, ms: number): Timer {
  return clock.setTimer(() => log.push(`${name}@${clock.now()}`), ms)
}

describe('VirtualClock', () => {
  test('starts at 1, or where it is told, and stands still by itself', () => {
    assert.equal(new VirtualClock().now(), 1)
    const clock = new VirtualClock({ start: 0.5 })
    assert.equal(clock.now(), 0.5)
    clock.advance(99.5)
    assert.equal(clock.now(), 100)
  })

  test('tells the wall time from its epoch in whole milliseconds', () => {
    const clock = new VirtualClock({ start: 5000, epoch: new Date('2024-02-29T12:00:00Z') })
    assert.equal(new Date(clock.wallTime()).toISOString(), '2024-02-29T12:00:00.000Z')
    clock.advance(1500.75)
    assert.equal(new Date(clock.wallTime()).toISOString(), '2024-02-29T12:00:01.500Z')
    assert.equal(new VirtualClock({ epoch: 17 }).wallTime(), 17)
    assert.equal(new VirtualClock().wallTime(), Date.UTC(2020, 0, 1))
  })

  test('refuses a start, an epoch or a step that is no such time', () => {
    const code = 'ERR_EVENKEEL_OPTION'
    for (const start of [0, -1, Number.NaN, Infinity]) {
      assert.throws(() => new VirtualClock({ start }), { code, path: 'start' })
    }
    assert.throws(() => new VirtualClock({ epoch: new Date('never') }), { code, path: 'epoch' })
    for (const ms of [-1, Number.NaN, Infinity]) {
      assert.throws(() => new VirtualClock().advance(ms), { code, path: 'ms' })
    }
  })

  test('fires timers in the order they come due, those of one moment in the order they were set', () => {
    const clock = new VirtualClock()
    const log: string[] = []
    note(clock, log, 'c', 30)
    note(clock, log, 'a', 10)
    note(clock, log, 'b1', 20)
    note(clock, log, 'b2', 20)
    clock.advance(25)
    assert.deepEqual(log, ['a@11', 'b1@21', 'b2@21'])
    assert.equal(clock.timers, 1)
    clock.advance(5)
    assert.deepEqual(log.slice(3), ['c@31'])
    assert.equal(clock.timers, 0)
  })

  test('fires timers that callbacks set within the span, and leaves later ones', () => {
    const clock = new VirtualClock({ start: 100 })
    const log: string[] = []
    clock.setTimer(() => {
      note(clock, log, 'within', 5)
      note(clock, log, 'later', 6)
    }, 10)
    clock.advance(15)
    assert.deepEqual(log, ['within@115'])
    assert.equal(clock.timers, 1)
  })

  test('a refreshed timer starts its time again, also after it fired, and stands behind others of its moment', () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const first = note(clock, log, 'first', 10)
    note(clock, log, 'second', 15)
    clock.advance(5)
    first.refresh()
    assert.equal(clock.timers, 2)
    clock.advance(10)
    assert.deepEqual(log, ['second@16', 'first@16'])
    first.refresh()
    clock.advance(10)
    assert.deepEqual(log.slice(2), ['first@26'])
  })

  test('a cancelled timer stays silent, even when refreshed, and a second cancel does nothing', () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const timer = note(clock, log, 'cancelled', 10)
    note(clock, log, 'other', 10)
    timer.cancel()
    timer.cancel()
    timer.refresh()
    assert.equal(clock.timers, 1)
    clock.advance(100)
    assert.deepEqual(log, ['other@11'])
  })

  test('a callback can cancel a timer of its own moment', () => {
    const clock = new VirtualClock()
    const log: string[] = []
    clock.setTimer(() => second.cancel(), 10)
    const second = note(clock, log, 'second', 10)
    clock.advance(10)
    assert.deepEqual(log, [])
    assert.equal(clock.timers, 0)
  })

  test('keeps the system clock’s bounds: below 1 ms counts as 1, and nothing is longer than 2^31 - 1', () => {
    const clock = new VirtualClock({ start: 1 })
    const log: string[] = []
    note(clock, log, 'zero', 0)
    note(clock, log, 'negative', -5)
    note(clock, log, 'nan', Number.NaN)
    note(clock, log, 'endless', Infinity)
    clock.advance(0)
    assert.deepEqual(log, [])
    clock.advance(1)
    assert.deepEqual(log, ['zero@2', 'negative@2', 'nan@2'])
    clock.advance(2 ** 31 - 2)
    assert.deepEqual(log.slice(3), [`endless@${2 ** 31}`])
  })

  test('a callback that throws stops the clock at its moment, and the clock goes on from there', () => {
    const clock = new VirtualClock()
    const log: string[] = []
    clock.setTimer(() => {
      throw new Error('mine')
    }, 10)
    note(clock, log, 'after', 20)
    assert.throws(() => clock.advance(100), { message: 'mine' })
    assert.equal(clock.now(), 11)
    clock.advance(10)
    assert.deepEqual(log, ['after@21'])
  })

  test('refuses to be advanced from within a callback', () => {
    const clock = new VirtualClock()
    clock.setTimer(() => clock.advance(1), 10)
    assert.throws(() => clock.advance(10), { code: 'ERR_EVENKEEL_STATE' })
  })

  test('advanceAsync lets chains of promise jobs run between timers', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const sleep = (ms: number) => new Promise<void>((resolve) => void clock.setTimer(resolve, ms))
    const work = async () => {
      for (let round = 0; round < 3; round++) {
        await sleep(100)
        for (let job = 0; job < 50; job++) await undefined
        log.push(`round@${clock.now()}`)
      }
    }
    const done = work()
    await clock.advanceAsync(250)
    assert.deepEqual(log, ['round@101', 'round@201'])
    assert.equal(clock.now(), 251)
    await clock.advanceAsync(50)
    assert.deepEqual(log.slice(2), ['round@301'])
    await done
  })

  test('advanceAsync lets jobs that are pending at its start set their timers first', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    void Promise.resolve().then(() => note(clock, log, 'set', 10))
    await clock.advanceAsync(10)
    assert.deepEqual(log, ['set@11'])
  })

  test('advanceAsync rejects when a callback throws, and while another is under way', async () => {
    const clock = new VirtualClock()
    clock.setTimer(() => {
      throw new Error('mine')
    }, 10)
    const first = clock.advanceAsync(10)
    assert.throws(() => clock.advance(1), { code: 'ERR_EVENKEEL_STATE' })
    await assert.rejects(clock.advanceAsync(1), { code: 'ERR_EVENKEEL_STATE' })
    await assert.rejects(first, { message: 'mine' })
    clock.advance(1)
    assert.equal(clock.now(), 12)
  })

  test('runs a day of a timer per second, and ten thousand timers beside it', () => {
    const clock = new VirtualClock({ start: 1 })
    for (let i = 0; i < 10_000; i++) clock.setTimer(() => assert.fail('too early'), 86_400_001)
    let ticks = 0
    const tick = () => {
      ticks++
      clock.setTimer(tick, 1000)
    }
    clock.setTimer(tick, 1000)
    clock.advance(86_400_000)
    assert.equal(ticks, 86_400)
    assert.equal(clock.timers, 10_001)
  })

  test('agrees with a plain list of timers under any series of sets, refreshes, cancels and steps', () => {
    const command = fc.oneof(
      fc.record({ do: fc.constant('set' as const), ms: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ do: fc.constant('refresh' as const), which: fc.nat(30) }),
      fc.record({ do: fc.constant('cancel' as const), which: fc.nat(30) }),
      fc.record({ do: fc.constant('advance' as const), ms: fc.nat(25) }),
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 80 }), (commands) => {
        const clock = new VirtualClock({ start: 1 })
        const fired: string[] = []
        const timers: Timer[] = []
        const model: { ms: number; due: number; order: number; cancelled: boolean }[] = []
        const expected: string[] = []
        let now = 1
        let orders = 0
        for (const step of commands) {
          if (step.do === 'set') {
            timers.push(note(clock, fired, String(timers.length), step.ms))
            model.push({ ms: step.ms, due: now + step.ms, order: ++orders, cancelled: false })
          } else if (step.do === 'advance') {
            clock.advance(step.ms)
            now += step.ms
            const due = [...model.entries()].filter(([, timer]) => timer.due <= now)
            due.sort(([, a], [, b]) => a.due - b.due || a.order - b.order)
            for (const [index, timer] of due) {
              expected.push(`${index}@${timer.due}`)
              timer.due = Infinity
            }
          } else if (timers.length > 0) {
            const index = step.which % timers.length
            timers[index]![step.do]()
            const timer = model[index]!
            if (step.do === 'cancel') timer.cancelled = true
            timer.due = timer.cancelled ? Infinity : now + timer.ms
            timer.order = ++orders
          }
          assert.equal(clock.timers, model.filter((timer) => timer.due < Infinity).length)
        }
        assert.deepEqual(fired, expected)
      }),
      { seed: 7, numRuns: 300 },
    )
  })
})

test('the system clock treats refresh and cancel as the virtual one does', async () => {
  const fired: string[] = []
  // The system clock's timers alone keep nothing alive.
  const alive = setInterval(() => {}, 60_000)
  await new Promise<void>((resolve) => {
    const cancelled = systemClock.setTimer(() => fired.push('cancelled'), 1)
    cancelled.cancel()
    cancelled.refresh()
    const twice = systemClock.setTimer(() => {
      fired.push('twice')
      if (fired.length < 2) twice.refresh()
      else resolve()
    }, 1)
  })
  clearInterval(alive)
  assert.deepEqual(fired, ['twice', 'twice'])
})

test('seededRandom gives the same numbers from 0 to 1 for the same seed', () => {
  const [a, b, c] = [seededRandom(42), seededRandom(42), seededRandom(43)]
  const numbers = Array.from({ length: 1000 }, () => a.next())
  assert.deepEqual(
    Array.from({ length: 1000 }, () => b.next()),
    numbers,
  )
  assert.ok(numbers.every((number) => number >= 0 && number < 1))
  assert.notEqual(c.next(), numbers[0])
})
