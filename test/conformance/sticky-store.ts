import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { StickyEntry, StickyStore, StoredKey } from '../../src/sticky-table/sticky-store.js'
import { StickyStoreModel } from './sticky-store-model.js'

/** Makes an empty store. One with `noPurge` refuses new keys when it is full. */
export type CreateStore = (options: { readonly capacity: number; readonly noPurge: boolean }) => StickyStore

export function entry(server: string, expiresAt = Infinity, uses = 0): StickyEntry {
  return [server, expiresAt, uses]
}

function keysOf(store: StickyStore, now: number): StoredKey[] {
  return [...store.entries(now)].map(([key]) => key)
}

/** Everything that a {@link StickyStore} promises. Leave `noPurge` out for a store that can't refuse. */
export function testStickyStore(name: string, create: CreateStore, modes: readonly boolean[] = [false, true]): void {
  describe(`${name} as a StickyStore`, () => {
    testLookUps(create)
    testEviction(create)
    if (modes.includes(true)) testRefusal(create)
    testExpiry(create)
    testUse(create)
    testWalks(create)
    for (const noPurge of modes) testAgainstModel(create, noPurge)
  })
}

function testLookUps(create: CreateStore): void {
  test('gives back the very entry that was set last', () => {
    const store = create({ capacity: 3, noPurge: false })
    assert.equal(store.get('a', 1), undefined)
    const [one, two] = [entry('s1'), entry('s2')]
    assert.equal(store.set('a', one, 1), true)
    assert.equal(store.get('a', 1), one)
    assert.equal(store.set('a', two, 1), true)
    assert.equal(store.get('a', 1), two)
    assert.equal(store.size(1), 1)
  })

  test('tells apart numbers, texts that look like them, and texts that JSON or UTF-8 would spoil', () => {
    const keys = [0, -1, '0', '', '__proto__', '\0', '\xff', '\ud800', '\udfff', 'é', 'e\u0301', '字'.repeat(20)]
    const store = create({ capacity: keys.length, noPurge: false })
    for (const [index, key] of keys.entries()) store.set(key, entry(`s${index}`), 1)
    assert.deepEqual(
      keys.map((key) => store.get(key, 1)?.[0]),
      keys.map((_, index) => `s${index}`),
    )
    assert.deepEqual(keysOf(store, 1), keys)
  })

  test('forgets what is deleted, once, and everything when cleared', () => {
    const store = create({ capacity: 3, noPurge: false })
    for (const key of ['a', 'b', 'c']) store.set(key, entry('s1'), 1)
    assert.equal(store.delete('b'), true)
    assert.equal(store.delete('b'), false)
    assert.equal(store.get('b', 1), undefined)
    assert.deepEqual(keysOf(store, 1), ['a', 'c'])
    store.clear()
    assert.deepEqual([store.size(1), keysOf(store, 1), store.get('a', 1)], [0, [], undefined])
    store.set('a', entry('s2'), 1)
    assert.equal(store.delete('z'), false)
    assert.deepEqual([store.size(1), store.delete('a'), store.size(1)], [1, true, 0])
  })
}

