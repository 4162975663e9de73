import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Waiter, WaitQueue } from '../../src/core/wait-queue.js'

class Somebody implements Waiter<string> {
  place = -1
  queue: WaitQueue<string> | undefined
  turn = 0

  constructor(readonly name: number) {}

  slotGranted(): void {}
  queueMoved(): void {}
}

const makeQueue = (limit = 0, counters = { queueMax: 0 }) => new WaitQueue({ server: 'a', limit, counters })

function fill(queue: WaitQueue<string>, turns: readonly number[]): Somebody[] {
  return turns.map((turn, name) => {
    const somebody = new Somebody(name)
    queue.push(somebody, turn)
    return somebody
  })
}

function names(waiters: readonly Waiter<string>[]): number[] {
  return waiters.map((waiter) => (waiter as Somebody).name)
}

describe('a wait queue', () => {
  test('goes by turns, and equal ones as they came', () => {
    const queue = makeQueue()
    fill(queue, [2, 1, 2, 1, 0])
    assert.equal(queue.length, 5)
    assert.deepEqual(names(queue.clear()), [4, 1, 3, 0, 2])
    assert.deepEqual([queue.length, queue.first], [0, undefined])
  })

  test('notes the most that waited, and says when that is as many as may', () => {
    const counters = { queueMax: 0 }
    const queue = makeQueue(2, counters)
    fill(queue, [1])
    assert.equal(queue.isFull, false)
    const [second] = fill(queue, [1])
    assert.equal(queue.isFull, true)
    queue.remove(second!)
    assert.deepEqual([queue.isFull, counters.queueMax], [false, 2])
    assert.equal(makeQueue().isFull, false)
  })

  test('says of everybody whether it waits here', () => {
    const queue = makeQueue()
    const [first, second] = fill(queue, [1, 2])
    assert.ok(first && second)
    queue.remove(first)
    assert.deepEqual([first.queue, second.queue], [undefined, queue])
    assert.equal(queue.first, second)
  })

  test('keeps the order through any leaving and coming', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ leaves: fc.boolean(), pick: fc.nat(30), turn: fc.nat(5) })), (steps) => {
        const queue = makeQueue()
        const model: Somebody[] = []
        for (const [name, { leaves, pick, turn }] of steps.entries()) {
          const gone = leaves ? model.splice(pick, 1)[0] : undefined
          if (gone !== undefined) queue.remove(gone)
          if (leaves) continue
          const somebody = new Somebody(name)
          const behind = model.findIndex((other) => other.turn > turn)
          model.splice(behind < 0 ? model.length : behind, 0, somebody)
          queue.push(somebody, turn)
          assert.equal(queue.length, model.length)
          assert.equal(queue.first, model[0])
        }
        assert.deepEqual(names(queue.clear()), names(model))
      }),
    )
  })
})
