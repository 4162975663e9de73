import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MemoryStore } from '../../src/sticky-table/memory-store.js'
import type { StoredKey } from '../../src/sticky-table/sticky-store.js'
import { OptionError } from '../../src/util/errors.js'
import { entry, testStickyStore } from '../conformance/sticky-store.js'
import { StickyStoreModel } from '../conformance/sticky-store-model.js'

testStickyStore('MemoryStore', (options) => new MemoryStore(options))
testStickyStore('the model', ({ capacity, noPurge }) => new StickyStoreModel(capacity, noPurge))

/** Bytes of memory in use after everything that nobody needs is gone. */
function usedMemory(): number {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** A store of `count` entries that expire at 1000, and one more that expires at 2000. */
function crowded(count: number): MemoryStore {
  const store = new MemoryStore({ capacity: count + 1 })
  for (let key = 0; key < count; key++) store.set(key, entry('s1', 1000), 1)
  store.set(-1, entry('s2', 2000), 1)
  return store
}

describe('MemoryStore', () => {
  test('takes a capacity with suffixes of powers of 1024, up to 8m', () => {
    const capacities = [1, '3', '2k', '8m'].map((capacity) => new MemoryStore({ capacity }).capacity)
    assert.deepEqual(capacities, [1, 3, 2048, 8_388_608])
  })

  test('refuses bad options by name', () => {
    for (const capacity of [0, -1, 1.5, '9m', 8_388_609, '1t', '', null]) {
      assert.throws(() => new MemoryStore(Object.assign({ capacity: 1 }, { capacity })), {
        constructor: OptionError,
        path: 'memoryStore.capacity',
      })
    }
    assert.throws(() => new MemoryStore(Object.assign({ capacity: 1 }, { max: 2 })), { path: 'memoryStore.max' })
  })

  test('takes no memory for entries that it has not got', () => {
    const before = usedMemory()
    const stores = Array.from({ length: 10 }, () => new MemoryStore({ capacity: '8m' }))
    const taken = usedMemory() - before
    assert.equal(stores.length, 10)
    assert.ok(taken < 1e6, `${taken} bytes`)
  })

  test('a key that was cut out of a long text does not keep that text in memory', () => {
    const store = new MemoryStore({ capacity: 1000 })
    const before = usedMemory()
    for (let index = 0; index < 1000; index++) {
      const head = `${index}`.padEnd(50_000, 'x')
      store.set(head.slice(0, 32), entry('s1'), 1)
    }
    const taken = usedMemory() - before
    assert.equal(store.size(1), 1000)
    assert.ok(taken < 5e6, `${taken} bytes`)
  })

  test('a count clears away expired entries in bounded slices, while look-ups and walks stay exact', () => {
    const store = crowded(25_000)
    assert.deepEqual([...store.entries(1000)].length, 1)
    assert.equal(store.get(0, 1000), undefined)
    assert.deepEqual([store.size(1000), store.size(1000), store.size(1000)], [23_001, 21_001, 19_001])
    assert.equal(store.get(-1, 1000)?.[0], 's2')
  })

  test('when all entries have expired they are gone at once, however many', () => {
    const store = crowded(25_000)
    assert.equal(store.size(2000), 0)
    assert.equal(store.size(1), 0)
  })

  test('the last entry of a store that had many goes as fast as any other', () => {
    const count = 300_000
    const store = new MemoryStore({ capacity: count })
    const held = entry('s1')
    for (let key = 0; key < count; key++) store.set(key, held, 1)
    for (let key = 0; key < count - 1; key++) store.delete(key)
    const start = process.cpuUsage()
    for (let key = count - 1; key < count + 3000; key++) {
      store.delete(key)
      store.set(key + 1, held, 1)
    }
    const time = process.cpuUsage(start).user / 1000
    assert.equal(store.size(1), 1)
    // Wiping all places that the store ever used, each time, takes seconds.
    assert.ok(time < 1000, `${time} ms of processor time`)
  })

  test('new keys clear away more expired entries than they are themselves', () => {
    const store = crowded(25_000)
    for (let key = 0; key < 2000; key++) store.set(`new ${key}`, entry('s1', 3000), 1500)
    assert.equal(store.size(1500), 9001)
  })
})

describe('a MemoryStore of many parts', () => {
  const capacity = 140_000

  /** A store whose keys from 0 on were set in that order, to expire at 1000 and later. */
  function filled(noPurge = false): MemoryStore {
    const store = new MemoryStore({ capacity, noPurge })
    for (let key = 0; key < capacity; key++) store.set(key, entry('s1', 1000 + key), 1)
    return store
  }

  /** Three characters, one for each byte of a number. */
  function bytes(index: number): string {
    return String.fromCharCode(index >>> 16, (index >>> 8) & 255, index & 255)
  }

  test('holds as much as it says, and evicts one of those touched longest ago for each new key', () => {
    const store = filled()
    assert.equal(store.size(1), capacity)
    for (let key = 0; key < 1000; key++) assert.ok(store.set(`new ${key}`, entry('s2'), 1))
    assert.equal(store.size(1), capacity)
    let evicted = 0
    for (let key = 0; key < capacity; key++) {
      if (store.get(key, 1) !== undefined) continue
      evicted++
      assert.ok(key < 10_000, `${key} was evicted`)
    }
    assert.equal(evicted, 1000)
    for (let key = 0; key < 1000; key++) assert.equal(store.get(`new ${key}`, 1)?.[0], 's2')
  })

  test('refuses exactly from its capacity on, and takes again what expiry makes room for, in whatever part', () => {
    const store = filled(true)
    for (let key = 0; key < 100; key++) assert.equal(store.set(`new ${key}`, entry('s2'), 999), false)
    assert.equal(store.set('new', entry('s2'), 1000), true)
    assert.equal(store.set('other', entry('s2'), 1000), false)
    assert.equal(store.size(1000), capacity)
  })

  test('keeps what is in use, and finds an idle entry in another part to evict', () => {
    const store = new MemoryStore({ capacity })
    assert.ok(store.set('idle', entry('s2'), 1))
    for (let key = 0; key < capacity - 1; key++) store.set(key, entry('s1', 1000 + key, 1), 1)
    assert.ok(store.set('next', entry('s3'), 1))
    assert.deepEqual([store.get('idle', 1), store.get('next', 1)?.[0]], [undefined, 's3'])
    for (let key = 0; key < capacity - 1; key += 1000) assert.equal(store.get(key, 9e9)?.[0], 's1')
    assert.equal(store.size(9e9), capacity)
    store.clear()
    assert.equal(store.size(9e9), capacity - 1)
  })

  test('walks over all, may lose what it walks over, and is empty when cleared', () => {
    const store = filled()
    const seen = new Set<StoredKey>()
    for (const [key] of store.entries(1)) {
      seen.add(key)
      if (Number(key) % 2 === 0) store.delete(key)
    }
    assert.equal(seen.size, capacity)
    assert.equal(store.size(1), capacity / 2)
    store.clear()
    assert.deepEqual([store.size(1), [...store.entries(1)]], [0, []])
  })

  test('has no part much larger than others, whatever its keys look like', () => {
    const kinds: readonly ((index: number) => StoredKey)[] = [
      (index) => index,
      (index) => `${index}`.padStart(32, '0'),
      (index) => `${index}:`.padEnd(32, '0'),
      // IPv6 addresses of one network.
      (index) => `\u0020\u0001\u000d\u00b8${'\0'.repeat(9)}${bytes(index)}`,
      (index) => `{"agent":"curl/7.88.1","source":"10.${index >>> 16}.${(index >>> 8) & 255}.${index & 255}"}`,
    ]
    for (const makeKey of kinds) {
      const store = new MemoryStore({ capacity })
      for (let index = 0; index < capacity; index++) store.set(makeKey(index), entry('s1'), 1)
      // A full part evicts its own oldest: were all keys in one, these would be the first ones exactly.
      for (let index = capacity; index < capacity + 1000; index++) store.set(makeKey(index), entry('s1'), 1)
      const evicted = Array.from({ length: 20_000 }, (_, index) => index).filter(
        (index) => store.get(makeKey(index), 1) === undefined,
      )
      assert.equal(evicted.length, 1000, String(makeKey))
      assert.ok(evicted.at(-1)! > 1000, `${String(makeKey)}: all in one part`)
    }
  })
})