function testEviction(create: CreateStore): void {
  test('a new key in a full store evicts exactly the least recently set one', () => {
    const store = create({ capacity: 3, noPurge: false })
    assert.equal(store.capacity, 3)
    for (const key of ['a', 'b', 'c']) store.set(key, entry('s1'), 1)
    assert.equal(store.set('d', entry('s1'), 1), true)
    assert.deepEqual(keysOf(store, 1), ['b', 'c', 'd'])
  })

  test('setting an entry again saves it from being the next, looking it up does not', () => {
    const store = create({ capacity: 3, noPurge: false })
    const first = entry('s1')
    store.set('a', first, 1)
    for (const key of ['b', 'c']) store.set(key, entry('s1'), 1)
    store.set('a', first, 1)
    store.get('b', 1)
    store.set('d', entry('s1'), 1)
    assert.deepEqual(keysOf(store, 1), ['c', 'a', 'd'])
  })

  test('a touch gives the entry, and saves it from being the next', () => {
    const store = create({ capacity: 3, noPurge: false })
    const first = entry('s1')
    store.set('a', first, 1)
    for (const key of ['b', 'c']) store.set(key, entry('s1'), 1)
    assert.equal(store.touch('a', Infinity, 1), first)
    assert.equal(store.touch('z', Infinity, 1), undefined)
    assert.equal(store.set('d', entry('s1'), 1), true)
    assert.deepEqual(keysOf(store, 1), ['c', 'a', 'd'])
  })

  test('a known key evicts nobody', () => {
    const store = create({ capacity: 2, noPurge: false })
    for (const key of ['a', 'b', 'a', 'b']) store.set(key, entry('s1'), 1)
    assert.deepEqual(keysOf(store, 1), ['a', 'b'])
  })

  test('a store for one entry has the last one', () => {
    const store = create({ capacity: 1, noPurge: false })
    for (const key of ['a', 'b', 'c']) store.set(key, entry(key), 1)
    assert.deepEqual([store.size(1), keysOf(store, 1), store.get('c', 1)?.[0]], [1, ['c'], 'c'])
  })
}

function testRefusal(create: CreateStore): void {
  test('a full store that must not evict refuses new keys, and takes changes', () => {
    const store = create({ capacity: 2, noPurge: true })
    for (const key of ['a', 'b']) assert.equal(store.set(key, entry('s1'), 1), true)
    assert.equal(store.set('c', entry('s1'), 1), false)
    assert.equal(store.get('c', 1), undefined)
    assert.equal(store.set('a', entry('s2'), 1), true)
    assert.deepEqual(keysOf(store, 1), ['b', 'a'])
    store.delete('b')
    assert.equal(store.set('c', entry('s1'), 1), true)
  })

  test('what has expired makes room in a store that must not evict', () => {
    const store = create({ capacity: 2, noPurge: true })
    store.set('a', entry('s1', 10), 1)
    store.set('b', entry('s1', 20), 1)
    assert.equal(store.set('c', entry('s1', 30), 9), false)
    assert.equal(store.set('c', entry('s1', 30), 10), true)
    assert.deepEqual(keysOf(store, 10), ['b', 'c'])
  })
}

function testExpiry(create: CreateStore): void {
  test('an entry lives until the millisecond at which it expires, and no longer', () => {
    const store = create({ capacity: 3, noPurge: false })
    store.set('a', entry('s1', 1000), 1)
    store.set('b', entry('s1'), 1)
    assert.deepEqual([store.get('a', 999)?.[0], keysOf(store, 999), store.size(999)], ['s1', ['a', 'b'], 2])
    assert.deepEqual([store.get('a', 999.999)?.[0], store.size(999.999)], ['s1', 2])
    assert.deepEqual([store.get('a', 1000), keysOf(store, 1000), store.size(1000)], [undefined, ['b'], 1])
    assert.equal(store.get('b', Number.MAX_SAFE_INTEGER)?.[0], 's1')
  })

  test('an entry that is moved on in time and set again lives on', () => {
    const store = create({ capacity: 3, noPurge: false })
    const moved = entry('s1', 1000)
    store.set('a', moved, 1)
    moved[1] = 1500
    store.set('a', moved, 500)
    assert.deepEqual([store.get('a', 1499), store.size(1499)], [moved, 1])
    assert.deepEqual([store.get('a', 1500), store.size(1500)], [undefined, 0])
  })

  test('a touch gives an entry the time that it says, and finds none that has expired', () => {
    const store = create({ capacity: 3, noPurge: false })
    const touched = entry('s1', 1000)
    store.set('a', touched, 1)
    store.set('b', entry('s2', 1000), 1)
    assert.equal(store.touch('a', 1500, 500), touched)
    assert.deepEqual([touched[1], store.get('a', 1499), store.size(1499)], [1500, touched, 1])
    assert.equal(store.touch('b', 9000, 1000), undefined)
    assert.equal(store.touch('a', 9000, 1500), undefined)
    assert.deepEqual([store.get('a', 1500), store.size(1500)], [undefined, 0])
  })

  test('an expired key can be set anew', () => {
    const store = create({ capacity: 3, noPurge: false })
    store.set('a', entry('s1', 1000), 1)
    assert.equal(store.set('a', entry('s2', 3000), 2000), true)
    assert.deepEqual([store.get('a', 2999)?.[0], store.size(2999), store.size(3000)], ['s2', 1, 0])
  })

  test('look-ups and walks are exact in whatever order entries expire', () => {
    const store = create({ capacity: 4, noPurge: false })
    for (const [key, expiresAt] of Object.entries({ a: 40, b: 10, c: 30, d: 20 })) {
      store.set(key, entry('s1', expiresAt), 1)
    }
    assert.deepEqual(keysOf(store, 10), ['a', 'c', 'd'])
    assert.deepEqual(keysOf(store, 25), ['a', 'c'])
    assert.deepEqual([store.get('d', 25), store.get('c', 25)?.[0]], [undefined, 's1'])
    assert.deepEqual([keysOf(store, 40), store.size(40)], [[], 0])
  })
}

