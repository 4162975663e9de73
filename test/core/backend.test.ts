import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Balancer, PickContext } from '../../src/balance/balancer.js'
import { type Assignment, Backend, type Candidate } from '../../src/core/backend.js'
import type { BackendOptions } from '../../src/core/backend-options.js'
import { Server } from '../../src/core/server.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { seededRandom } from '../../src/util/random.js'
import { view } from '../rules/views.js'

/** Somebody who asks for a server, and does as an exchange does. */
class Asker implements Candidate {
  nextInQueue: this | undefined = undefined
  previousInQueue: this | undefined = undefined
  queue: object | undefined = undefined
  queuedAt = 0
  avoid: Server | undefined = undefined
  readonly view
  /** The server whose slot it holds. */
  server: Server | undefined
  /** What it was told last. */
  answer: 'queued' | 'no-server' | 'callback-failed' | 'granted' | 'gone' | undefined

  constructor(
    readonly backend: Backend,
    /** The server that the balancer shall choose, full or not; empty: whichever has room. */
    to = '',
  ) {
    this.view = view({ fields: ['Host', 'a.test', ...(to === '' ? [] : ['X-To', to])] })
  }

  ask(): this {
    const assignment: Assignment = this.backend.assign(this)
    if (typeof assignment === 'string') this.answer = assignment
    else this.#hold(assignment)
    return this
  }

  #hold(server: Server): void {
    assert.equal(this.server, undefined, 'it got two slots')
    this.server = server
    this.answer = 'granted'
  }

  slotGranted(server: Server): void {
    assert.equal(this.answer, 'queued', 'who does not wait gets no slot')
    this.#hold(server)
  }

  queueMoved(): void {
    assert.equal(this.answer, 'queued')
    this.ask()
  }

  /** It is over, or the client left. */
  leave(): void {
    this.answer = 'gone'
    this.backend.leaveQueue(this)
    const { server } = this
    this.server = undefined
    if (server !== undefined) this.backend.release(server)
  }
}

/** Sends who names a server there, as persistence would; the others where there is room. */
class ByName implements Balancer {
  readonly algorithm = 'by-name'
  #servers: readonly Server[] = []

  rebuild(servers: readonly Server[]): void {
    this.#servers = servers
  }

  pick({ exchange, avoid }: PickContext): Server | undefined {
    const named = this.#servers.find(({ name }) => name === exchange.header('x-to'))
    if (named !== undefined) return named
    const free = this.#servers.filter((server) => server.hasRoom)
    return free.find((server) => server !== avoid) ?? free[0]
  }
}

/** Servers `a` and `b`, one exchange at a time each. */
const two = {
  a: { address: '127.0.0.1:1', maxConnections: 1 },
  b: { address: '127.0.0.1:2', maxConnections: 1 },
}

function make(options: BackendOptions = {}) {
  const clock = new VirtualClock()
  const backend = new Backend('app', { servers: two, balance: new ByName(), clock, ...options })
  const events: string[] = []
  for (const name of ['backend:up', 'backend:down'] as const) backend.on(name, () => events.push(name))
  for (const name of ['server:up', 'server:down', 'server:drain', 'server:maintenance', 'server:ready'] as const) {
    backend.on(name, ({ server }) => events.push(`${name} ${server.name}`))
  }
  for (const name of ['server:added', 'server:removed'] as const) {
    backend.on(name, ({ server }) => events.push(`${name} ${server.name}`))
  }
  backend.on('server:weight', ({ server, before }) => events.push(`weight ${server.name} ${before}-${server.weight}`))
  const ask = (to?: string): Asker => {
    clock.advance(1)
    return new Asker(backend, to).ask()
  }
  return { clock, backend, events, ask }
}

/** Takes a server up or down as its checks would. */
function check(server: Server, passed: boolean, times = 3): void {
  for (let i = 0; i < times; i++) server.observeCheck({ passed, status: 'L4OK', reason: '', duration: 1 })
}

