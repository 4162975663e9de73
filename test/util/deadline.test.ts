import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { VirtualClock } from '../../src/testing/index.js'
import type { Clock } from '../../src/util/clock.js'
import { Deadline } from '../../src/util/deadline.js'

function arrange() {
  const clock = new VirtualClock({ start: 1000 })
  const passed: string[] = []
  const owner = (name: string) => ({ deadlinePassed: () => void passed.push(`${name}@${clock.now() - 1000}`) })
  return { clock, passed, owner, deadline: new Deadline(clock) }
}

describe('Deadline', () => {
  test('tells its owner once, at the moment', () => {
    const { clock, passed, owner, deadline } = arrange()
    deadline.set(owner('a'), 100)
    clock.advance(99)
    assert.deepEqual(passed, [])
    clock.advance(1000)
    assert.deepEqual(passed, ['a@100'])
    assert.equal(clock.timers, 0)
  })

  test('only the latest setting counts, be it later or earlier, and only its owner is told', () => {
    const { clock, passed, owner, deadline } = arrange()
    deadline.set(owner('a'), 100)
    deadline.set(owner('b'), 300)
    clock.advance(200)
    deadline.set(owner('c'), 50)
    clock.advance(1000)
    assert.deepEqual(passed, ['c@250'])
  })

  test('never comes when it is cleared, cancelled or set to Infinity', () => {
    const { clock, passed, owner, deadline } = arrange()
    deadline.set(owner('a'), 100)
    deadline.disarm()
    clock.advance(1000)
    deadline.set(owner('b'), 100)
    deadline.set(owner('b'), Infinity)
    clock.advance(1000)
    deadline.set(owner('c'), 100)
    deadline.cancel()
    assert.equal(clock.timers, 0)
    clock.advance(1000)
    assert.deepEqual(passed, [])
    deadline.set(owner('d'), 100)
    clock.advance(1000)
    assert.deepEqual(passed, ['d@3100'])
  })

  test('can be set again by its owner while that is told', () => {
    const { clock, passed, deadline } = arrange()
    const owner = {
      deadlinePassed() {
        passed.push(String(clock.now() - 1000))
        if (passed.length < 3) deadline.set(owner, 100)
      },
    }
    deadline.set(owner, 100)
    clock.advance(1000)
    assert.deepEqual(passed, ['100', '200', '300'])
  })

  test('a thousand settings cost one timer', () => {
    const { clock, owner } = arrange()
    let timers = 0
    const counting: Clock = {
      now: () => clock.now(),
      wallTime: () => clock.wallTime(),
      setTimer: (callback, ms) => {
        timers++
        return clock.setTimer(callback, ms)
      },
    }
    const deadline = new Deadline(counting)
    for (let i = 0; i < 1000; i++) {
      deadline.set(owner('a'), 10_000)
      clock.advance(1)
      deadline.disarm()
    }
    assert.equal(timers, 1)
  })

  test('may lie further away than any timer reaches', () => {
    const { clock, passed, owner, deadline } = arrange()
    deadline.set(owner('a'), 2 ** 33)
    clock.advance(2 ** 33 - 1)
    assert.deepEqual(passed, [])
    clock.advance(1)
    assert.deepEqual(passed, [`a@${2 ** 33}`])
  })

  test('agrees with a plain moment under any series of settings', () => {
    const command = fc.oneof(
      fc.record({
        do: fc.constant('set' as const),
        ms: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constant(Infinity)),
      }),
      fc.record({ do: fc.constantFrom('disarm' as const, 'cancel' as const) }),
      fc.record({ do: fc.constant('advance' as const), ms: fc.nat(30) }),
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const { clock, passed, owner, deadline } = arrange()
        const expected: string[] = []
        let now = 0
        let due = Infinity
        for (const [index, command] of commands.entries()) {
          if (command.do === 'set') {
            deadline.set(owner('x'), command.ms)
            due = now + command.ms
          } else if (command.do === 'advance') {
            clock.advance(command.ms)
            now += command.ms
            if (due <= now) {
              expected.push(`x@${due}`)
              due = Infinity
            }
          } else {
            deadline[command.do]()
            due = Infinity
          }
          assert.deepEqual(passed, expected, `after command ${index}`)
          assert.ok(clock.timers <= 1)
        }
      }),
      { seed: 21, numRuns: 300 },
    )
  })
})
