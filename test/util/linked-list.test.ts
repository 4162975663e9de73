import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { LinkedList, type LinkedNode } from '../../src/util/linked-list.js'

class Member implements LinkedNode {
  nextInList: this | undefined
  previousInList: this | undefined
  list: object | undefined

  constructor(readonly name: number) {}
}

/** The members in order, as a user of the list would take them. */
function drained(list: LinkedList<Member>): number[] {
  const names: number[] = []
  for (let first = list.first; first !== undefined; first = list.first) {
    names.push(first.name)
    list.remove(first)
  }
  return names
}

describe('LinkedList', () => {
  test('gives members in the order they came', () => {
    const list = new LinkedList<Member>()
    assert.equal(list.first, undefined)
    for (const name of [1, 2, 3]) list.push(new Member(name))
    assert.equal(list.length, 3)
    assert.deepEqual(drained(list), [1, 2, 3])
    assert.equal(list.length, 0)
  })

  test('takes out only what stands in it, once', () => {
    const [list, other] = [new LinkedList<Member>(), new LinkedList<Member>()]
    const member = new Member(1)
    assert.equal(list.remove(member), false)
    list.push(member)
    assert.equal(other.remove(member), false)
    assert.equal(list.remove(member), true)
    assert.equal(list.remove(member), false)
    assert.equal(list.length, 0)
  })

  test('a member that left can join again, here or elsewhere', () => {
    const [list, other] = [new LinkedList<Member>(), new LinkedList<Member>()]
    const members = [1, 2, 3].map((name) => new Member(name))
    for (const member of members) list.push(member)
    list.remove(members[0]!)
    list.push(members[0]!)
    list.remove(members[1]!)
    other.push(members[1]!)
    assert.deepEqual(drained(list), [3, 1])
    assert.deepEqual(drained(other), [2])
  })

  test('agrees with two plain arrays under any series of pushes and removals', () => {
    const command = fc.record({
      member: fc.nat(9),
      list: fc.nat(1),
      do: fc.constantFrom('push' as const, 'remove' as const),
    })
    fc.assert(
      fc.property(fc.array(command, { maxLength: 100 }), (commands) => {
        const members = Array.from({ length: 10 }, (_, name) => new Member(name))
        const lists = [new LinkedList<Member>(), new LinkedList<Member>()] as const
        const models: [number[], number[]] = [[], []]
        for (const { member: name, list: which, do: action } of commands) {
          const [member, list, model] = [members[name]!, lists[which as 0 | 1], models[which as 0 | 1]]
          if (action === 'push') {
            if (models.some((other) => other.includes(name))) continue
            list.push(member)
            model.push(name)
          } else {
            const place = model.indexOf(name)
            assert.equal(list.remove(member), place >= 0)
            if (place >= 0) model.splice(place, 1)
          }
          assert.equal(list.length, model.length)
          assert.deepEqual([list.first?.name, list.last?.name], [model[0], model.at(-1)])
        }
        assert.deepEqual(lists.map(drained), models)
      }),
      { seed: 13, numRuns: 300 },
    )
  })
})