describe('an exchange that asks', () => {
  test('gets a server with a slot taken', () => {
    const { ask, backend } = make()
    const { server } = ask()
    assert.ok(server)
    assert.deepEqual([server.served, server.counters.chosen, backend.counters.chosen], [1, 1, 1])
  })

  test('waits for any server when none has room', () => {
    const { ask, backend } = make()
    ask()
    ask()
    assert.deepEqual([ask().answer, backend.queue.length, backend.counters.queueMax], ['queued', 1, 1])
  })

  test('waits for the very server that it is bound to, whoever else has room', () => {
    const { ask, backend } = make()
    ask('a')
    assert.equal(ask('a').answer, 'queued')
    const { queued, counters } = backend.server('a')
    assert.deepEqual([queued, counters.queueMax, backend.queue.length, backend.server('b').served], [1, 1, 0, 0])
  })

  test('is refused when no server is usable', () => {
    const { ask, backend } = make()
    for (const server of backend.servers) server.maintenance()
    assert.equal(ask().answer, 'no-server')
    assert.equal(new Asker(new Backend('empty')).ask().answer, 'no-server')
  })

  test('does not overtake those who wait already', () => {
    const { ask, backend } = make()
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
    const { ask } = make()
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
      const { ask } = make()
      const holder = ask('a')
      ask('b')
      const [older, younger] = order.map((to) => ask(to))
      holder.leave()
      assert.deepEqual([older?.answer, younger?.answer], ['granted', 'queued'])
    }
  })

  test('goes to who waits for this server when both have waited alike', () => {
    const { ask, backend } = make()
    const holder = ask('a')
    ask('b')
    const any = new Asker(backend).ask()
    const own = new Asker(backend, 'a').ask()
    holder.leave()
    assert.deepEqual([own.answer, any.answer], ['granted', 'queued'])
  })

  test('does not go to who waits for another server', () => {
    const { ask } = make()
    ask('b')
    const holder = ask('a')
    const waiting = ask('b')
    holder.leave()
    assert.equal(waiting.answer, 'queued')
  })

  test('is passed on by who gives it back at once', () => {
    const { ask, backend } = make()
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
    const { ask, backend } = make({ servers: { a: two.a } })
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

test('a waiter that leaves frees its place', () => {
  const { ask, backend } = make()
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
      const { ask, backend } = make()
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
    const { ask, backend } = make({ check: true })
    ask('a')
    const waiting = ask('a')
    check(backend.server('a'), false)
    assert.equal(waiting.server?.name, 'b')
  })

  test('are refused when there is nowhere else', () => {
    const { ask, backend } = make({ servers: { a: two.a } })
    ask('a')
    const waiting = ask('a')
    backend.server('a').maintenance()
    assert.equal(waiting.answer, 'no-server')
  })

  test('stay, and are served by it, without redispatch', () => {
    const { ask, backend } = make({ redispatch: false })
    const holder = ask('a')
    const waiting = ask('a')
    backend.server('a').maintenance()
    assert.equal(waiting.answer, 'queued')
    holder.leave()
    assert.equal(waiting.server?.name, 'a')
  })

  test('stay when only its weight changes', () => {
    const { ask, backend } = make()
    ask('a')
    const waiting = ask('a')
    backend.server('a').weight = 7
    assert.equal(waiting.answer, 'queued')
  })
})

describe('those who wait for any server', () => {
  test('are served by one that comes up, up to its limit', () => {
    const { ask, backend } = make({ servers: { a: two.a, b: { ...two.b, maxConnections: 2 } }, check: true })
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
      const { ask, backend } = make()
      backend.server('b')[order]()
      ask()
      const waiting = ask()
      assert.equal(waiting.answer, 'queued')
      backend.server('b').ready()
      assert.equal(waiting.server?.name, 'b')
    }
  })

  test('are served by one that joins, or gets a weight', () => {
    const { ask, backend } = make({ servers: { a: two.a } })
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
    const { ask, backend } = make({ servers: { a: two.a, b: { ...two.b, backup: true } } })
    ask()
    const waiting = ask()
    assert.equal(waiting.answer, 'queued')
    backend.server('a').maintenance()
    assert.equal(waiting.server?.name, 'b')
  })

  test('are not served by one that drains, though a slot of it becomes free', () => {
    const { ask, backend } = make()
    const holder = ask('a')
    ask('b')
    const waiting = ask()
    backend.server('a').drain()
    holder.leave()
    assert.equal(waiting.answer, 'queued')
  })
})

