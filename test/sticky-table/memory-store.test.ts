import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MemoryStore } from '../../src/sticky-table/memory-store.js'
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
    assert.deepEqual([store.size(1000), store.size(1000), store.size(1000)], [15_001, 5001, 1])
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
    assert.equal(store.size(1500), 2001)
  })
})
