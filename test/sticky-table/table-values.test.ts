import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EntryChange } from '../../src/sticky-table/entry-change.js'
import type { EntryFilter } from '../../src/sticky-table/entry-filter.js'
import { StickyTable } from '../../src/sticky-table/sticky-table.js'
import type { StickyTableOptions } from '../../src/sticky-table/sticky-table-options.js'
import type { StoredType } from '../../src/sticky-table/stored-types.js'
import { VirtualClock } from '../../src/testing/index.js'
import { OptionError } from '../../src/util/errors.js'

const store = { gpt0: true, gpc0: true, gpc0Rate: '1s', connectionsCurrent: true } as const

function clocked(options: Partial<StickyTableOptions> = {}): { table: StickyTable; clock: VirtualClock } {
  const clock = new VirtualClock({ start: 1000 })
  return { table: new StickyTable({ type: 'string', size: 10, clock, expire: 1000, store, ...options }), clock }
}

/** A table with the keys a to d, whose gpc0 are 1 to 4 and whose gpt0 are 1, 0, 1, 0. */
function lettered(): StickyTable {
  const { table } = clocked()
  for (const [index, key] of ['a', 'b', 'c', 'd'].entries()) table.set(key, { gpc0: index + 1, gpt0: (index + 1) % 2 })
  return table
}

function keysOf(table: StickyTable, filter?: EntryFilter): unknown[] {
  return [...table.entries(filter)].map(({ key }) => key)
}

function throwsAt(path: string, call: () => unknown): void {
  assert.throws(call, (error) => error instanceof OptionError && error.path === path, path)
}

describe('the values of an entry', () => {
  test('are 0 of a key that is not there, and an error when they are not stored', () => {
    const { table } = clocked()
    assert.deepEqual([table.read('a', 'gpc0'), table.read(undefined, 'gpc0'), table.get('a')], [0, 0, undefined])
    throwsAt('read(arguments[1])', () => table.read('a', 'httpRequestRate'))
    assert.throws(
      () => table.read('a', 'gpc1'),
      /takes what the table stores: gpt0, gpc0, gpc0Rate, connectionsCurrent/,
    )
    throwsAt('read(arguments[0])', () => table.track('a')!.read('gpc1'))
    throwsAt('data(arguments[0])', () => table.data('gpc1'))
  })

  test('live longer with each event, and no longer for being looked at', () => {
    const looks: readonly ((table: StickyTable) => unknown)[] = [
      (table) => table.get('a'),
      (table) => table.has('a'),
      (table) => table.read('a', 'gpc0'),
      (table) => [...table.entries()],
      (table) => [...table.dump()],
    ]
    const touches: readonly ((table: StickyTable) => unknown)[] = [
      (table) => table.count('a', 'gpc0'),
      (table) => table.set('a', { gpt0: 1 }),
      (table) => table.track('a')!.release(),
    ]
    for (const act of [...looks, ...touches]) {
      const { table, clock } = clocked()
      table.count('a', 'gpc0')
      clock.advance(600)
      act(table)
      clock.advance(999)
      assert.equal(table.has('a'), touches.includes(act), String(act))
      clock.advance(1)
      assert.equal(table.has('a'), false, String(act))
    }
  })

  test('are shown with the server, the time left and the uses', () => {
    const { table, clock } = clocked()
    table.store('a', 'app1')
    const entry = table.track('a')
    table.count('a', 'gpc0', 3)
    clock.advance(400)
    assert.deepEqual(table.get('a'), {
      key: 'a',
      server: 'app1',
      expiresIn: 600,
      uses: 1,
      values: { gpt0: 0, gpc0: 3, gpc0Rate: 3, connectionsCurrent: 1 },
    })
    entry?.release()
  })

  test('can be set, one by one and together with the server, of a key that is there or not', () => {
    const { table } = clocked()
    assert.equal(table.set('a', { gpc0: 5, gpt0: 2, server: 'app1' }), true)
    assert.equal(table.set('a', { gpc0: 7 }), true)
    assert.deepEqual([table.read('a', 'gpc0'), table.read('a', 'gpt0'), table.peek('a')], [7, 2, 'app1'])
    assert.equal(table.set('a', {}), true)
    assert.equal(table.read('a', 'gpc0Rate'), 0, 'a count that is set is no event')
    assert.equal(table.set(undefined, { gpc0: 1 }), false)
  })

  test('a rate that is set stays for its period, then fades, as HAProxy 2.6 showed it', () => {
    const { table, clock } = clocked({ expire: 0, store: { gpc0Rate: '2s' } })
    table.set('a', { gpc0Rate: 7 })
    const readings: number[] = []
    for (const at of [0, 406, 808, 1209, 1610, 2012, 2414, 2815, 3217, 3618, 4019]) {
      clock.advance(1000 + at - clock.now())
      readings.push(table.read('a', 'gpc0Rate'))
    }
    assert.deepEqual(readings, [7, 7, 7, 7, 7, 6, 5, 4, 2, 1, 0])
  })

  test('are refused by name when they are not stored or wrong', () => {
    const { table } = clocked()
    const bad: readonly (readonly [change: unknown, path: string])[] = [
      [undefined, ''],
      [{ gpc1: 1 }, '.gpc1'],
      [{ gpc0: -1 }, '.gpc0'],
      [{ gpc0: '1' }, '.gpc0'],
      [{ gpc0: Number.NaN }, '.gpc0'],
      [{ server: '' }, '.server'],
      [{ connectionsCurrent: 1 }, '.connectionsCurrent'],
    ]
    for (const [change, path] of bad) {
      throwsAt(`set(arguments[1])${path}`, () => table.set('a', change as EntryChange))
    }
    assert.equal(table.size, 0)
  })
})