describe('servers of a running backend', () => {
  test('can join: by address, by options, as an object', () => {
    const { backend, events } = make({ servers: [] })
    assert.equal(backend.addServer('127.0.0.1:9').name, '127.0.0.1:9')
    assert.equal(backend.addServer({ name: 'x', address: '127.0.0.1:8' }).id, 2)
    const own = new Server('own', { address: '127.0.0.1:7' })
    assert.equal(backend.addServer(own), own)
    assert.deepEqual(backend.candidates, backend.servers)
    assert.deepEqual(events, ['server:added 127.0.0.1:9', 'backend:up', 'server:added x', 'server:added own'])
  })

  test('have names that differ', () => {
    const { backend } = make()
    const taken = { code: 'ERR_EVENKEEL_OPTION', path: 'backends.app.servers', value: 'a' }
    assert.throws(() => backend.addServer({ name: 'a', address: '127.0.0.1:9' }), taken)
    const twice = ['127.0.0.1:9', '127.0.0.1:9']
    assert.throws(() => new Backend('app', { servers: twice }), { ...taken, value: '127.0.0.1:9' })
    assert.equal(backend.servers.length, 2)
  })

  test('belong to one backend', () => {
    const { backend } = make()
    const again = { code: 'ERR_EVENKEEL_STATE' }
    assert.throws(() => new Backend('other', { servers: [backend.server('a')] }), again)
  })

  test('keep the places in which they joined when others leave', async () => {
    const { backend } = make()
    await backend.removeServer('a')
    assert.equal(backend.addServer('127.0.0.1:9').id, 3)
    assert.equal(backend.server('b').id, 2)
  })

  test('are found by name; another name throws and tells the known ones', () => {
    const { backend } = make()
    assert.throws(() => backend.server('c'), { code: 'ERR_EVENKEEL_UNKNOWN_NAME', message: /no server c; it has a, b/ })
  })

  test('leave at once when they are idle', async () => {
    const { backend, events } = make()
    const removed = await backend.removeServer('a')
    assert.equal(removed.name, 'a')
    assert.deepEqual(backend.servers, [backend.server('b')])
    assert.deepEqual(events, ['server:maintenance a', 'server:removed a'])
  })

  test('leave when the last of their exchanges is over', async () => {
    const { ask, backend, clock } = make()
    const holder = ask('a')
    const waiting = ask('a')
    const removed = backend.removeServer('a')
    assert.equal(waiting.server?.name, 'b', 'those who wait go elsewhere')
    clock.advance(59_999)
    assert.equal(backend.servers.length, 2)
    holder.leave()
    assert.equal((await removed).served, 0)
    assert.equal(backend.servers.length, 1)
    assert.equal(clock.timers, 0)
  })

  test('stay, in maintenance, when that takes too long', async () => {
    const { ask, backend, clock } = make()
    const holder = ask('a')
    const removed = backend.removeServer('a', { timeout: '2s' })
    const rejected = assert.rejects(removed, { code: 'ERR_EVENKEEL_TIMEOUT', message: /1 exchanges/ })
    clock.advance(2000)
    await rejected
    assert.equal(backend.server('a').administrative, 'maintenance')
    holder.leave()
    await backend.removeServer('a')
    assert.equal(backend.servers.length, 1)
  })

  test('may be asked to leave twice', async () => {
    const { ask, backend, clock, events } = make()
    const holder = ask('a')
    const both = [backend.removeServer('a'), backend.removeServer('a')]
    holder.leave()
    const [first, second] = await Promise.allSettled(both)
    assert.deepEqual([first?.status, second?.status], ['fulfilled', 'fulfilled'])
    assert.deepEqual(events, ['server:maintenance a', 'server:removed a'])
    assert.equal(clock.timers, 0)
  })

  test('that are unknown can’t leave, and options of that are checked', async () => {
    const { backend } = make()
    await assert.rejects(backend.removeServer('c'), { code: 'ERR_EVENKEEL_UNKNOWN_NAME' })
    const wrong = { timeout: 'soon' } as const
    await assert.rejects(backend.removeServer('a', wrong), { code: 'ERR_EVENKEEL_OPTION' })
    const unknown = { grace: 1 } as object
    await assert.rejects(backend.removeServer('a', unknown), { code: 'ERR_EVENKEEL_OPTION' })
    assert.equal(backend.server('a').administrative, 'ready')
  })

  test('of one name may come after one another', async () => {
    const { ask, backend } = make()
    await backend.removeServer('a')
    backend.addServer({ name: 'a', address: '127.0.0.1:9' })
    assert.equal(ask('a').server?.target, '127.0.0.1:9')
  })
})

