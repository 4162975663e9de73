import type { Backend, Frontend, Server } from '../../index.js'
import { Exchange } from '../../seams.js'
import { OptionError } from '../../util/errors.js'
import { type Random, seededRandom } from '../../util/random.js'
import type { ClockEvent, VirtualClock } from '../virtual-clock.js'
import { Histogram } from './histogram.js'
import { Outages } from './outages.js'
import type { SimulationResult } from './result.js'
import { SimulatedChecks } from './simulated-checks.js'
import { SimulatedServer } from './simulated-server.js'
import { type TrafficSettings, trafficPath } from './traffic.js'
import { Visit, type VisitOwner } from './visit.js'
import { Visitor } from './visitor.js'

/** How long what is under way is awaited when no more requests come. */
const patience = 86_400_000

/** One run of traffic through a frontend, on a virtual clock. It is the event of the next arrival itself. */
export class Simulation implements ClockEvent, VisitOwner {
  due: number
  order = 0
  place = -1
  readonly #frontend: Frontend
  readonly #clock: VirtualClock
  readonly #traffic: TrafficSettings
  readonly #startedAt: number
  readonly #servers = new Map<string, SimulatedServer>()
  readonly #checks: SimulatedChecks[] = []
  readonly #visitors: (Visitor | undefined)[] = []
  /** Those that were needed at a time; the idle ones wait for the next request. */
  readonly #visits: Visit[] = []
  readonly #idle: Visit[] = []
  // What comes, from whom, how long it takes and what fails: each has chance of its own, so that the traffic is the same
  // whatever the proxy makes of it.
  readonly #gaps: Random
  readonly #choices: Random
  readonly #work: Random
  readonly #luck: Random

  #arrived = 0
  #retries = 0
  #redispatched = 0
  readonly #statuses: Record<number, number> = {}
  readonly #queueing = new Histogram()
  readonly #responseTimes = new Histogram()

  constructor(frontend: Frontend, clock: VirtualClock, traffic: TrafficSettings) {
    const seeds = seededRandom(traffic.seed)
    const chance = (): Random => seededRandom(seeds.next() * 2 ** 32)
    this.#gaps = chance()
    this.#choices = chance()
    this.#work = chance()
    this.#luck = chance()
    this.#frontend = frontend
    this.#clock = clock
    this.#traffic = traffic
    this.#startedAt = clock.now()
    this.due = this.#startedAt + this.#gap()
  }

  /** Lets all of it happen. */
  run(): SimulationResult {
    const { backends } = this.#frontend
    this.#checkNames(backends)
    const onAdded = ({ backend, server }: { backend: Backend; server: Server }): void => this.#equip(backend, server)
    for (const backend of backends) {
      for (const server of backend.servers) this.#equip(backend, server)
      backend.on('server:added', onAdded)
    }
    try {
      this.#await()
      this.#clock.run(() => this.place >= 0, Infinity)
      this.#clock.run(() => this.#idle.length < this.#visits.length, this.#clock.now() + patience)
      return this.#result()
    } finally {
      for (const backend of backends) backend.off('server:added', onAdded)
      this.#tidy()
    }
  }

