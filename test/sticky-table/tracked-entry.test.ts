import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { StickyTable } from '../../src/sticky-table/sticky-table.js'
import type { StickyTableOptions } from '../../src/sticky-table/sticky-table-options.js'
import type { TrackedEntry } from '../../src/sticky-table/tracked-entry.js'
import { VirtualClock } from '../../src/testing/index.js'

const store = { connectionCount: true, connectionRate: '1s', connectionsCurrent: true, gpc0: true } as const

function clocked(options: Partial<StickyTableOptions> = {}): { table: StickyTable; clock: VirtualClock } {
  const clock = new VirtualClock()
  return { table: new StickyTable({ type: 'string', size: 3, clock, store, ...options }), clock }
}

describe('an entry that is tracked', () => {
  test('is made at need, counts each start, and knows how many use it', () => {
    const { table } = clocked()
    const one = table.track('a')!
    const two = table.track('a')!
    assert.deepEqual(table.get('a')!.values, { gpc0: 0, connectionCount: 2, connectionRate: 2, connectionsCurrent: 2 })
    assert.deepEqual([table.get('a')!.uses, one.key, two.read('connectionsCurrent')], [2, 'a', 2])
    one.release()
    assert.deepEqual([table.read('a', 'connectionsCurrent'), table.read('a', 'connectionCount')], [1, 2])
    two.release()
    assert.deepEqual([table.read('a', 'connectionsCurrent'), table.size], [0, 1])
  })

  test('is released once by each handle, however often that is called', () => {
    const { table } = clocked()
    const [one, two] = [table.track('a')!, table.track('a')!]
    for (let i = 0; i < 3; i++) one.release()
    assert.equal(table.read('a', 'connectionsCurrent'), 1)
    two.release()
    assert.equal(table.read('a', 'connectionsCurrent'), 0)
  })

  test('counts events, also those that are told after its release', () => {
    const { table } = clocked()
    const entry = table.track('a')!
    assert.deepEqual([entry.count('gpc0'), entry.count('gpc0', 2), entry.count('httpRequest')], [true, true, false])
    entry.release()
    assert.equal(entry.count('gpc0', 4), true)
    assert.deepEqual([table.read('a', 'gpc0'), entry.read('gpc0')], [7, 7])
  })

  test('does not make room for others; a table that is wholly in use takes no new key', () => {
    const { table } = clocked()
    const a = table.track('a')!
    for (const key of ['b', 'c', 'd', 'e']) assert.equal(table.store(key, 'app1'), true)
    assert.deepEqual([table.has('a'), table.has('c'), table.size], [true, false, 3])
    const [d, e] = [table.track('d')!, table.track('e')!]
    assert.deepEqual([table.track('f'), table.store('f', 'app1'), table.count('f', 'gpc0')], [undefined, false, false])
    assert.equal(table.set('f', { gpc0: 1 }), false)
    d.release()
    assert.equal(table.store('f', 'app1'), true)
    assert.deepEqual([table.has('d'), table.has('a'), table.has('e')], [false, true, true])
    a.release()
    e.release()
    assert.equal(table.size, 3)
  })

  test('does not start what a full table refuses', () => {
    const { table } = clocked({ size: 1, noPurge: true })
    table.store('a', 'app1')
    assert.equal(table.track('b'), undefined)
    assert.equal(table.read('b', 'connectionCount'), 0)
    assert.equal(table.track('a')?.read('connectionsCurrent'), 1)
  })

  test('outlives its time, and lives it whole from its release on', () => {
    const { table, clock } = clocked({ expire: 100 })
    const entry = table.track('a')!
    clock.advance(1000)
    assert.deepEqual([table.has('a'), table.get('a')?.expiresIn, table.size], [true, 0, 1])
    assert.equal(table.match('a'), undefined)
    entry.release()
    assert.equal(table.get('a')?.expiresIn, 100)
    clock.advance(99)
    assert.equal(table.has('a'), true)
    clock.advance(1)
    assert.deepEqual([table.has('a'), table.size], [false, 0])
  })

  test('is neither deleted nor cleared while it is in use, as in HAProxy', () => {
    const { table } = clocked()
    const entry = table.track('a')!
    table.store('b', 'app1')
    assert.equal(table.delete('a'), false)
    table.clear()
    assert.deepEqual([table.has('a'), table.has('b'), table.size], [true, false, 1])
    entry.release()
    assert.deepEqual([table.delete('a'), table.size], [true, 0])
  })

  test('is none when the sample gives no key', () => {
    const { table } = clocked({ type: 'ip' })
    assert.equal(table.track(undefined), undefined)
    assert.equal(table.track('nobody'), undefined)
    assert.equal(table.size, 0)
  })

  test('is counted exactly under any series of starts, ends and other calls', () => {
    const call = fc.record({
      what: fc.constantFrom('track', 'track', 'release', 'release', 'store', 'delete', 'clear', 'wait', 'load'),
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      which: fc.nat(20),
    })
    fc.assert(
      fc.property(fc.array(call, { maxLength: 80 }), fc.integer({ min: 1, max: 5 }), (calls, size) => {
        const { table, clock } = clocked({ size, expire: 50 })
        const open: { key: string; entry: TrackedEntry }[] = []
        for (const { what, key, which } of calls) {
          if (what === 'track') {
            const entry = table.track(key)
            const inUse = new Set(open.map((held) => held.key))
            assert.equal(entry !== undefined, inUse.has(key) || inUse.size < size)
            if (entry !== undefined) open.push({ key, entry })
          }
          if (what === 'release') open.splice(which, 1)[0]?.entry.release()
          if (what === 'store') table.store(key, 'app1')
          if (what === 'delete') table.delete(key)
          if (what === 'clear') table.clear()
          if (what === 'load') table.load([{ key, values: { gpc0: 3 } }])
          if (what === 'wait') clock.advance(which * 5)
          assert.ok(table.size <= size)
          for (const held of new Set(['a', 'b', key])) {
            const expected = open.filter((other) => other.key === held).length
            assert.equal(table.read(held, 'connectionsCurrent'), expected)
          }
        }
        for (const { entry } of open) entry.release()
        clock.advance(50)
        assert.equal(table.size, 0)
      }),
      { seed: 41, numRuns: 500 },
    )
  })
})
