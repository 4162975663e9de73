import type { Backend } from './core/backend.js'
import type { CheckSettings } from './core/check-options.js'
import type { Frontend } from './core/frontend.js'
import type { Server } from './core/server.js'
import { CheckSchedule, stagger } from './health/check-schedule.js'
import { AccessLog } from './log/access-log.js'
import { targetOf, transportFor } from './transport-for.js'

/** Backends at work, and how many frontends and proxies want them to be. */
const active = new WeakMap<Backend, ActiveBackend>()

/** Starts what a frontend needs: its log, and checks and transports of its backends. Call the result to let go. */
export function activate(frontend: Frontend): () => void {
  const { log } = frontend.settings
  if (log !== undefined) frontend.observer ??= new AccessLog(frontend, log)
  const releases = frontend.backends.map(activateBackend)
  return () => {
    for (const release of releases) release()
  }
}

/** Starts checks and transports of a backend, unless they run already. Call the result to let go. */
export function activateBackend(backend: Backend): () => void {
  let running = active.get(backend)
  if (running === undefined) {
    running = new ActiveBackend(backend)
    active.set(backend, running)
  }
  running.users++
  let isHeld = true
  return () => {
    if (!isHeld || running === undefined) return
    isHeld = false
    running.users--
    if (running.users > 0) return
    active.delete(backend)
    running.stop()
  }
}

/** Orders that pause a server's checks, or let them go on. */
const orders = ['server:ready', 'server:drain', 'server:maintenance'] as const

/** The running parts of one backend: a transport for each server, and a schedule for each that is checked. */
class ActiveBackend {
  users = 0
  readonly #backend: Backend
  readonly #schedules = new Map<Server, CheckSchedule>()
  readonly #onAdded = ({ server }: { readonly server: Server }): void => this.#equip(server)?.start(0)
  readonly #onRemoved = ({ server }: { readonly server: Server }): void => this.#strip(server)
  readonly #onOrdered = ({ server }: { readonly server: Server }): void => this.#schedules.get(server)?.wake()

  constructor(backend: Backend) {
    this.#backend = backend
    for (const server of backend.servers) this.#equip(server)
    stagger([...this.#schedules.values()])
    backend.on('server:added', this.#onAdded)
    backend.on('server:removed', this.#onRemoved)
    for (const order of orders) backend.on(order, this.#onOrdered)
  }

  #equip(server: Server): CheckSchedule | undefined {
    server.transport = transportFor(this.#backend, server)
    if (server.check === undefined) return undefined
    const schedule = this.#schedule(server, server.check)
    this.#schedules.set(server, schedule)
    return schedule
  }

  #schedule(server: Server, check: CheckSettings): CheckSchedule {
    const { clock, random, name } = this.#backend
    return new CheckSchedule(server, check, {
      clock,
      random,
      target: targetOf(server, this.#backend),
      onFault: (thrown, where) => this.#backend.fault(thrown, `${where} of backends.${name}`),
    })
  }

  #strip(server: Server): void {
    this.#schedules.get(server)?.stop()
    this.#schedules.delete(server)
    // What is under way may need it still, to wait or to try again: it keeps no connection from now on.
    server.transport?.close()
  }

  stop(): void {
    this.#backend.off('server:added', this.#onAdded)
    this.#backend.off('server:removed', this.#onRemoved)
    for (const order of orders) this.#backend.off(order, this.#onOrdered)
    for (const server of this.#backend.servers) this.#strip(server)
  }
}