  #checkNames(backends: readonly Backend[]): void {
    const known = backends.flatMap(({ name, servers }) => servers.flatMap((server) => namesOf(name, server)))
    const { service, failures } = this.#traffic
    const used = failures.map(({ path, server }) => ({ path, name: server }))
    if (typeof service !== 'function') {
      for (const name of service.keys()) used.push({ path: `${trafficPath}.service.${name}`, name })
    }
    for (const { path, name } of used) {
      if (!known.includes(name)) throw new OptionError(path, name, `the name of a server: ${known.join(', ')}`)
    }
  }

  #equip(backend: Backend, server: Server): void {
    const names = namesOf(backend.name, server)
    const [own = '', name] = names
    const { service, failures } = this.#traffic
    const time = typeof service === 'function' ? service : (service.get(name!) ?? service.get(own))
    if (time === undefined) throw new OptionError(`${trafficPath}.service.${own}`, undefined, 'a time')
    const struck = failures.filter((failure) => names.includes(failure.server))
    const outages = new Outages(struck, this.#luck, this.#startedAt)
    const options = { name: name!, clock: this.#clock, service: time, random: this.#work, outages }
    this.#servers.set(name!, new SimulatedServer(server, options))
    if (server.check !== undefined) this.#checks.push(new SimulatedChecks(server, this.#clock, outages))
  }

  // -- Requests -------------------------------------------------------------------------------------------------------

  #gap(): number {
    const mean = 1000 / this.#traffic.rate
    return this.#traffic.arrivals === 'fixed' ? mean : -mean * Math.log(1 - this.#gaps.next())
  }

  /** Awaits the next request, if one is to come. */
  #await(): void {
    const isLate = this.due >= this.#startedAt + this.#traffic.duration
    if (!isLate && this.#arrived < this.#traffic.requests) this.#clock.schedule(this)
  }

  /** A request comes. */
  callback(): void {
    this.#arrived++
    this.due += this.#gap()
    this.#await()
    const visitor = this.#visitor()
    const visit = this.#idle.pop() ?? this.#newVisit()
    const head = visit.begin(visitor)
    visit.exchange = new Exchange(this.#frontend, visitor.session, visit, head, visit.startedAt)
    visit.exchange.start()
  }

  #visitor(): Visitor {
    const number = Math.floor(this.#choices.next() * this.#traffic.clients)
    this.#visitors[number] ??= new Visitor(number, this.#frontend, this.#traffic.requestOf)
    return this.#visitors[number]
  }

  #newVisit(): Visit {
    const visit = new Visit(this, this.#clock)
    this.#visits.push(visit)
    return visit
  }

  visitEnded(visit: Visit, status: number): void {
    const now = this.#clock.now()
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1
    this.#queueing.add((visit.firstTryAt < 0 ? now : visit.firstTryAt) - visit.startedAt)
    this.#responseTimes.add(now - visit.startedAt)
    if (visit.tries > 1) this.#retries += visit.tries - 1
    if (visit.hasMoved) this.#redispatched++
    const server = visit.answering
    if (server !== undefined) {
      server.responses++
      visit.visitor!.answeredBy(server)
    }
    visit.exchange = undefined
    this.#idle.push(visit)
  }

  // -- The end --------------------------------------------------------------------------------------------------------

  #result(): SimulationResult {
    const duration = this.#clock.now() - this.#startedAt
    const servers = [...this.#servers.values()]
    const responses = servers.reduce((sum, server) => sum + server.responses, 0)
    const returning = this.#visitors.filter((visitor) => visitor !== undefined && visitor.answers > 1)
    const loyal = returning.filter((visitor) => visitor!.isLoyal)
    return {
      requests: this.#arrived,
      duration,
      statuses: this.#statuses,
      unanswered: this.#visits.length - this.#idle.length,
      queueing: this.#queueing.summary(),
      responseTime: this.#responseTimes.summary(),
      retries: this.#retries,
      redispatched: this.#redispatched,
      stickiness: returning.length === 0 ? 1 : loyal.length / returning.length,
      servers: Object.fromEntries(servers.map((server) => [server.name, server.summary(responses, duration)])),
    }
  }

  /** Leaves nothing behind on the clock and in the frontend. */
  #tidy(): void {
    for (const visit of this.#visits) {
      visit.exchange?.clientAborted()
      visit.deadline.cancel()
    }
    this.#clock.cancel(this)
    for (const checks of this.#checks) checks.stop()
    for (const server of this.#servers.values()) server.leave()
    for (const visitor of this.#visitors) visitor?.session.close()
  }
}

/** What a server is called: by itself, and among all. */
function namesOf(backend: string, { name }: Server): string[] {
  return [name, `${backend}/${name}`]
}
