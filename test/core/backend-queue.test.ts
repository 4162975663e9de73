import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Backend } from '../../src/core/backend.js'
import { Asker, check, makeBackend, two } from '../support/asker.js'

describe('an exchange that asks', () => {
  test('gets a server with a slot taken', () => {
    const { ask, backend } = makeBackend()
    const { server } = ask()
    assert.ok(server)
    assert.deepEqual([server.served, server.counters.chosen, backend.counters.chosen], [1, 1, 1])
  })

  test('waits for any server when none has room', () => {
    const { ask, backend } = makeBackend()
    ask()
    ask()
    assert.deepEqual([ask().answer, backend.queue.length, backend.counters.queueMax], ['queued', 1, 1])
  })

  test('waits for the very server that it is bound to, whoever else has room', () => {
    const { ask, backend } = makeBackend()
    ask('a')
    assert.equal(ask('a').answer, 'queued')
    const { queued, counters } = backend.server('a')
    assert.deepEqual([queued, counters.queueMax, backend.queue.length, backend.server('b').served], [1, 1, 0, 0])
  })

  test('is refused when no server is usable', () => {
    const { ask, backend } = makeBackend()
    for (const server of backend.servers) server.maintenance()
    assert.equal(ask().answer, 'no-server')
    assert.equal(new Asker(new Backend('empty')).ask().answer, 'no-server')
  })

  test('does not overtake those who wait already', () => {
    const { ask, backend } = makeBackend()
    const [first, second] = [ask(), ask()]
    const waiting = ask()
    let late: Asker | undefined
    // In the moment in which a slot is free, before it is given to who waits.
    waiting.slotGranted = (server) => {
      late = ask()
      Asker.prototype.slotGranted.call(waiting, server)
    }
    const more = ask()
    first.leave()
    assert.ok(waiting.server)
    second.leave()
    assert.ok(more.server)
    assert.equal(late?.answer, 'queued')
    assert.equal(backend.queue.length, 1)
  })
})

describe('a slot that becomes free', () => {
  test('goes to who has waited longest', () => {
    const { ask } = makeBackend()
    const holders = [ask(), ask()]
    const waiting = [ask(), ask(), ask()]
    holders[0]?.leave()
    holders[1]?.leave()
    assert.deepEqual(
      waiting.map(({ answer }) => answer),
      ['granted', 'granted', 'queued'],
    )
  })

  test('goes to the longest waiter, be it for this server or for any', () => {
    for (const order of [
      ['a', ''],
      ['', 'a'],
    ]) {
      const { ask } = makeBackend()
      const holder = ask('a')
      ask('b')
      const [older, younger] = order.map((to) => ask(to))
      holder.leave()
      assert.deepEqual([older?.answer, younger?.answer], ['granted', 'queued'])
    }
  })

  test('goes to who waits for this server when both have waited alike', () => {
    const { ask, backend } = makeBackend()
    const holder = ask('a')
    ask('b')
    const any = new Asker(backend).ask()
    const own = new Asker(backend, 'a').ask()
    holder.leave()
    assert.deepEqual([own.answer, any.answer], ['granted', 'queued'])
  })

  test('does not go to who waits for another server', () => {
    const { ask } = makeBackend()
    ask('b')
    const holder = ask('a')
    const waiting = ask('b')
    holder.leave()
    assert.equal(waiting.answer, 'queued')
  })

  test('is passed on by who gives it back at once', () => {
    const { ask, backend } = makeBackend()
    const holders = [ask(), ask()]
    const failing = [ask(), ask(), ask()]
    for (const asker of failing) {
      asker.slotGranted = (server) => {
        Asker.prototype.slotGranted.call(asker, server)
        asker.leave()
      }
    }
    const last = ask()
    holders[0]?.leave()
    assert.equal(last.answer, 'granted')
    assert.equal(backend.queue.length, 0)
  })

  test('is passed on by ten thousand of them without a deep stack', () => {
    const { ask, backend } = makeBackend({ servers: { a: two.a } })
    const holder = ask()
    for (let i = 0; i < 10_000; i++) {
      const asker = ask()
      asker.slotGranted = (server) => {
        Asker.prototype.slotGranted.call(asker, server)
        asker.leave()
      }
    }
    holder.leave()
    assert.deepEqual([backend.queue.length, backend.server('a').served], [0, 0])
  })
})

/** Who of these gets the slots that `free` begins to free, in order; each gives its slot back at once. */
function turns(waiters: readonly Asker[], free: () => void): number[] {
  const order: number[] = []
  for (const [index, waiter] of waiters.entries()) {
    waiter.slotGranted = (server) => {
      order.push(index)
      Asker.prototype.slotGranted.call(waiter, server)
      waiter.leave()
    }
  }
  free()
  return order
}

