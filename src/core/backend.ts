import type { Balancer } from '../balance/balancer.js'
import { Candidates, explainExclusions } from '../balance/candidates.js'
import { claimBalancer } from '../balance/claim-balancer.js'
import { createBalancer } from '../balance/registry.js'
import type { Bond } from '../persistence/bond.js'
import { makePersistence, type Persistence, tracePersistence } from '../persistence/persistence.js'
import { type Clock, readClock, systemClock } from '../util/clock.js'
import { Emitter, type FaultEvents } from '../util/emitter.js'
import { EvenkeelError, OptionError } from '../util/errors.js'
import { type Duration, OptionReader, readName } from '../util/options.js'
import { type Random, systemRandom } from '../util/random.js'
import {
  type BackendOptions,
  type BackendSettings,
  type Mode,
  makeServer,
  readBackendSettings,
  readRandom,
  readServers,
  type ServerEntry,
} from './backend-options.js'
import type { Assignment, Candidate } from './candidate.js'
import type { CheckResult } from './check-result.js'
import { Chooser } from './chooser.js'
import { ServingCounters } from './counters.js'
import { Departures } from './departures.js'
import type { ExchangeView, RequestView } from './exchange-view.js'
import { Load } from './load.js'
import { endSessions } from './occupants.js'
import { turnOf } from './priority.js'
import { Retries } from './retries.js'
import type { Server, ServerChange } from './server.js'
import { stateEvents } from './server-events.js'
import { ServerIds } from './server-ids.js'
import { SlowStarts } from './slow-start.js'
import type { TraceStep } from './trace.js'
import { refuseUnfit } from './transport-options.js'
import type { TryOutcome } from './try-outcome.js'
import { type Binding, type Waiter, WaitQueue } from './wait-queue.js'
import { WaitingRoom } from './waiting-room.js'

/** What an event about a server carries. */
export interface ServerEventPayload {
  readonly backend: Backend
  readonly server: Server
  /** The check that brought the change; undefined when somebody ordered it. */
  readonly check: CheckResult | undefined
}

/** The events of a backend; a proxy hands on those of all its backends. */
export interface BackendEvents extends FaultEvents {
  /** Checks brought a server up, or it left maintenance. */
  'server:up': [event: ServerEventPayload]
  /** Checks took a server down. */
  'server:down': [event: ServerEventPayload]
  /** A server was ordered to drain. */
  'server:drain': [event: ServerEventPayload]
  /** A server was ordered into maintenance. */
  'server:maintenance': [event: ServerEventPayload]
  /** A server was ordered back to normal service. */
  'server:ready': [event: ServerEventPayload]
  /** A server's weight was changed. */
  'server:weight': [event: { readonly backend: Backend; readonly server: Server; readonly before: number }]
  /** A server joined a running backend. */
  'server:added': [event: { readonly backend: Backend; readonly server: Server }]
  /** A server left its backend. */
  'server:removed': [event: { readonly backend: Backend; readonly server: Server }]
  /** The first usable server is there again. */
  'backend:up': [event: { readonly backend: Backend }]
  /** The last usable server is gone: exchanges get 503 until one is back. */
  'backend:down': [event: { readonly backend: Backend }]
}

/** The names of all events that a backend has of its own. @internal */
export const backendEventNames = [
  'server:up',
  'server:down',
  'server:drain',
  'server:maintenance',
  'server:ready',
  'server:weight',
  'server:added',
  'server:removed',
  'backend:up',
  'backend:down',
] as const satisfies readonly (keyof BackendEvents)[]

/**
 * A pool of servers with one balancer, a queue and checks.
 *
 * @example
 * ```ts
 * const app = new Backend('app', { balance: 'leastconn', servers: ['127.0.0.1:5001', '127.0.0.1:5002'] })
 * app.on('server:down', ({ server }) => console.log(`${server.name} is down`))
 * ```
 */
export class Backend extends Emitter<BackendEvents> {
  readonly name: string
  readonly settings: BackendSettings
  readonly balancer: Balancer
  readonly clock: Clock
  readonly random: Random
  readonly counters = new ServingCounters()
  /** What keeps clients on their servers. @internal */
  readonly persistence: Persistence | undefined
  /** @internal */
  readonly retries: Retries
  /** When the backend last gained its first usable server or lost its last. */
  changedAt: number
  /** How often it lost its last usable server. */
  timesDown = 0

