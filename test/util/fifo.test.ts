import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Fifo, type FifoNode } from '../../src/util/fifo.js'

class Member implements FifoNode {
  nextInQueue: this | undefined
  previousInQueue: this | undefined
  queue: object | undefined

  constructor(readonly name: number) {}
}

/** The members in order, as a user of the queue would take them. */
function drained(queue: Fifo<Member>): number[] {
  const names: number[] = []
  for (let first = queue.first; first !== undefined; first = queue.first) {
    names.push(first.name)
    queue.remove(first)
  }
  return names
}

describe('Fifo', () => {
  test('gives members in the order they came', () => {
    const queue = new Fifo<Member>()
    assert.equal(queue.first, undefined)
    for (const name of [1, 2, 3]) queue.push(new Member(name))
    assert.equal(queue.length, 3)
    assert.deepEqual(drained(queue), [1, 2, 3])
    assert.equal(queue.length, 0)
  })

  test('takes out only what stands in it, once', () => {
    const [queue, other] = [new Fifo<Member>(), new Fifo<Member>()]
    const member = new Member(1)
    assert.equal(queue.remove(member), false)
    queue.push(member)
    assert.equal(other.remove(member), false)
    assert.equal(queue.remove(member), true)
    assert.equal(queue.remove(member), false)
    assert.equal(queue.length, 0)
  })

  test('a member that left can join again, here or elsewhere', () => {
    const [queue, other] = [new Fifo<Member>(), new Fifo<Member>()]
    const members = [1, 2, 3].map((name) => new Member(name))
    for (const member of members) queue.push(member)
    queue.remove(members[0]!)
    queue.push(members[0]!)
    queue.remove(members[1]!)
    other.push(members[1]!)
    assert.deepEqual(drained(queue), [3, 1])
    assert.deepEqual(drained(other), [2])
  })

  test('agrees with two plain arrays under any series of pushes and removals', () => {
    const command = fc.record({
      member: fc.nat(9),
      queue: fc.nat(1),
      do: fc.constantFrom('push' as const, 'remove' as const),
    })
    fc.assert(
      fc.property(fc.array(command, { maxLength: 100 }), (commands) => {
        const members = Array.from({ length: 10 }, (_, name) => new Member(name))
        const queues = [new Fifo<Member>(), new Fifo<Member>()] as const
        const models: [number[], number[]] = [[], []]
        for (const { member: name, queue: which, do: action } of commands) {
          const [member, queue, model] = [members[name]!, queues[which as 0 | 1], models[which as 0 | 1]]
          if (action === 'push') {
            if (models.some((other) => other.includes(name))) continue
            queue.push(member)
            model.push(name)
          } else {
            const place = model.indexOf(name)
            assert.equal(queue.remove(member), place >= 0)
            if (place >= 0) model.splice(place, 1)
          }
          assert.equal(queue.length, model.length)
          assert.equal(queue.first?.name, model[0])
        }
        assert.deepEqual(queues.map(drained), models)
      }),
      { seed: 13, numRuns: 300 },
    )
  })
})
