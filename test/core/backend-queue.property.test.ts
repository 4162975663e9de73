import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Balancer, PickContext } from '../../src/balance/balancer.js'
import { type AlgorithmName, createBalancer } from '../../src/balance/registry.js'
import { Backend } from '../../src/core/backend.js'
import type { PrioritySettings } from '../../src/core/priority.js'
import type { Server } from '../../src/core/server.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { seededRandom } from '../../src/util/random.js'
import { Asker, check } from '../support/asker.js'

const algorithms: readonly AlgorithmName[] = ['roundrobin', 'static-rr', 'leastconn', 'first', 'random']

/** An algorithm, but for who names a server: that one gets them, full or not, as persistence would have it. */
class Binding implements Balancer {
  readonly algorithm: string
  readonly isStatic: boolean
  readonly #inner: Balancer
  #servers: readonly Server[] = []

  constructor(algorithm: AlgorithmName) {
    this.#inner = createBalancer(algorithm, 'balance')
    this.algorithm = algorithm
    this.isStatic = this.#inner.isStatic === true
  }

  rebuild(servers: readonly Server[]): void {
    this.#servers = servers
    this.#inner.rebuild(servers, servers)
  }

  pick(context: PickContext): Server | undefined {
    const named = context.exchange.header('x-to')
    return this.#servers.find(({ name }) => name === named) ?? this.#inner.pick(context)
  }

  onTake(server: Server): void {
    this.#inner.onTake?.(server)
  }

  onRelease(server: Server): void {
    this.#inner.onRelease?.(server)
  }

  onRoom(server: Server): void {
    this.#inner.onRoom?.(server)
  }
}

/** An asker that looks around when it gets its slot. */
class Watcher extends Asker {
  override slotGranted(server: Server): void {
    assert.ok(server.served <= server.slots, `${server.name} serves ${server.served} of ${server.slots}`)
    const { turn } = this
    assert.ok((server.queue.first?.turn ?? Infinity) >= turn, 'somebody else who waits for the server was next')
    const isForAll = this.backend.candidates.includes(server)
    assert.ok(isForAll || this.awaited === server, 'the server takes no new traffic')
    assert.ok(!isForAll || (this.backend.queue.first?.turn ?? Infinity) >= turn, 'somebody who waits for any was next')
    super.slotGranted(server)
  }
}

class Scene {
  readonly clock = new VirtualClock()
  readonly backend: Backend
  readonly askers: Watcher[] = []
  #lastServer = 3

  constructor(algorithm: AlgorithmName, settings: Settings) {
    const { clock } = this
    const servers = settings.servers.map((options, index) => ({
      ...options,
      name: `s${index}`,
      address: '127.0.0.1:1',
    }))
    const { fullConnections, maxQueue, redispatch } = settings
    const random = seededRandom(1)
    const balance = new Binding(algorithm)
    this.backend = new Backend('app', {
      clock,
      random,
      balance,
      servers,
      check: true,
      fullConnections,
      maxQueue,
      redispatch,
    })
  }