describe('a backend', () => {
  test('is down from the loss of its last usable server to the return of the first', () => {
    const { backend, clock, events } = make()
    backend.server('a').drain()
    clock.advance(10)
    backend.server('b').maintenance()
    assert.deepEqual([backend.status, backend.timesDown, backend.changedAt], ['DOWN', 1, 11])
    clock.advance(30)
    assert.equal(backend.downtime(clock.now()), 30)
    backend.server('b').ready()
    clock.advance(50)
    assert.deepEqual([backend.status, backend.downtime(clock.now())], ['UP', 30])
    assert.deepEqual(events, ['server:drain a', 'backend:down', 'server:maintenance b', 'backend:up', 'server:ready b'])
  })

  test('has its servers’ downtimes measured by its clock', () => {
    const { backend, clock } = make({ check: true })
    const server = backend.server('a')
    clock.advance(10)
    check(server, false)
    clock.advance(30)
    assert.deepEqual([server.changedAt, server.downtime(clock.now())], [11, 30])
    check(server, true)
    clock.advance(100)
    server.drain()
    clock.advance(100)
    assert.deepEqual([server.changedAt, server.downtime(clock.now())], [141, 30], 'to drain is not to be down')
    server.weight = 3
    assert.equal(server.changedAt, 141, 'a weight is no state')
  })

  test('says that a server is up when it leaves a maintenance in which it was down', () => {
    const { backend, events } = make({ check: true })
    check(backend.server('a'), false)
    backend.server('a').maintenance()
    backend.server('a').ready()
    assert.deepEqual(events, ['server:down a', 'server:maintenance a', 'server:ready a', 'server:up a'])
  })

  test('has the chance that it was given', () => {
    const random = seededRandom(7)
    assert.equal(new Backend('app', { random }).random, random)
  })

  test('tells what its checks change', () => {
    const { backend, events } = make({ check: true })
    check(backend.server('a'), false)
    check(backend.server('a'), true)
    backend.server('b').weight = 5
    assert.deepEqual(events, ['server:down a', 'server:up a', 'weight b 1-5'])
  })

  test('may be made empty, and is down then', () => {
    const { backend, events } = make({ servers: {} })
    assert.deepEqual([backend.status, backend.servers, events], ['DOWN', [], []])
  })
})

describe('a balancer that gives nonsense', () => {
  const other = new Server('other', { address: '127.0.0.1:9' })
  const nonsense: readonly unknown[] = ['a', null, {}, other, Promise.resolve(other)]

  for (const [index, given] of nonsense.entries()) {
    test(`fails the exchange and is reported (${index})`, () => {
      const balance = { algorithm: 'own', rebuild: () => {}, pick: () => given } as Balancer
      const { ask, backend } = make({ balance })
      const faults: string[] = []
      backend.on('fault', ({ where }) => faults.push(where))
      assert.equal(ask().answer, 'callback-failed')
      assert.deepEqual(faults, ['balancer of backends.app'])
      assert.deepEqual(
        backend.servers.map(({ served }) => served),
        [0, 0],
      )
    })
  }

  test('such as a server that is not usable', () => {
    const { ask, backend } = make({
      balance: { algorithm: 'own', rebuild: () => {}, pick: () => backend.server('a') },
    })
    backend.on('fault', () => {})
    backend.server('a').drain()
    assert.equal(ask().answer, 'callback-failed')
  })
})