function testUse(create: CreateStore): void {
  test('an entry in use does not make room, the oldest of the others does', () => {
    const store = create({ capacity: 3, noPurge: false })
    const used = entry('s1', Infinity, 1)
    store.set('a', used, 1)
    for (const key of ['b', 'c']) store.set(key, entry('s1'), 1)
    for (const key of ['d', 'e', 'f']) assert.equal(store.set(key, entry('s1'), 1), true)
    assert.deepEqual([store.get('a', 1), keysOf(store, 1).sort(), store.size(1)], [used, ['a', 'e', 'f'], 3])
  })

  test('a store whose entries are all in use refuses new keys until one is released', () => {
    const store = create({ capacity: 2, noPurge: false })
    const [one, two] = [entry('s1', Infinity, 1), entry('s2', Infinity, 2)]
    store.set('a', one, 1)
    store.set('b', two, 1)
    assert.equal(store.set('c', entry('s1'), 1), false)
    assert.deepEqual([store.get('c', 1), store.size(1), keysOf(store, 1).sort()], [undefined, 2, ['a', 'b']])
    two[2] = 1
    assert.equal(store.set('b', two, 1), true)
    assert.equal(store.set('c', entry('s1'), 1), false)
    two[2] = 0
    assert.equal(store.set('b', two, 1), true)
    assert.equal(store.set('c', entry('s1'), 1), true)
    assert.deepEqual([store.get('b', 1), store.get('a', 1), store.size(1)], [undefined, one, 2])
  })

  test('an entry in use outlives its time, and from its release on lives as it then says', () => {
    const store = create({ capacity: 3, noPurge: false })
    const used = entry('s1', 1000, 1)
    store.set('a', used, 1)
    store.set('b', entry('s2', 1000), 1)
    assert.deepEqual([store.get('a', 5000), store.size(5000), keysOf(store, 5000)], [used, 1, ['a']])
    store.set('c', entry('s3', 6500), 5000)
    used[2] = 0
    used[1] = 7000
    assert.equal(store.set('a', used, 5000), true)
    assert.deepEqual([store.get('a', 6499), keysOf(store, 6499), store.size(6499)], [used, ['c', 'a'], 2])
    assert.deepEqual([store.get('a', 6999), keysOf(store, 6999), store.size(6999)], [used, ['a'], 1])
    assert.deepEqual([store.get('a', 7000), keysOf(store, 7000), store.size(7000)], [undefined, [], 0])
  })

  test('the end of its use makes an entry the most recently touched', () => {
    const store = create({ capacity: 3, noPurge: false })
    const used = entry('s1', Infinity, 1)
    store.set('a', used, 1)
    for (const key of ['b', 'c']) store.set(key, entry('s1'), 1)
    used[2] = 0
    store.set('a', used, 1)
    store.set('d', entry('s1'), 1)
    assert.deepEqual(keysOf(store, 1), ['c', 'a', 'd'])
  })

  test('an entry in use is neither deleted nor cleared', () => {
    const store = create({ capacity: 3, noPurge: false })
    const used = entry('s1', Infinity, 1)
    store.set('a', used, 1)
    store.set('b', entry('s1'), 1)
    assert.equal(store.delete('a'), false)
    store.clear()
    assert.deepEqual([store.get('a', 1), store.size(1), keysOf(store, 1)], [used, 1, ['a']])
    assert.equal(store.delete('a'), false)
    used[2] = 0
    store.set('a', used, 1)
    assert.deepEqual([store.size(1), keysOf(store, 1), store.delete('a'), store.size(1)], [1, ['a'], true, 0])
  })
}