  #server(pick: number): Server | undefined {
    const { servers } = this.backend
    return servers[pick % Math.max(1, servers.length)]
  }

  do({ kind, pick, amount }: Event): void {
    const server = this.#server(pick)
    if (kind === 'ask' || kind === 'bind') {
      const priority: PrioritySettings = { class: (amount % 3) - 1, offset: (amount % 5) * 10 - 20 }
      this.askers.push(new Watcher(this.backend, kind === 'bind' ? server?.name : '', priority))
      this.askers.at(-1)?.ask()
    } else if (kind === 'leave') this.askers.splice(pick % Math.max(1, this.askers.length), 1)[0]?.leave()
    else if (kind === 'retry') this.#retry(pick)
    else if (kind === 'wait') this.clock.advance(amount * 20)
    else if (kind === 'add')
      this.backend.addServer({
        name: `s${++this.#lastServer}`,
        address: '127.0.0.1:1',
        maxConnections: 1 + (amount % 3),
      })
    else if (server !== undefined) this.#change(server, kind, amount)
  }

  #change(server: Server, kind: Event['kind'], amount: number): void {
    if (kind === 'up' || kind === 'down') check(server, kind === 'up')
    else if (kind === 'limit') server.maxConnections = amount % 5
    else if (kind === 'weight') server.weight = amount % 4
    else if (kind === 'remove') void this.backend.removeServer(server.name, { timeout: '1s' }).catch(() => {})
    else if (kind === 'drain' || kind === 'maintenance' || kind === 'ready') server[kind]()
  }

  /** Somebody's server failed: it asks again, for another one. */
  #retry(pick: number): void {
    const holders = this.askers.filter(({ server }) => server !== undefined)
    const asker = holders[pick % Math.max(1, holders.length)]
    const { server } = asker ?? {}
    if (asker === undefined || server === undefined) return
    asker.avoid = server
    asker.server = undefined
    server.release()
    asker.ask()
  }

  /** What must be true between any two events. */
  look(): void {
    const { backend } = this
    const waiting = this.askers.filter(({ queue }) => queue !== undefined)
    assert.equal(backend.counters.sessions.current, this.askers.length)
    assert.equal(backend.queue.length, waiting.filter(({ queue }) => queue === backend.queue).length)
    for (const server of backend.servers) {
      assert.equal(server.served, this.askers.filter((asker) => asker.server === server).length, server.name)
      assert.equal(server.queued, waiting.filter(({ queue }) => queue === server.queue).length, server.name)
      assert.ok(server.queued === 0 || !server.hasSlot, `${server.name} has a slot for who waits for it`)
    }
    assert.ok(
      backend.queue.length === 0 || backend.candidates.every(({ hasSlot }) => !hasSlot),
      'who waits for any has a slot',
    )
    for (const { answer, server, queue } of this.askers) {
      assert.equal(server !== undefined, answer === 'granted')
      assert.equal(queue !== undefined, answer === 'queued')
    }
  }

  close(): void {
    for (let asker = this.askers.shift(); asker !== undefined; asker = this.askers.shift()) {
      asker.leave()
      this.look()
    }
    this.clock.advance(120_000)
    assert.equal(this.clock.timers, 0)
  }
}

const kinds = ['ask', 'ask', 'ask', 'bind', 'bind', 'leave', 'leave', 'retry', 'wait', 'up', 'down', 'drain'] as const
const rarer = ['maintenance', 'ready', 'ready', 'limit', 'weight', 'add', 'remove'] as const

const event = fc.record({ kind: fc.constantFrom(...kinds, ...rarer), pick: fc.nat(99), amount: fc.nat(99) })
type Event = typeof event extends fc.Arbitrary<infer Type> ? Type : never

const server = fc
  .record({
    maxConnections: fc.nat(4),
    minConnections: fc.nat(2),
    maxQueue: fc.nat(2),
    weight: fc.integer({ min: 1, max: 3 }),
    slowStart: fc.constantFrom(0, '3s'),
    backup: fc.boolean(),
  })
  .map((options) => ({ ...options, minConnections: Math.min(options.minConnections, options.maxConnections) }))
const settings = fc.record({
  servers: fc.array(server, { minLength: 1, maxLength: 3 }),
  fullConnections: fc.integer({ min: 1, max: 12 }),
  maxQueue: fc.constantFrom(0, 0, 3),
  redispatch: fc.boolean(),
})
type Settings = typeof settings extends fc.Arbitrary<infer Type> ? Type : never

describe('through any events, slots and queues stay in order', () => {
  for (const algorithm of algorithms) {
    test(`with ${algorithm}`, () => {
      fc.assert(
        fc.property(settings, fc.array(event, { maxLength: 80, size: 'max' }), (settings, events) => {
          const scene = new Scene(algorithm, settings)
          for (const event of events) {
            scene.do(event)
            scene.look()
          }
          scene.close()
        }),
        { numRuns: 200 },
      )
    })
  }
})
