import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readPriority, turnOf } from '../../src/core/priority.js'

const priority = (value: unknown) => readPriority(value, 'priority')

function refuses(value: unknown, path: string): void {
  assert.throws(() => priority(value), { code: 'ERR_EVENKEEL_OPTION', path })
}

describe('a priority', () => {
  test('is the usual one where nothing is said', () => {
    assert.deepEqual(priority({}), { class: 0, offset: 0 })
  })

  test('takes times before and after', () => {
    assert.deepEqual(priority({ class: -3, offset: '-2s' }), { class: -3, offset: -2000 })
    assert.equal(priority({ offset: -1.5 }).offset, -1.5)
    assert.equal(priority({ offset: '500ms' }).offset, 500)
  })

  test('refuses what is out of range or no priority, with its path', () => {
    refuses({ class: 2048 }, 'priority.class')
    refuses({ class: -2048 }, 'priority.class')
    refuses({ class: 0.5 }, 'priority.class')
    for (const offset of [524_288, -524_288, '9m', '--1', '1-0', '', Number.NaN, {}]) {
      refuses({ offset }, 'priority.offset')
    }
    refuses({ sort: 1 }, 'priority.sort')
    refuses(1, 'priority')
  })
})

describe('the turn of who waits', () => {
  const classes = fc.integer({ min: -2047, max: 2047 })
  const offsets = fc.integer({ min: -524_287, max: 524_287 })
  const moments = fc.double({ min: 1, max: 1e12, noNaN: true })

  test('is before those of every higher class', () => {
    fc.assert(
      fc.property(classes, classes, offsets, offsets, moments, moments, (one, other, early, late, at, then) => {
        if (one === other) return
        const isFirst = turnOf({ class: one, offset: early }, at) < turnOf({ class: other, offset: late }, then)
        assert.equal(isFirst, one < other)
      }),
    )
  })

  test('is by time and offset within a class', () => {
    fc.assert(
      fc.property(classes, offsets, offsets, fc.nat(1e9), fc.nat(1e9), (one, first, second, at, then) => {
        const order = turnOf({ class: one, offset: first }, at) - turnOf({ class: one, offset: second }, then)
        assert.equal(order, at + first - (then + second))
      }),
    )
  })
})