  readonly #path: string
  readonly #servers = new Map<string, Server>()
  /** @internal */
  readonly load: Load<Server>
  readonly #waiting: WaitingRoom
  readonly #departures: Departures
  readonly #slowStarts: SlowStarts
  readonly #candidates: Candidates
  readonly #chooser: Chooser
  #downtime = 0
  readonly #ids = new ServerIds()

  /** Throws an {@link EvenkeelError} for a bad or unknown option, and for two servers of one name. */
  constructor(name: string, options: BackendOptions = {}, path = `backends.${name}`) {
    super()
    const reader = new OptionReader(options, path)
    this.name = readName(name, path)
    // In the short form options stand at the top, but what is said later needs a name.
    this.#path = path === '' ? `backends.${name}` : path
    this.settings = readBackendSettings(reader)
    this.retries = new Retries(this, this.settings.retryPolicy, this.settings.timeout.connect)
    this.balancer = reader.read('balance', claimBalancer) ?? createBalancer('roundrobin', path)
    this.clock = reader.read('clock', readClock) ?? systemClock
    this.random = reader.read('random', readRandom) ?? systemRandom
    this.persistence = makePersistence(reader, this.clock)
    const servers = reader.read('servers', readServers) ?? []
    reader.end()
    this.changedAt = this.clock.now()
    this.#candidates = new Candidates(this.#servers, this.settings.allBackups)
    this.#chooser = new Chooser({
      balancer: this.balancer,
      candidates: this.#candidates,
      servers: this.#servers,
      random: this.random,
      clock: this.clock,
      onFault: (thrown) => this.fault(thrown, `balancer of ${this.#path}`),
    })
    this.#departures = new Departures(this.clock, this.#path)
    this.#waiting = new WaitingRoom(
      { isCandidate: (server) => this.#candidates.has(server), take: (server, bond) => this.#take(server, bond) },
      new WaitQueue({ limit: this.settings.maxQueue, counters: this.counters }),
    )
    this.#slowStarts = new SlowStarts({
      clock: this.clock,
      slowStart: this.settings.slowStart,
      keepsWeights: this.balancer.isStatic === true,
      onStep: (servers) => this.#warmed(servers),
    })
    this.load = new Load(this.counters.sessions, this.settings.fullConnections, (server) => this.#gainedRoom(server))
    for (const [server, id] of this.#ids.assign(servers)) {
      this.#admit(server, id, reader.pathOf('servers'))
      this.#candidates.update(server)
    }
    this.load.follow(this.#servers.values())
    this.#chooser.refresh()
  }

  get mode(): Mode {
    return this.settings.mode
  }

  /** All servers, in the order in which they joined. */
  get servers(): readonly Server[] {
    return [...this.#servers.values()]
  }

  /** The server of that name. Throws `ERR_EVENKEEL_UNKNOWN_NAME`. */
  server(name: string): Server {
    const server = this.#servers.get(name)
    if (server !== undefined) return server
    const known = [...this.#servers.keys()].join(', ')
    throw new EvenkeelError('ERR_EVENKEEL_UNKNOWN_NAME', `${this.#path} has no server ${name}; it has ${known}`)
  }

  /** Lets a server join; it gets traffic from the next pick on. Throws for bad options and for a name that is taken. */
  addServer(entry: ServerEntry): Server {
    const server = makeServer(entry, `${this.#path}.servers[${this.#servers.size}]`)
    for (const [joining, id] of this.#ids.assign([server])) this.#admit(joining, id, `${this.#path}.servers`)
    this.load.follow(this.#servers.values())
    this.notify('server:added', { backend: this, server })
    // In a backend that is at work by now: at its start everybody begins alike.
    if (server.transport !== undefined) this.#slowStarts.begin(server)
    this.#reselect(server)
    this.#waiting.grant(server)
    return server
  }

  /**
   * Takes a server out: puts it in maintenance, waits until its exchanges are over, forgets it. Rejects with
   * `ERR_EVENKEEL_TIMEOUT` when they take longer than `timeout` (default 1m); the server stays in maintenance then.
   */
  async removeServer(name: string, options: { readonly timeout?: Duration } = {}): Promise<Server> {
    const reader = new OptionReader(options, `removeServer('${name}')`)
    const timeout = reader.duration('timeout') ?? 60_000
    reader.end()
    const server = this.server(name)
    server.maintenance()
    this.#redistribute(server)
    const departure = this.#departures.emptied(server, timeout)
    await (this.persistence?.depart(server, departure) ?? departure)
    // Another call may have been first.
    if (this.#servers.get(name) !== server) return server
    this.#servers.delete(name)
    this.#ids.release(server.id)
    this.load.follow(this.#servers.values())
    this.#reselect(server)
    this.notify('server:removed', { backend: this, server })
    return server
  }

  #admit(server: Server, id: number, path: string): void {
    if (this.#servers.has(server.name)) throw new OptionError(path, server.name, 'names of servers that differ')
    if (server.cookie !== undefined && this.persistence?.cookieName === undefined) {
      throw new OptionError(`${path}.${server.name}.cookie`, server.cookie, 'nothing, as the backend has no cookie')
    }
    refuseUnfit(server, this.settings, `${path}.${server.name}`)
    server.join(this, id, this.settings.check, this.clock.now())
    this.#ids.take(id, path)
    this.#servers.set(server.name, server)
    this.persistence?.join(server)
  }

  /** The servers that new traffic may go to now. */
  get candidates(): readonly Server[] {
    return this.#candidates.list
  }

  /** `UP` while there is a usable server, else `DOWN`. */
  get status(): 'UP' | 'DOWN' {
    return this.#candidates.areNone ? 'DOWN' : 'UP'
  }

  /** Milliseconds for which it had no usable server. */
  downtime(now: number): number {
    return this.#downtime + (this.status === 'DOWN' ? now - this.changedAt : 0)
  }

  /** Exchanges that wait for any server. @internal */
  get queue(): WaitQueue<Server> {
    return this.#waiting.any
  }

  // -- Exchanges ------------------------------------------------------------------------------------------------------

  /** Whether more of what the client sends is wanted before `assign`. @internal */
  wantsPayload(view: ExchangeView): boolean {
    return this.#chooser.wantsPayload(view)
  }

  /** Finds a server for an exchange, or a place in a queue. Who gets a slot of a server gives it back: `release`. @internal */
  assign(candidate: Candidate): Assignment {
    const { bond } = candidate
    let server: Server | undefined
    try {
      if (bond !== undefined) this.persistence?.settle(bond)
      server = bond?.server ?? this.#chooser.pick(candidate.view, candidate.avoid, undefined)
    } catch (thrown) {
      this.fault(thrown, `${bond?.isSettled === false ? 'persistence' : 'balancer'} of ${this.#path}`)
      return 'callback-failed'
    }
    if (server === undefined) {
      return this.#candidates.areNone ? 'no-server' : this.#wait(this.queue, candidate)
    }
    if (!server.hasRoom) return this.#wait(server.queue, candidate)
    // Whoever waits already goes first: a slot that is free now is about to be theirs.
    if (this.queue.length > 0 && bond?.server === undefined) return this.#wait(this.queue, candidate)
    this.#take(server, bond)
    return server
  }

  /** Whether whoever is bound to a server may go to another one that has no more places there. @internal */
  mayMove(bond: Bond | undefined): boolean {
    return bond?.server !== undefined && !bond.isForced && this.settings.retryPolicy.redispatch !== 0
  }

  #wait(queue: WaitQueue<Server>, candidate: Candidate): 'queued' | 'queue-full' {
    candidate.waitsFor(queue.server)
    if (queue.isFull) return 'queue-full'
    queue.push(candidate, turnOf(candidate.priority, this.clock.now()))
    return 'queued'
  }

  /** Takes somebody who waits out of whatever queue it is in. @internal */
  leaveQueue(waiter: Waiter<Server>): void {
    const server = waiter.queue?.server
    this.#waiting.leave(waiter)
    if (server !== undefined && server.maxQueue > 0) this.#chooser.tell('onRoom', server)
  }

  #take(server: Server, bond: Binding | undefined): void {
    const now = this.clock.now()
    server.take(now)
    if (bond === undefined || !bond.isPersistent) {
      server.counters.chosen++
      this.counters.chosen++
    }
    this.#chooser.tell('onTake', server)
  }

  /** Tells the balancer how a try went, after how many milliseconds. @internal */
  tellOutcome(server: Server, outcome: TryOutcome, milliseconds: number, now: number): void {
    this.#chooser.tellOutcome(server, outcome, milliseconds, now)
  }

  /** Decides without taking part: a round robin advances, but no slot, queue place or counter changes. @internal */
  decide(view: RequestView, trace: TraceStep[]): Server | 'queued' | undefined {
    const bond = tracePersistence(this.persistence, view, trace)
    if (bond?.server !== undefined) {
      const place = bond.server.hasRoom ? bond.server : this.#traceQueue(bond.server, trace)
      if (place !== undefined || !this.mayMove(bond)) return place
    }
    let reason = this.#candidates.areNone ? 'no server is usable' : 'no server has room'
    const explain = (text: string): void => {
      reason = text
    }
    const server = this.#chooser.pick(view, undefined, explain)
    trace.push({
      step: 'balance',
      algorithm: this.balancer.algorithm,
      candidates: this.candidates.map(({ name }) => name),
      full: this.candidates.filter(({ hasRoom }) => !hasRoom).map(({ name }) => name),
      excluded: explainExclusions(this.servers, this.#candidates),
      server: server?.name,
      reason,
    })
    if (server === undefined && this.#candidates.areNone) return undefined
    if (server === undefined || !server.hasRoom) return this.#traceQueue(server, trace)
    this.#chooser.tell('onTake', server)
    this.#chooser.tell('onRelease', server)
    return server
  }

  /** An exchange has come to this backend. @internal */
  exchangeBegan(now: number): void {
    this.load.exchangeBegan(now)
    this.retries.exchangeBegan(now)
  }

  /** It is over; `server` is the one whose slot it held. @internal */
  exchangeEnded(server: Server | undefined): void {
    // As in HAProxy it counts among the traffic that limits follow until its slot has been passed on.
    server?.release()
    this.load.exchangeEnded()
  }

  #traceQueue(server: Server | undefined, trace: TraceStep[]): 'queued' | undefined {
    const { name, queue } = server ?? this
    const { length: ahead, isFull } = queue
    trace.push({ step: 'queue', of: server === undefined ? 'backend' : 'server', name, ahead, isFull })
    return isFull ? undefined : 'queued'
  }

  // -- Changes of servers ---------------------------------------------------------------------------------------------

  /** @internal */
  slotFreed(server: Server): void {
    this.#chooser.tell('onRelease', server)
    if (this.queue.length > 0 || server.queue.length > 0) this.#waiting.grant(server)
    this.#departures.slotFreed(server)
  }

  /** A server may take one more, as there is more traffic. */
  #gainedRoom(server: Server): void {
    if (!server.hasSlot) return
    this.#chooser.tell('onRoom', server)
    if (this.queue.length > 0 || server.queue.length > 0) this.#waiting.grant(server)
  }

  /** Sends those who wait for this very server to ask again. */
  #redistribute(server: Server): void {
    if (this.settings.retryPolicy.redispatch === 0 || this.persistence?.persists) return
    this.#waiting.redistribute(server)
  }

  /** @internal */
  serverChanged(server: Server, change: ServerChange): void {
    const now = this.clock.now()
    if (change.what === 'state') {
      const wasUp = change.before.operational === 'running' && change.before.administrative !== 'maintenance'
      server.stamp(now, !wasUp)
      this.#slowStarts.stateChanged(server, !wasUp)
    }
    if (change.what === 'limit') this.load.follow(this.#servers.values())
    const concernsOthers = this.#reselect(server)
    // As in HAProxy, those who wait for a server stay when it is only its weight that keeps others away.
    if (change.what === 'state' && !server.isUsable) this.#redistribute(server)
    this.#announce(server, change)
    if (change.what === 'state') endSessions(server, this.#servers.values())
    if (server.queue.length > 0) this.#waiting.grant(server)
    if (this.queue.length === 0) return
    for (const candidate of concernsOthers ? this.candidates : [server]) this.#waiting.grant(candidate)
  }

  #warmed(servers: readonly Server[]): void {
    this.#chooser.serversChanged()
    for (const server of servers) this.#gainedRoom(server)
  }

  /** Takes in that a server came, left or changed. Whether traffic may go to other servers because of it. */
  #reselect(server: Server): boolean {
    const wasDown = this.#candidates.areNone
    const concernsOthers = this.#candidates.update(server)
    this.#chooser.serversChanged()
    if (this.#candidates.areNone !== wasDown) this.#turn(wasDown)
    return concernsOthers
  }

  #turn(isUp: boolean): void {
    const now = this.clock.now()
    if (isUp) this.#downtime += now - this.changedAt
    else this.timesDown++
    this.changedAt = now
    this.notify(isUp ? 'backend:up' : 'backend:down', { backend: this })
  }

  #announce(server: Server, change: ServerChange): void {
    if (change.what === 'limit') return
    if (change.what === 'weight') {
      this.notify('server:weight', { backend: this, server, before: change.before })
      return
    }
    const payload = { backend: this, server, check: change.check }
    for (const event of stateEvents(change, server)) this.notify(event, payload)
  }
}