describe('a priority', () => {
  test('lets a lower class go first, however long the others have waited', () => {
    const { ask } = makeBackend({ servers: { a: two.a } })
    const holder = ask()
    const waiting = [ask(), ask('', { class: 1, offset: 0 }), ask('', { class: -1, offset: 0 })]
    assert.deepEqual(
      turns(waiting, () => holder.leave()),
      [2, 0, 1],
    )
  })

  test('counts an offset as time within a class', () => {
    const { ask, clock } = makeBackend({ servers: { a: two.a } })
    const holder = ask()
    const first = ask()
    clock.advance(100)
    const offset = (ms: number) => ask('', { class: 0, offset: ms })
    const waiting = [first, offset(50), offset(-99), offset(-110), ask()]
    assert.deepEqual(
      turns(waiting, () => holder.leave()),
      [3, 0, 2, 4, 1],
    )
  })

  test('counts between who waits for this server and who waits for any', () => {
    for (const to of ['a', '']) {
      const { ask } = makeBackend()
      const holder = ask('a')
      ask('b')
      const other = to === '' ? 'a' : ''
      const waiting = [ask(other), ask(to, { class: -1, offset: 0 })]
      assert.deepEqual(
        turns(waiting, () => holder.leave()),
        [1, 0],
      )
    }
  })
})

test('a waiter that leaves frees its place', () => {
  const { ask, backend } = makeBackend()
  const holders = [ask(), ask()]
  const [first, second] = [ask(), ask()]
  first.leave()
  assert.equal(backend.queue.length, 1)
  holders[0]?.leave()
  assert.deepEqual([first.answer, second.answer], ['gone', 'granted'])
})

describe('those who wait for one server', () => {
  for (const order of ['drain', 'maintenance'] as const) {
    test(`go elsewhere when it is ordered to ${order}`, () => {
      const { ask, backend } = makeBackend()
      ask('a')
      const waiting = [ask('a'), ask('a')]
      backend.server('a')[order]()
      assert.deepEqual(
        waiting.map(({ answer, server }) => [answer, server?.name]),
        [
          ['granted', 'b'],
          ['queued', undefined],
        ],
      )
      assert.deepEqual([backend.server('a').queued, backend.queue.length], [0, 1])
    })
  }

  test('go elsewhere when checks take it down', () => {
    const { ask, backend } = makeBackend({ check: true })
    ask('a')
    const waiting = ask('a')
    check(backend.server('a'), false)
    assert.equal(waiting.server?.name, 'b')
  })

  test('are refused when there is nowhere else', () => {
    const { ask, backend } = makeBackend({ servers: { a: two.a } })
    ask('a')
    const waiting = ask('a')
    backend.server('a').maintenance()
    assert.equal(waiting.answer, 'no-server')
  })

  test('stay, and are served by it, without redispatch', () => {
    const { ask, backend } = makeBackend({ redispatch: false })
    const holder = ask('a')
    const waiting = ask('a')
    backend.server('a').maintenance()
    assert.equal(waiting.answer, 'queued')
    holder.leave()
    assert.equal(waiting.server?.name, 'a')
  })

  test('stay when only its weight changes', () => {
    const { ask, backend } = makeBackend()
    ask('a')
    const waiting = ask('a')
    backend.server('a').weight = 7
    assert.equal(waiting.answer, 'queued')
  })
})

describe('those who wait for any server', () => {
  test('are served by one that comes up, up to its limit', () => {
    const { ask, backend } = makeBackend({ servers: { a: two.a, b: { ...two.b, maxConnections: 2 } }, check: true })
    check(backend.server('b'), false)
    ask()
    const waiting = [ask(), ask(), ask()]
    check(backend.server('b'), true)
    assert.deepEqual(
      waiting.map(({ server }) => server?.name),
      ['b', 'b', undefined],
    )
  })

  test('are served by one that leaves maintenance, or drain', () => {
    for (const order of ['drain', 'maintenance'] as const) {
      const { ask, backend } = makeBackend()
      backend.server('b')[order]()
      ask()
      const waiting = ask()
      assert.equal(waiting.answer, 'queued')
      backend.server('b').ready()
      assert.equal(waiting.server?.name, 'b')
    }
  })

  test('are served by one that joins, or gets a weight', () => {
    const { ask, backend } = makeBackend({ servers: { a: two.a } })
    ask()
    const [first, second] = [ask(), ask()]
    backend.addServer({ name: 'c', ...two.b })
    assert.equal(first.server?.name, 'c')
    backend.addServer({ name: 'd', ...two.b, weight: 0 })
    assert.equal(second.answer, 'queued')
    backend.server('d').weight = 1
    assert.equal(second.server?.name, 'd')
  })

  test('are served by a backup that becomes needed', () => {
    const { ask, backend } = makeBackend({ servers: { a: two.a, b: { ...two.b, backup: true } } })
    ask()
    const waiting = ask()
    assert.equal(waiting.answer, 'queued')
    backend.server('a').maintenance()
    assert.equal(waiting.server?.name, 'b')
  })

  test('are not served by one that drains, though a slot of it becomes free', () => {
    const { ask, backend } = makeBackend()
    const holder = ask('a')
    ask('b')
    const waiting = ask()
    backend.server('a').drain()
    holder.leave()
    assert.equal(waiting.answer, 'queued')
  })
})