function testWalks(create: CreateStore): void {
  test('each entry may be deleted when the walk has given it', () => {
    const keys = Array.from({ length: 30 }, (_, index) => index)
    for (const doomed of [(key: number) => key % 2 === 0, (key: number) => key >= 15, () => true]) {
      const store = create({ capacity: 30, noPurge: false })
      // Places are used twice, in another order, so that nothing is right by chance.
      for (const key of keys.toReversed()) store.set(key, entry('s1'), 1)
      for (const key of keys) store.set(key, entry('s1'), 1)
      const seen: StoredKey[] = []
      for (const [key] of store.entries(1)) {
        seen.push(key)
        if (doomed(Number(key))) store.delete(key)
      }
      assert.deepEqual(seen, keys)
      const left = keys.filter((key) => !doomed(key))
      assert.deepEqual([keysOf(store, 1), store.size(1)], [left, left.length])
    }
  })
}

function testAgainstModel(create: CreateStore, noPurge: boolean): void {
  const keys = fc.constantFrom<StoredKey>(1, 2, 3, 4, 'a', 'b', 'c', 'd')
  const command = fc.record({
    what: fc.constantFrom('set', 'set', 'set', 'touch', 'use', 'release', 'get', 'delete', 'size', 'entries', 'clear'),
    key: keys,
    wait: fc.constantFrom(0, 0, 1, 7, 50),
  })

  test(`agrees with a plain list under any series of calls${noPurge ? ', refusing' : ''}`, () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 80 }), fc.integer({ min: 1, max: 6 }), (commands, capacity) => {
        const [store, model] = [create({ capacity, noPurge }), new StickyStoreModel(capacity, noPurge)]
        let now = 1
        for (const [index, { what, key, wait }] of commands.entries()) {
          now += wait
          assert.deepEqual(play(store, what, key, now, index), play(model, what, key, now, index))
        }
        assert.deepEqual(shown(store, now), shown(model, now))
        assert.equal(store.size(now), model.size(now))
      }),
      { seed: 31, numRuns: 500 },
    )
  })
}

/** The idle entries in their order, and those in use in any. */
function shown(store: StickyStore, now: number): unknown {
  const all = [...store.entries(now)].map(([key, [server, expiresAt, uses]]) => ({ key, server, uses, expiresAt }))
  const used = all
    .filter(({ uses }) => uses > 0)
    .toSorted((one, other) => (String(one.key) < String(other.key) ? -1 : 1))
  return { idle: all.filter(({ uses }) => uses === 0), used }
}

/** How long entries live in {@link play}, in milliseconds. */
const lifetime = 60

/** Makes one call, and gives what can be seen of it. */
function play(store: StickyStore, what: string, key: StoredKey, now: number, index: number): unknown {
  const expiresAt = now + lifetime
  switch (what) {
    case 'set': {
      const uses = store.get(key, now)?.[2]
      return store.set(key, entry(`s${index}`, expiresAt, uses), now)
    }
    case 'touch':
      return store.touch(key, expiresAt, now)?.slice()
    case 'use': {
      const held = store.get(key, now) ?? entry(`s${index}`, expiresAt)
      held[2]++
      return store.set(key, held, now) || void held[2]--
    }
    case 'release': {
      const held = store.get(key, now)
      if (held === undefined || held[2] === 0) return undefined
      held[2]--
      held[1] = expiresAt
      return store.set(key, held, now)
    }
    case 'get':
      return store.get(key, now)?.slice()
    case 'delete':
      // Whether an expired entry is still held is the store's own affair.
      return store.get(key, now) === undefined ? void store.delete(key) : store.delete(key)
    case 'size':
      return store.size(now)
    case 'entries':
      return shown(store, now)
    default:
      return store.clear()
  }
}
