import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { StickyTable } from '../../src/sticky-table/sticky-table.js'
import type { StickyTableOptions } from '../../src/sticky-table/sticky-table-options.js'
import { VirtualClock } from '../../src/testing/index.js'
import { StickyStoreModel } from '../conformance/sticky-store-model.js'

function keysOf(table: StickyTable): unknown[] {
  return [...table.entries()].map(({ key }) => key)
}

/** A table on a clock of its own. */
function clocked(options: Partial<StickyTableOptions>): { table: StickyTable; clock: VirtualClock } {
  const clock = new VirtualClock()
  return { table: new StickyTable({ type: 'string', size: 10, clock, ...options }), clock }
}

describe('StickyTable', () => {
  test('remembers the server of each key, the last one stored', () => {
    const { table } = clocked({ type: 'ip' })
    assert.equal(table.match('192.0.2.7'), undefined)
    assert.equal(table.store('192.0.2.7', 'app1'), true)
    assert.equal(table.store('192.0.2.8', 'app2'), true)
    assert.equal(table.store('192.0.2.7', 'app3'), true)
    assert.deepEqual(
      ['192.0.2.7', '::ffff:192.0.2.8'].map((key) => table.match(key)),
      ['app3', 'app2'],
    )
    assert.deepEqual(
      ['192.0.2.7', '192.0.2.9'].map((key) => table.peek(key)),
      ['app3', undefined],
    )
    assert.deepEqual([table.size, table.capacity], [2, 10])
  })

  test('a sample that gives no key is neither stored nor found', () => {
    const { table } = clocked({ type: 'ip' })
    for (const key of [undefined, '2001:db8::1', 'nobody']) {
      assert.deepEqual(
        [table.store(key, 'app1'), table.match(key), table.peek(key), table.delete(key)],
        [false, undefined, undefined, false],
      )
    }
    assert.equal(table.size, 0)
  })

  test('tells which samples are keys', () => {
    const table = new StickyTable({ type: 'ip', size: 10 })
    const samples = ['192.0.2.7', 7, '2001:db8::1', 'a.test', '', undefined]
    assert.deepEqual(
      samples.map((sample) => table.takes(sample)),
      [true, true, false, false, false, false],
    )
    assert.equal(table.size, 0)
  })

  test('an IPv4 client and its mapped IPv6 address are one key in tables of either type', () => {
    for (const type of ['ip', 'ipv6'] as const) {
      const { table } = clocked({ type })
      table.store('192.0.2.7', 'app1')
      assert.equal(table.match('::ffff:192.0.2.7'), 'app1', type)
      assert.equal(table.size, 1)
    }
  })

  test('texts are cut to 32 characters unless the length says otherwise', () => {
    const long = '0123456789'.repeat(5)
    for (const [length, kept] of [
      [undefined, 32],
      [32, 32],
      [5, 5],
      [50, 50],
      [65_536, 50],
    ] as const) {
      const { table } = clocked(length === undefined ? {} : { length })
      table.store(long, 'app1')
      assert.deepEqual(keysOf(table), [long.slice(0, kept)])
      assert.equal(table.match(`${long.slice(0, kept)}${kept < 50 ? 'other' : ''}`), 'app1')
    }
  })

  test('a fourth key in a table of three evicts exactly the one that was touched longest ago', () => {
    const { table } = clocked({ size: 3 })
    for (const key of ['a', 'b', 'c']) table.store(key, 'app1')
    table.store('d', 'app1')
    assert.deepEqual(keysOf(table), ['b', 'c', 'd'])
    table.match('b')
    table.peek('c')
    table.store('e', 'app1')
    assert.deepEqual(keysOf(table), ['d', 'b', 'e'])
  })

  test('a full table that must not purge refuses new keys, keeps the old ones and takes their changes', () => {
    const { table, clock } = clocked({ size: 2, noPurge: true, expire: '1s' })
    table.store('a', 'app1')
    clock.advance(500)
    table.store('b', 'app1')
    assert.equal(table.store('c', 'app1'), false)
    assert.equal(table.store('b', 'app2'), true)
    assert.deepEqual([table.match('c'), table.peek('a'), table.peek('b')], [undefined, 'app1', 'app2'])
    clock.advance(500)
    assert.equal(table.store('c', 'app1'), true, 'the expired one makes room')
    assert.deepEqual(keysOf(table), ['b', 'c'])
  })

  test('an entry expires at its exact millisecond', () => {
    const { table, clock } = clocked({ expire: '30m' })
    table.store('a', 'app1')
    clock.advance(30 * 60_000 - 1)
    assert.deepEqual([table.peek('a'), table.size, keysOf(table)], ['app1', 1, ['a']])
    clock.advance(1)
    assert.deepEqual([table.peek('a'), table.match('a'), table.size, keysOf(table)], [undefined, undefined, 0, []])
    assert.equal(table.delete('a'), false)
  })

  test('storing and matching give an entry its whole time again, looking at it does not', () => {
    for (const [touch, lives] of [
      [(table: StickyTable) => table.match('a'), true],
      [(table: StickyTable) => table.store('a', 'app1'), true],
      [(table: StickyTable) => table.peek('a'), false],
      [(table: StickyTable) => [...table.entries()], false],
      [(table: StickyTable) => table.size, false],
    ] as const) {
      const { table, clock } = clocked({ expire: 100 })
      table.store('a', 'app1')
      clock.advance(60)
      touch(table)
      clock.advance(99)
      assert.equal(table.peek('a'), lives ? 'app1' : undefined, String(touch))
      clock.advance(1)
      assert.equal(table.peek('a'), undefined, String(touch))
    }
  })

  test('without an expiry, or with 0, entries live for ever', () => {
    for (const options of [{}, { expire: 0 }]) {
      const { table, clock } = clocked(options)
      table.store('a', 'app1')
      clock.advance(1e12)
      assert.deepEqual([...table.entries()], [{ key: 'a', server: 'app1', expiresIn: undefined, uses: 0, values: {} }])
      assert.equal(table.expire, Infinity)
    }
  })

  test('shows its entries with the time they have left, the one touched longest ago first', () => {
    const { table, clock } = clocked({ type: 'integer', expire: '10s' })
    table.store(1, 'app1')
    clock.advance(2000)
    table.store('2', 'app2')
    clock.advance(1000)
    assert.deepEqual(
      [...table.entries()],
      [
        { key: 1, server: 'app1', expiresIn: 7000, uses: 0, values: {} },
        { key: 2, server: 'app2', expiresIn: 9000, uses: 0, values: {} },
      ],
    )
  })

  test('forgets a key, or all', () => {
    const { table } = clocked({})
    for (const key of ['a', 'b', 'c']) table.store(key, 'app1')
    assert.deepEqual([table.delete('b'), table.delete('b'), table.match('b')], [true, false, undefined])
    assert.deepEqual(keysOf(table), ['a', 'c'])
    table.clear()
    assert.deepEqual([table.size, keysOf(table), table.match('a')], [0, [], undefined])
  })

  test("a server's clients can be forgotten while the entries are walked over", () => {
    const { table } = clocked({})
    for (const [index, key] of ['a', 'b', 'c', 'd'].entries()) table.store(key, `app${index % 2}`)
    for (const { key, server } of table.entries()) if (server === 'app1') table.delete(key)
    assert.deepEqual(keysOf(table), ['a', 'c'])
  })

  test('composite keys are found whatever the order of their names', () => {
    const { table } = clocked({ type: 'composite' })
    table.store({ source: '192.0.2.7', agent: 'curl' }, 'app1')
    assert.equal(table.match({ agent: 'curl', source: '192.0.2.7' }), 'app1')
    assert.equal(table.match({ agent: 'wget', source: '192.0.2.7' }), undefined)
    assert.equal(table.match({ agent: undefined, source: '192.0.2.7' }), undefined)
    assert.deepEqual(keysOf(table), [{ agent: 'curl', source: '192.0.2.7' }])
  })

  test('leaves no timer behind', () => {
    const { table, clock } = clocked({ expire: '1s' })
    table.store('a', 'app1')
    table.match('a')
    assert.equal(clock.timers, 0)
  })

  test('entries are kept in the store that is given', () => {
    const clock = new VirtualClock()
    const store = new StickyStoreModel(2, false)
    const table = new StickyTable({ type: 'ip', expire: 100, clock, backing: store })
    for (const key of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) table.store(key, 'app1')
    assert.deepEqual([table.capacity, table.size, keysOf(table)], [2, 2, ['192.0.2.2', '192.0.2.3']])
    assert.equal(store.size(clock.now()), 2)
    clock.advance(50)
    assert.equal(table.match('192.0.2.2'), 'app1')
    assert.deepEqual(
      [...store.entries(clock.now())].map(([, [, expiresAt]]) => expiresAt - clock.now()),
      [50, 100],
      'the store is told of every touch',
    )
  })

  test('agrees with a Map in the order of touches under any series of calls', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
    const call = fc.record({
      what: fc.constantFrom('store', 'store', 'match', 'match', 'peek', 'delete'),
      key,
      server: fc.constantFrom('app1', 'app2'),
      wait: fc.constantFrom(0, 1, 10, 40),
    })
    fc.assert(
      fc.property(
        fc.array(call, { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        (calls, size, noPurge) => {
          const { table, clock } = clocked({ size, noPurge, expire: 50 })
          // Keys in the order of touches, with the time of the last one.
          let model: { key: string; server: string; touched: number }[] = []
          for (const { what, key, server, wait } of calls) {
            clock.advance(wait)
            model = model.filter(({ touched }) => clock.now() < touched + 50)
            const known = model.find((entry) => entry.key === key)
            const others = model.filter((entry) => entry !== known)
            if (what === 'peek') assert.equal(table.peek(key), known?.server)
            if (what === 'match') {
              assert.equal(table.match(key), known?.server)
              if (known) model = [...others, { ...known, touched: clock.now() }]
            }
            if (what === 'delete') {
              assert.equal(table.delete(key), known !== undefined)
              model = others
            }
            if (what === 'store') {
              const isRefused = !known && others.length === size && noPurge
              assert.equal(table.store(key, server), !isRefused)
              if (!isRefused) model = [...others, { key, server, touched: clock.now() }].slice(-size)
            }
            assert.equal(table.size, model.length)
          }
          assert.deepEqual(
            [...table.entries()],
            model.map(({ key, server, touched }) => ({
              key,
              server,
              expiresIn: touched + 50 - clock.now(),
              uses: 0,
              values: {},
            })),
          )
        },
      ),
      { seed: 17, numRuns: 500 },
    )
  })
})
