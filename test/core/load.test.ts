import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SessionCounters } from '../../src/core/counters.js'
import { type Limited, Load } from '../../src/core/load.js'

const server = (maxConnections: number): Limited => ({ maxConnections, hasDynamicLimit: true })

function makeLoad(full?: number) {
  const grown: Limited[] = []
  const load = new Load<Limited>(new SessionCounters(), full, (server) => grown.push(server))
  const begin = (times = 1): void => {
    for (let i = 0; i < times; i++) load.exchangeBegan(1)
  }
  return { load, grown, begin }
}

describe('a limit that follows traffic', () => {
  test('is what HAProxy has with minconn 1, maxconn 8 and fullconn 20', () => {
    const { load, begin } = makeLoad(20)
    const limits = Array.from({ length: 26 }, () => {
      begin()
      return load.limit(1, 8)
    })
    assert.deepEqual(limits, [1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 8, 8, 8, 8, 8, 8, 8])
  })

  test('shrinks again, and is never below the least nor above the most', () => {
    const { load, begin } = makeLoad(10)
    begin(9)
    assert.deepEqual([load.limit(3, 10), load.limit(20, 10)], [9, 10])
    for (let i = 0; i < 8; i++) load.exchangeEnded()
    assert.deepEqual([load.limit(3, 10), load.limit(1, 10)], [3, 1])
  })

  test('is told of when it grows, by servers that follow', () => {
    const { load, grown, begin } = makeLoad(10)
    const [five, alike, ten] = [server(5), server(5), server(10)]
    load.follow([five, { maxConnections: 7, hasDynamicLimit: false }, ten, alike])
    begin()
    assert.deepEqual(grown, [ten])
    begin()
    assert.deepEqual(grown, [ten, five, alike, ten])
    begin(8)
    grown.length = 0
    begin(5)
    assert.deepEqual(grown, [], 'a backend that is full has no more to give')
  })
})

describe('the exchanges that make a backend full', () => {
  test('are a tenth of what its frontends let in, rounded up, at least 1', () => {
    const { load } = makeLoad()
    assert.equal(load.full, 1)
    const first = { capacity: 15 }
    load.enter(first)
    assert.equal(load.full, 2)
    load.enter({ capacity: 86 })
    assert.equal(load.full, 11)
    first.capacity = 1000
    load.measure()
    assert.equal(load.full, 109)
  })

  test('are endless behind a frontend without a limit, unless they are given', () => {
    const unlimited = { capacity: Infinity }
    const { load, begin } = makeLoad()
    load.enter(unlimited)
    begin(1000)
    assert.equal(load.limit(2, 100), 2)
    const given = makeLoad(4)
    given.load.enter(unlimited)
    assert.equal(given.load.full, 4)
  })
})
