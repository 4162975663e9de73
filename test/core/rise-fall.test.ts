import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { RiseFall } from '../../src/core/rise-fall.js'

/** HAProxy's arithmetic as its fact sheet has it (semantics 2.1): from a failure, from a success. */
function next(health: number, passed: boolean, rise: number, fall: number): number {
  const max = rise + fall - 1
  let h = health
  if (passed) {
    if (h < max) {
      h++
      if (h >= rise) h = max
    }
  } else if (h > 0) {
    h--
    if (h < rise) h = 0
  }
  return h
}

describe('RiseFall', () => {
  test('starts up, and one failure takes it down whatever fall says', () => {
    const riseFall = new RiseFall(2, 3)
    assert.equal(riseFall.isUp, true)
    assert.equal(riseFall.health, 2)
    assert.equal(riseFall.isTransitional, true)
    assert.equal(riseFall.count(false), true)
    assert.equal(riseFall.health, 0)
    assert.equal(riseFall.isUp, false)
    assert.equal(riseFall.isTransitional, false)
  })

  test('starts up, and one success makes it fully up', () => {
    const riseFall = new RiseFall(2, 3)
    assert.equal(riseFall.count(true), false)
    assert.equal(riseFall.health, 4)
    assert.equal(riseFall.isTransitional, false)
  })

  test('fully up, it takes fall failures in a row to go down', () => {
    const riseFall = new RiseFall(2, 3)
    riseFall.count(true)
    assert.deepEqual(
      [false, false, true, false, false, false].map((passed) => riseFall.count(passed)),
      [false, false, false, false, false, true],
    )
  })

  test('down, it takes rise successes in a row to come up, and then it is fully up', () => {
    const riseFall = new RiseFall(3, 2)
    riseFall.count(false)
    assert.deepEqual(
      [true, true, false, true, true, true].map((passed) => riseFall.count(passed)),
      [false, false, false, false, false, true],
    )
    assert.equal(riseFall.health, 4)
  })

  test('with rise 1 and fall 1 every result that differs flips it, and it is never in between', () => {
    const riseFall = new RiseFall(1, 1)
    assert.equal(riseFall.isTransitional, false)
    for (const passed of [false, true, false]) {
      assert.equal(riseFall.count(passed), true)
      assert.equal(riseFall.isTransitional, false)
    }
  })

  test('reset makes it as at its start', () => {
    const riseFall = new RiseFall(2, 3)
    riseFall.count(false)
    riseFall.reset()
    assert.equal(riseFall.isUp, true)
    assert.equal(riseFall.health, 2)
  })

  test('agrees with HAProxy’s counter for any rise, fall and series of results', () => {
    const counts = fc.integer({ min: 1, max: 6 })
    // Runs of equal results, or else long series would hardly ever cross from one side to the other.
    const series = fc
      .array(fc.record({ passed: fc.boolean(), times: fc.integer({ min: 1, max: 8 }) }), { maxLength: 30 })
      .map((runs) => runs.flatMap(({ passed, times }) => Array<boolean>(times).fill(passed)))
    fc.assert(
      fc.property(counts, counts, series, (rise, fall, results) => {
        const riseFall = new RiseFall(rise, fall)
        let health = rise
        for (const passed of results) {
          const after = next(health, passed, rise, fall)
          assert.equal(riseFall.count(passed), after >= rise !== health >= rise)
          health = after
          assert.equal(riseFall.health, health)
          assert.equal(riseFall.isUp, health >= rise)
          assert.equal(riseFall.isTransitional, health > 0 && health < rise + fall - 1)
        }
      }),
      { seed: 11, numRuns: 500 },
    )
  })
})
