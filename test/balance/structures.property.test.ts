import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { IndexSet } from '../../src/balance/index-set.js'
import { StableHeap } from '../../src/balance/stable-heap.js'
import { WeightedLots } from '../../src/balance/weighted-lots.js'
import { weightedSlots } from '../../src/balance/weighted-slots.js'

const seed = 20_240_501

describe('a stable heap', () => {
  const step = fc.record({
    what: fc.constantFrom('push', 'requeue', 'remove', 'pop'),
    node: fc.nat(40),
    key: fc.nat(5),
  })

  test('gives its members in the order that a stable sort would', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const heap = new StableHeap<{ id: number; place: number }>()
        const nodes = Array.from({ length: 41 }, (_, id) => ({ id, place: -1 }))
        // In order of arrival; the first lowest key is the heap's first.
        let model: { id: number; key: number }[] = []
        const ordered = () => model.toSorted((one, other) => one.key - other.key)
        for (const { what, node: id, key } of steps) {
          const node = nodes[what === 'pop' ? (ordered()[0]?.id ?? 0) : id]!
          const isIn = node.place >= 0
          const others = model.filter((other) => other.id !== node.id)
          if (what === 'push' && !isIn) {
            heap.push(node, key)
            model.push({ id: node.id, key })
          } else if (what === 'requeue' && isIn) {
            heap.requeue(node, key)
            model = [...others, { id: node.id, key }]
          } else if ((what === 'remove' || what === 'pop') && isIn) {
            heap.remove(node)
            model = others
          }
          assert.equal(heap.size, model.length)
          assert.deepEqual([heap.first?.id, heap.second?.id], [ordered()[0]?.id, ordered()[1]?.id])
        }
      }),
      { seed, numRuns: 300 },
    )
  })
})

describe('an index set', () => {
  test('finds the next member as a search through all would', () => {
    const sized = fc.constantFrom(1, 31, 32, 33, 1024, 1025, 2080, 33_000).chain((limit) => {
      const index = fc.nat(limit - 1)
      const step = fc.tuple(fc.constantFrom('add', 'delete', 'next'), index)
      return fc.record({
        limit: fc.constant(limit),
        isFull: fc.boolean(),
        steps: fc.array(step, { maxLength: 80, size: 'max' }),
      })
    })
    fc.assert(
      fc.property(sized, ({ limit, isFull, steps }) => {
        const set = isFull ? IndexSet.full(limit) : new IndexSet(limit)
        const model = new Set<number>(isFull ? Array(limit).keys() : [])
        for (const [what, index] of steps) {
          if (what === 'add') model.add(index)
          if (what === 'delete') model.delete(index)
          if (what !== 'next') set[what](index)
          let next = index
          while (next < limit && !model.has(next)) next++
          if (next === limit) next = -1
          assert.equal(set.next(index), next)
          assert.equal(set.has(index), model.has(index))
          assert.equal(set.size, model.size)
          assert.equal(set.next(limit), -1)
        }
      }),
      { seed, numRuns: 300 },
    )
  })
})

describe('weighted slots', () => {
  /** The same by HAProxy's own way: every server is looked at for every slot. */
  function slotBySlot(weights: readonly number[]): number[] {
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    const scores = weights.map(() => 0)
    return Array.from({ length: total }, () => {
      for (const [server, weight] of weights.entries()) scores[server]! += weight
      const multiples = scores.map((score) => Math.floor((score + total) / total))
      const winner = multiples.indexOf(Math.max(...multiples))
      scores[winner]! -= total
      return winner
    })
  }

  test('are spread as when every server is looked at for every slot', () => {
    const weights = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 256 })), {
      maxLength: 20,
      size: 'max',
    })
    fc.assert(
      fc.property(weights, (weights) => {
        assert.deepEqual([...weightedSlots(weights)], slotBySlot(weights))
      }),
      { seed, numRuns: 300, examples: [[[1]], [[1, 1]], [[256, 1]], [[1, 256, 1]]] },
    )
  })

  test('are spread so among many servers of few weights', () => {
    const many = Array.from({ length: 1500 }, (_, index) => 1 + ((index * 7) % 3))
    const heavyLast = [...Array<number>(100).fill(3), ...Array<number>(100).fill(2), 40]
    const kinds = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 })
    const weights = kinds.chain((kinds) => fc.array(fc.constantFrom(...kinds), { maxLength: 60, size: 'max' }))
    fc.assert(
      fc.property(weights, (weights) => {
        assert.deepEqual([...weightedSlots(weights)], slotBySlot(weights))
      }),
      { seed, numRuns: 100, examples: [[many], [heavyLast], [heavyLast.toReversed()]] },
    )
  })
})

describe('weighted lots', () => {
  test('give every number its share of the total', () => {
    const changes = fc.array(fc.tuple(fc.nat(30), fc.nat(5)), { maxLength: 40, size: 'max' })
    const weights = fc.array(fc.nat(5), { minLength: 31, maxLength: 70 })
    fc.assert(
      fc.property(weights, changes, (weights, changes) => {
        const lots = new WeightedLots(weights)
        const model = [...weights]
        for (const [number, weight] of changes) {
          lots.setWeight(number, weight)
          model[number] = weight
        }
        const shares = model.flatMap((weight, number) => Array<number>(weight).fill(number))
        assert.equal(lots.total, shares.length)
        assert.deepEqual(
          shares.map((_, point) => lots.at(point)),
          shares,
        )
        for (const [number, weight] of model.entries()) {
          assert.equal(lots.weightOf(number), weight)
          assert.equal(lots.sumBelow(number), shares.filter((other) => other < number).length)
        }
      }),
      { seed, numRuns: 200 },
    )
  })
})
