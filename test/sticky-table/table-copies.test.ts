import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { StickyKey } from '../../src/sticky-table/sticky-key.js'
import { StickyTable } from '../../src/sticky-table/sticky-table.js'
import type { StickyTableOptions } from '../../src/sticky-table/sticky-table-options.js'
import type { StickyUpdate } from '../../src/sticky-table/sticky-update.js'
import type { StoredEvent } from '../../src/sticky-table/stored-types.js'
import type { StickyKeyType } from '../../src/sticky-table/table-key.js'
import { VirtualClock } from '../../src/testing/index.js'
import { OptionError } from '../../src/util/errors.js'

const store = { gpt0: true, gpc0: true, gpc0Rate: '1s', bytesInRate: 333, connectionsCurrent: true } as const

function make(clock: VirtualClock, options: Partial<StickyTableOptions> = {}): StickyTable {
  return new StickyTable({ type: 'string', size: 10, expire: 1000, clock, store, ...options })
}

/** Everything that a table shows. */
function shown(table: StickyTable): unknown {
  return [...table.entries()]
}

/** Takes a table through JSON to another one. */
function copy(from: StickyTable, to: StickyTable): number {
  return to.load(JSON.parse(JSON.stringify([...from.dump()])) as unknown[])
}

describe('a dump', () => {
  test('is plain data: key, server, remaining time, and values with what rates are worked out from', () => {
    const clock = new VirtualClock({ start: 5000 })
    const table = make(clock)
    table.store('a', 'app1')
    table.count('a', 'gpc0', 4)
    clock.advance(1200 - 400)
    table.count('a', 'gpc0', 2)
    clock.advance(300)
    assert.deepEqual(
      [...table.dump()],
      [
        {
          key: 'a',
          expiresIn: 700,
          server: 'app1',
          values: {
            gpt0: 0,
            gpc0: 6,
            gpc0Rate: { period: 1000, current: 6, previous: 0, age: 1100 },
            bytesInRate: { period: 333, current: 0, previous: 0, age: 0 },
          },
        },
      ],
    )
  })

  test('leaves out what there is not', () => {
    const table = make(new VirtualClock(), { expire: 0, store: {} })
    table.set('a', {})
    assert.deepEqual([...table.dump()], [{ key: 'a' }])
  })

  test('loaded again gives the same table, at every millisecond from then on', () => {
    const event = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      what: fc.constantFrom<StoredEvent>('gpc0', 'bytesIn'),
      amount: fc.integer({ min: 1, max: 50 }),
      wait: fc.oneof(fc.nat(3), fc.nat(700)),
    })
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 30 }), fc.nat(300), (events, pause) => {
        const clock = new VirtualClock({ start: 100_000 })
        const [one, other] = [make(clock), make(clock)]
        for (const { key, what, amount, wait } of events) {
          one.count(key, what, amount)
          if (amount % 3 === 0) one.store(key, `app${amount}`)
          clock.advance(wait)
        }
        clock.advance(pause)
        assert.equal(copy(one, other), one.size)
        for (let i = 0; i < 1500; i += 1 + (i % 7)) {
          assert.deepEqual(shown(other), shown(one))
          clock.advance(1 + (i % 7))
        }
        assert.equal(other.size, 0)
      }),
      { seed: 3, numRuns: 60 },
    )
  })

  test('finds keys of every type again', () => {
    const clock = new VirtualClock()
    const keys: Readonly<Record<StickyKeyType, readonly StickyKey[]>> = {
      ip: ['192.0.2.7', '255.255.255.255', '0.0.0.0'],
      ipv6: ['2001:db8::1', '192.0.2.7'],
      integer: [0, 7, 2 ** 32 - 1],
      string: ['', 'a', 'é', '{"bytes":"61"}'],
      binary: [Buffer.from([0, 255]), 'text'],
      composite: [['a', 1, Buffer.from('b')], { bytes: '61', agent: Buffer.from('curl') }, 'alone'],
    }
    for (const type of Object.keys(keys) as StickyKeyType[]) {
      const [one, other] = [make(clock, { type }), make(clock, { type })]
      for (const [index, key] of keys[type].entries()) one.store(key, `app${index}`)
      assert.equal(copy(one, other), keys[type].length)
      assert.deepEqual(shown(other), shown(one))
      for (const [index, key] of keys[type].entries()) assert.equal(other.peek(key), `app${index}`)
    }
  })

  test('overwrites what it tells of, and leaves the rest', () => {
    const table = make(new VirtualClock())
    table.set('a', { gpt0: 1, gpc0: 1, server: 'app1' })
    table.set('b', { gpc0: 5 })
    assert.equal(table.load([{ key: 'a', values: { gpc0: 9 } }]), 1)
    assert.deepEqual([table.read('a', 'gpt0'), table.read('a', 'gpc0'), table.peek('a')], [1, 9, 'app1'])
    assert.equal(table.read('b', 'gpc0'), 5)
  })

  test('lets entries expire when they would have, and never later than the table says', () => {
    const clock = new VirtualClock()
    const table = make(clock)
    table.load([{ key: 'soon', expiresIn: 10 }, { key: 'late', expiresIn: 99_000 }, { key: 'unsaid' }])
    assert.deepEqual(
      ['soon', 'late', 'unsaid'].map((key) => table.get(key)?.expiresIn),
      [10, 1000, 1000],
    )
  })

  test('tells nothing of what is in use, and does not touch that', () => {
    const clock = new VirtualClock()
    const [one, other] = [make(clock), make(clock)]
    const [here, there] = [one.track('a')!, other.track('a')!]
    one.track('a')
    copy(one, other)
    assert.deepEqual([one.read('a', 'connectionsCurrent'), other.read('a', 'connectionsCurrent')], [2, 1])
    there.release()
    assert.equal(other.read('a', 'connectionsCurrent'), 0)
    here.release()
  })

  test('passes over values that the table does not store, and rates over another period', () => {
    const clock = new VirtualClock()
    const table = make(clock, { store: { gpc0: true, gpc0Rate: '2s' } })
    const values = { gpc0: 3, gpt0: 9, gpc0Rate: { period: 1000, current: 5, previous: 0, age: 0 } }
    assert.equal(table.load([{ key: 'a', values }]), 1)
    assert.deepEqual(table.get('a')?.values, { gpc0: 3, gpc0Rate: 0 })
  })

  test('counts what a full table took', () => {
    const table = make(new VirtualClock(), { size: 2, noPurge: true })
    assert.equal(table.load([{ key: 'a' }, { key: 'b' }, { key: 'c' }, { key: 'a' }]), 3)
    assert.equal(table.size, 2)
  })

  test('is refused by name when it is wrong', () => {
    const rate = { period: 1000, current: 1, previous: 0, age: 0 }
    const bad: readonly (readonly [record: unknown, path: string])[] = [
      [null, ''],
      ['a', ''],
      [{}, '.key'],
      [{ key: true }, '.key'],
      [{ key: 'a', expiresIn: -1 }, '.expiresIn'],
      [{ key: 'a', server: 1 }, '.server'],
      [{ key: 'a', values: 1 }, '.values'],
      [{ key: 'a', values: { gpc0: '1' } }, '.values.gpc0'],
      [{ key: 'a', values: { gpc0Rate: 1 } }, '.values.gpc0Rate'],
      [{ key: 'a', values: { gpc0Rate: { ...rate, age: undefined } } }, '.values.gpc0Rate.age'],
      [{ key: 'a', values: { gpc0Rate: { ...rate, other: 1 } } }, '.values.gpc0Rate.other'],
      [{ key: 'a', uses: 1 }, '.uses'],
    ]
    for (const [record, path] of bad) {
      const table = make(new VirtualClock())
      assert.throws(
        () => table.load([{ key: 'good' }, record]),
        (error) => error instanceof OptionError && error.path === `load(arguments[0])[1]${path}`,
        JSON.stringify(record),
      )
      assert.equal(table.has('a'), false)
    }
  })
})

