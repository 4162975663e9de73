import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Backend } from '../../src/core/backend.js'
import type { ServerEntry } from '../../src/core/backend-options.js'
import { Server } from '../../src/core/server.js'
import { seededRandom } from '../../src/util/random.js'
import { check, makeBackend } from '../support/asker.js'

describe('servers of a running backend', () => {
  test('can join: by address, by options, as an object', () => {
    const { backend, events } = makeBackend({ servers: [] })
    assert.equal(backend.addServer('127.0.0.1:9').name, '127.0.0.1:9')
    assert.equal(backend.addServer({ name: 'x', address: '127.0.0.1:8' }).id, 2)
    const own = new Server('own', { address: '127.0.0.1:7' })
    assert.equal(backend.addServer(own), own)
    assert.deepEqual(backend.candidates, backend.servers)
    assert.deepEqual(events, ['server:added 127.0.0.1:9', 'backend:up', 'server:added x', 'server:added own'])
  })

  test('have names that differ', () => {
    const { backend } = makeBackend()
    const taken = { code: 'ERR_EVENKEEL_OPTION', path: 'backends.app.servers', value: 'a' }
    assert.throws(() => backend.addServer({ name: 'a', address: '127.0.0.1:9' }), taken)
    const twice = ['127.0.0.1:9', '127.0.0.1:9']
    assert.throws(() => new Backend('app', { servers: twice }), { ...taken, value: '127.0.0.1:9' })
    assert.equal(backend.servers.length, 2)
  })

  test('belong to one backend', () => {
    const { backend } = makeBackend()
    const again = { code: 'ERR_EVENKEEL_STATE' }
    assert.throws(() => new Backend('other', { servers: [backend.server('a')] }), again)
  })

  test('keep their ids when others leave; who joins gets the lowest that is free', async () => {
    const { backend } = makeBackend()
    await backend.removeServer('a')
    assert.equal(backend.addServer('127.0.0.1:9').id, 1)
    assert.equal(backend.addServer('127.0.0.1:10').id, 3)
    assert.equal(backend.server('b').id, 2)
  })

  test('may have ids of their own, which no other has', () => {
    const withId = (name: string, id: number) => ({ name, address: '127.0.0.1:9', id })
    const ids = (servers: readonly ServerEntry[]) => new Backend('app', { servers }).servers.map(({ id }) => id)
    // HAProxy's for the same lines: it counts places.
    assert.deepEqual(ids(['127.0.0.1:1', '127.0.0.1:2', withId('c', 4), '127.0.0.1:3']), [1, 2, 4, 5])
    assert.deepEqual(ids(['127.0.0.1:1', withId('b', 1)]), [2, 1])
    const taken = { code: 'ERR_EVENKEEL_OPTION', path: 'backends.app.servers', value: 7 }
    assert.throws(() => ids([withId('a', 7), withId('b', 7)]), taken)
    const { backend } = makeBackend({ servers: [withId('a', 7)] })
    assert.throws(() => backend.addServer(withId('b', 7)), taken)
    assert.equal(backend.addServer(withId('b', 8)).id, 8)
    for (const id of [0, 1.5, 2 ** 31])
      assert.throws(() => ids([withId('a', id)]), { path: 'backends.app.servers[0].id' })
  })

  test('are found by name; another name throws and tells the known ones', () => {
    const { backend } = makeBackend()
    assert.throws(() => backend.server('c'), { code: 'ERR_EVENKEEL_UNKNOWN_NAME', message: /no server c; it has a, b/ })
  })

  test('leave at once when they are idle', async () => {
    const { backend, events } = makeBackend()
    const removed = await backend.removeServer('a')
    assert.equal(removed.name, 'a')
    assert.deepEqual(backend.servers, [backend.server('b')])
    assert.deepEqual(events, ['server:maintenance a', 'server:removed a'])
  })

  test('leave when the last of their exchanges is over', async () => {
    const { ask, backend, clock } = makeBackend()
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
    const { ask, backend, clock } = makeBackend()
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
    const { ask, backend, clock, events } = makeBackend()
    const holder = ask('a')
    const both = [backend.removeServer('a'), backend.removeServer('a')]
    holder.leave()
    const [first, second] = await Promise.allSettled(both)
    assert.deepEqual([first?.status, second?.status], ['fulfilled', 'fulfilled'])
    assert.deepEqual(events, ['server:maintenance a', 'server:removed a'])
    assert.equal(clock.timers, 0)
  })

  test('that are unknown can’t leave, and options of that are checked', async () => {
    const { backend } = makeBackend()
    await assert.rejects(backend.removeServer('c'), { code: 'ERR_EVENKEEL_UNKNOWN_NAME' })
    const wrong = { timeout: 'soon' } as const
    await assert.rejects(backend.removeServer('a', wrong), { code: 'ERR_EVENKEEL_OPTION' })
    const unknown = { grace: 1 } as object
    await assert.rejects(backend.removeServer('a', unknown), { code: 'ERR_EVENKEEL_OPTION' })
    assert.equal(backend.server('a').administrative, 'ready')
  })

  test('of one name may come after one another', async () => {
    const { ask, backend } = makeBackend()
    await backend.removeServer('a')
    backend.addServer({ name: 'a', address: '127.0.0.1:9' })
    assert.equal(ask('a').server?.target, '127.0.0.1:9')
  })
})

describe('a backend', () => {
  test('is down from the loss of its last usable server to the return of the first', () => {
    const { backend, clock, events } = makeBackend()
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
    const { backend, clock } = makeBackend({ check: true })
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
    const { backend, events } = makeBackend({ check: true })
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
    const { backend, events } = makeBackend({ check: true })
    check(backend.server('a'), false)
    check(backend.server('a'), true)
    backend.server('b').weight = 5
    assert.deepEqual(events, ['server:down a', 'server:up a', 'weight b 1-5'])
  })

  test('may be made empty, and is down then', () => {
    const { backend, events } = makeBackend({ servers: {} })
    assert.deepEqual([backend.status, backend.servers, events], ['DOWN', [], []])
  })
})
