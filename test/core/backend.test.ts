import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Balancer } from '../../src/balance/balancer.js'
import type { Backend } from '../../src/core/backend.js'
import { Server } from '../../src/core/server.js'
import { Asker, ByName, check, makeBackend, two } from '../support/asker.js'

describe('a balancer that gives nonsense', () => {
  const other = new Server('other', { address: '127.0.0.1:9' })
  const nonsense: readonly unknown[] = ['a', null, {}, other, Promise.resolve(other)]

  for (const [index, given] of nonsense.entries()) {
    test(`fails the exchange and is reported (${index})`, () => {
      const balance = { algorithm: 'own', rebuild: () => {}, pick: () => given } as Balancer
      const { ask, backend } = makeBackend({ balance })
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
    const { ask, backend } = makeBackend({
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
  const { ask, backend } = makeBackend({ balance, servers: { a: two.a } })
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
  const { ask, backend } = makeBackend()
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
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), fc.boolean(), (steps, redispatch) => {
      const { ask, backend } = makeBackend({ check: { rise: 1, fall: 1 }, redispatch })
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