describe('a filter', () => {
  test('takes the entries whose values pass every comparison', () => {
    const table = lettered()
    const filters: readonly (readonly [filter: EntryFilter, keys: string])[] = [
      [{}, 'abcd'],
      [{ gpc0: {} }, 'abcd'],
      [{ gpc0: { is: 3 } }, 'c'],
      [{ gpc0: { isNot: 3 } }, 'abd'],
      [{ gpc0: { above: 2 } }, 'cd'],
      [{ gpc0: { atLeast: 2 } }, 'bcd'],
      [{ gpc0: { below: 2 } }, 'a'],
      [{ gpc0: { atMost: 2 } }, 'ab'],
      [{ gpc0: { above: 1, below: 4 } }, 'bc'],
      [{ gpc0: { above: 1 }, gpt0: { is: 1 } }, 'c'],
      [{ gpc0Rate: { above: 0 } }, ''],
    ]
    for (const [filter, keys] of filters) {
      assert.equal(keysOf(table, filter).join(''), keys, JSON.stringify(filter))
      const left = lettered()
      left.clear(filter)
      const others = [...'abcd'].filter((key) => !keys.includes(key))
      assert.deepEqual(keysOf(left), others, `clear ${JSON.stringify(filter)}`)
    }
  })

  test('can ask for what is in use, which is not cleared with the rest', () => {
    const table = lettered()
    const entry = table.track('b')!
    assert.deepEqual(keysOf(table, { connectionsCurrent: { above: 0 } }), ['b'])
    table.clear({ gpc0: { above: 1 } })
    assert.deepEqual(keysOf(table).sort(), ['a', 'b'])
    entry.release()
  })

  test('is refused by name when it is wrong, before the first entry is looked at', () => {
    const { table } = clocked()
    const bad: readonly (readonly [filter: unknown, path: string])[] = [
      [null, ''],
      [{ gpc7: { is: 1 } }, '.gpc7'],
      [{ gpc0: 1 }, '.gpc0'],
      [{ gpc0: { gt: 1 } }, '.gpc0.gt'],
      [{ gpc0: { above: '1' } }, '.gpc0.above'],
    ]
    for (const [filter, path] of bad) {
      throwsAt(`entries(arguments[0])${path}`, () => table.entries(filter as EntryFilter))
      throwsAt(`clear(arguments[0])${path}`, () => table.clear(filter as EntryFilter))
    }
  })
})

test('an unknown type of value has no place in the types of a filter', () => {
  // @ts-expect-error: there is no such type.
  const wrong: StoredType = 'httpReqRate'
  const right: StoredType[] = ['httpRequestRate', 'gpc7', 'gpc7Rate', 'gpt99']
  assert.equal(right.includes(wrong), false)
})