test('a balancer hears of every slot that is taken and given back, once', () => {
  const heard: string[] = []
  const balance: Balancer = Object.assign(new ByName(), {
    onTake: ({ name }: Server) => heard.push(`take ${name}`),
    onRelease: ({ name }: Server) => heard.push(`release ${name}`),
  })
  const { ask, backend } = make({ balance, servers: { a: two.a } })
  const holder = ask()
  const waiting = ask()
  holder.leave()
  waiting.leave()
  assert.deepEqual(heard, ['take a', 'release a', 'take a', 'release a'])
  heard.length = 0
  backend.decide(new Asker(backend).view, [])
  assert.deepEqual(heard, ['take a', 'release a'])
})

test('a decision takes no slot, no place and no counter', () => {
  const { ask, backend } = make()
  const asker = new Asker(backend)
  const before = JSON.stringify([backend.counters, backend.server('a').counters])
  assert.ok(backend.decide(asker.view, []) instanceof Server)
  assert.equal(JSON.stringify([backend.counters, backend.server('a').counters]), before)
  ask()
  ask()
  assert.equal(backend.decide(asker.view, []), 'queued')
  for (const server of backend.servers) server.drain()
  assert.equal(backend.decide(asker.view, []), undefined)
  assert.equal(backend.queue.length, 0)
})

test('whatever happens, slots are taken and freed once, limits hold, and nobody waits for a free slot', () => {
  const names = ['a', 'b', 'c', 'd']
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('ask' as const), to: fc.constantFrom('', '', ...names) }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('leave' as const), who: fc.nat() }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom(
          'drain' as const,
          'maintenance' as const,
          'ready' as const,
          'rise' as const,
          'fall' as const,
        ),
        to: fc.constantFrom(...names),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('weigh' as const),
        to: fc.constantFrom(...names),
        weight: fc.constantFrom(0, 1, 256),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('add' as const), to: fc.constantFrom('c', 'd') }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, redispatch) => {
      const { ask, backend } = make({ check: { rise: 1, fall: 1 }, redispatch })
      const askers: Asker[] = []
      let granted = 0
      const known = (name: string) => backend.servers.find((server) => server.name === name)
      for (const next of steps) {
        const server = 'to' in next ? known(next.to) : undefined
        if (next.do === 'ask') askers.push(ask(next.to))
        else if (next.do === 'leave') {
          const present = askers.filter(({ answer }) => answer === 'granted' || answer === 'queued')
          present[next.who % present.length]?.leave()
        } else if (next.do === 'add') {
          if (server === undefined) backend.addServer({ name: next.to, address: '127.0.0.1:3', maxConnections: 2 })
        } else if (server === undefined) continue
        else if (next.do === 'weigh') server.weight = next.weight
        else if (next.do === 'rise' || next.do === 'fall') check(server, next.do === 'rise', 1)
        else server[next.do]()
        agree(backend, askers)
      }
      for (const asker of askers) {
        if (asker.answer === 'granted' || asker.answer === 'queued') asker.leave()
        agree(backend, askers)
      }
      for (const { counters, served, queued } of backend.servers) {
        assert.deepEqual([served, queued, counters.sessions.current], [0, 0, 0])
        granted += counters.chosen
      }
      assert.equal(backend.counters.chosen, granted)
      assert.equal(backend.queue.length, 0)
    }),
    { numRuns: 300 },
  )
})

/** What must be true at any moment. */
function agree(backend: Backend, askers: readonly Asker[]): void {
  let waiting = backend.queue.length
  for (const server of backend.servers) {
    waiting += server.queued
    assert.equal(server.served, askers.filter((asker) => asker.server === server).length, 'slots held')
    assert.equal(server.served, server.counters.sessions.current)
    assert.ok(server.maxConnections === 0 || server.served <= server.maxConnections, 'the limit')
    assert.ok(server.queued === 0 || !server.hasSlot, 'who waits for a server, waits for a slot')
  }
  assert.equal(waiting, askers.filter(({ answer }) => answer === 'queued').length, 'places in queues')
  const hasFree = backend.candidates.some((server) => server.hasSlot)
  assert.ok(backend.queue.length === 0 || !hasFree, 'nobody waits while there is room')
}
