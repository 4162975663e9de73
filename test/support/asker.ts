import assert from 'node:assert/strict'
import type { Balancer, PickContext } from '../../src/balance/balancer.js'
import { Backend } from '../../src/core/backend.js'
import type { BackendOptions } from '../../src/core/backend-options.js'
import type { Assignment, Candidate } from '../../src/core/candidate.js'
import { type PrioritySettings, usualPriority } from '../../src/core/priority.js'
import type { Server } from '../../src/core/server.js'
import type { WaitQueue } from '../../src/core/wait-queue.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { view } from '../rules/views.js'

/** Somebody who asks for a server, and does as an exchange does. */
export class Asker implements Candidate {
  place = -1
  queue: WaitQueue<Server> | undefined = undefined
  turn = 0
  avoid: Server | undefined = undefined
  readonly view
  /** The server whose slot it holds. */
  server: Server | undefined
  /** What it was told last. */
  answer: Exclude<Assignment, Server> | 'granted' | 'gone' | undefined
  /** Whom it was told that it waits for. */
  awaited: Server | undefined
  #hasBegun = false

  constructor(
    readonly backend: Backend,
    /** The server that the balancer shall choose, full or not; empty: whichever has room. */
    to = '',
    readonly priority: PrioritySettings = usualPriority,
  ) {
    this.view = view({ fields: ['Host', 'a.test', ...(to === '' ? [] : ['X-To', to])] })
  }

  ask(): this {
    if (!this.#hasBegun) this.backend.exchangeBegan(this.backend.clock.now())
    this.#hasBegun = true
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

  waitsFor(server: Server | undefined): void {
    this.awaited = server
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
    this.backend.exchangeEnded(server)
  }
}

/** Sends who names a server there, as persistence would; the others where there is room. */
export class ByName implements Balancer {
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
export const two = {
  a: { address: '127.0.0.1:1', maxConnections: 1 },
  b: { address: '127.0.0.1:2', maxConnections: 1 },
}

export function makeBackend(options: BackendOptions = {}) {
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
  const ask = (to?: string, priority?: PrioritySettings): Asker => {
    clock.advance(1)
    return new Asker(backend, to, priority).ask()
  }
  return { clock, backend, events, ask }
}

/** Takes a server up or down as its checks would. */
export function check(server: Server, passed: boolean, times = 3): void {
  for (let i = 0; i < times; i++) server.observeCheck({ passed, status: 'L4OK', reason: '', duration: 1 })
}