describe('updates', () => {
  /** A table whose updates are written down. */
  function watched(options: Partial<StickyTableOptions> = {}): { table: StickyTable; updates: StickyUpdate[] } {
    const table = make(new VirtualClock(), options)
    const updates: StickyUpdate[] = []
    table.on('update', (update) => updates.push(update))
    return { table, updates }
  }

  test('tell of every change, and of nothing else', () => {
    const { table, updates } = watched()
    const told = (act: () => unknown): unknown[] => {
      act()
      return updates.splice(0).map(({ key }) => key)
    }
    assert.deepEqual(
      told(() => table.store('a', 'app1')),
      ['a'],
    )
    assert.deepEqual(
      told(() => table.match('a')),
      ['a'],
    )
    assert.deepEqual(
      told(() => table.count('b', 'gpc0')),
      ['b'],
    )
    assert.deepEqual(
      told(() => table.set('b', { gpt0: 1 })),
      ['b'],
    )
    let entry = table.track('a')
    assert.deepEqual(
      told(() => undefined),
      ['a'],
    )
    assert.deepEqual(
      told(() => entry?.count('gpc0')),
      ['a'],
    )
    assert.deepEqual(
      told(() => entry?.release()),
      ['a'],
    )
    assert.deepEqual(
      told(() => table.delete('a')),
      ['a'],
    )
    for (const act of [
      () => table.match('z'),
      () => table.delete('z'),
      () => table.count('b', 'httpRequest'),
      () => [table.peek('b'), table.get('b'), table.has('b'), table.read('b', 'gpc0'), table.size],
      () => [[...table.entries()], [...table.dump()]],
      () => table.load([{ key: 'c' }, { key: 'b', values: { gpc0: 9 } }]),
    ]) {
      assert.deepEqual(told(act), [], String(act))
    }
    entry = table.track('c')
    updates.length = 0
    assert.deepEqual(
      told(() => table.clear()),
      ['b'],
      'what is in use stays',
    )
    entry?.release()
  })

  test('bring the entry as it stands when they are asked, and nothing when it is gone', () => {
    const { table, updates } = watched()
    table.count('a', 'gpc0', 2)
    table.count('a', 'gpc0', 3)
    assert.equal(updates.length, 2)
    assert.deepEqual(
      updates.map(({ record }) => record?.values?.gpc0),
      [5, 5],
    )
    table.delete('a')
    assert.deepEqual(
      updates.map(({ record }) => record),
      [undefined, undefined, undefined],
    )
  })

  test('can be gathered by id, and make another table the same', () => {
    for (const [type, keys] of [
      ['ip', ['192.0.2.7', '192.0.2.8']],
      ['ipv6', ['2001:db8::1', '192.0.2.8']],
      ['composite', [{ a: 'x', b: 1 }, ['y']]],
      ['binary', [Buffer.from('ab'), Buffer.from('c')]],
    ] as const) {
      const { table, updates } = watched({ type })
      for (let i = 0; i < 5; i++) for (const key of keys) table.count(key, 'gpc0', i)
      const latest = new Map(updates.map((update) => [update.id, update]))
      assert.equal(latest.size, 2)
      const other = make(table.clock as VirtualClock, { type })
      other.load([...latest.values()].map(({ record }) => record))
      assert.deepEqual(shown(other), shown(table))
    }
  })

  test('a listener that throws harms nobody, and is reported', () => {
    const { table, updates } = watched()
    const faults: string[] = []
    table.on('fault', ({ where }) => faults.push(where))
    table.on('update', () => {
      throw new Error('no')
    })
    assert.equal(table.store('a', 'app1'), true)
    assert.deepEqual([table.peek('a'), updates.length, faults], ['app1', 1, ["listener of 'update'"]])
  })
})
