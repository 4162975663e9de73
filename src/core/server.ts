import { type Address, formatAddress, readAddress } from '../util/address.js'
import { EvenkeelError, OptionError } from '../util/errors.js'
import { OptionReader, readName } from '../util/options.js'
import type { Transport } from './carrier.js'
import { type CheckOption, type CheckSettings, readCheck } from './check-options.js'
import type { CheckResult } from './check-result.js'
import { ServingCounters } from './counters.js'
import { RiseFall } from './rise-fall.js'
import {
  type AdministrativeState,
  type OperationalState,
  type ServerEvent,
  type ServerState,
  transition,
} from './server-state.js'
import { WaitQueue } from './wait-queue.js'

/** Options of a {@link Server}. */
export interface ServerOptions {
  /** Where it listens: `host:port`, `[ipv6]:port` or `unix:/path`. HAProxy: the address of a `server` line. */
  readonly address: string
  /** Its share of the traffic against the others' weights, 0 to 256; 0 gets none. Default 1. HAProxy: `weight`. */
  readonly weight?: number
  /** Whether it serves only when no other server can. Default false. HAProxy: `backup`. */
  readonly backup?: boolean
  /** How many exchanges it serves at a time; more wait in a queue. Default 0: no limit. HAProxy: `maxconn`. */
  readonly maxConnections?: number
  /**
   * `false` exempts it from the backend's check; `true` checks that a TCP connection succeeds where the backend says
   * nothing; options, or a `HealthCheck`, are laid over the backend's check. HAProxy: `check`.
   */
  readonly check?: CheckOption
}

/** Who is told of a server's changes: its backend. */
export interface ServerListener {
  /** The server's states or weight changed. */
  serverChanged(server: Server, change: ServerChange): void
  /** A slot of the server was given back. */
  slotFreed(server: Server): void
}

/** What changed about a server. */
export type ServerChange =
  | {
      readonly what: 'state'
      readonly event: ServerEvent
      readonly before: ServerState
      readonly check: CheckResult | undefined
    }
  | { readonly what: 'weight'; readonly before: number }

/**
 * One endpoint of a backend: its address, limits, weight, states and live counts. It is the only writer of these.
 *
 * @example
 * ```ts
 * const server = new Server('app1', { address: '127.0.0.1:5001', weight: 2 })
 * ```
 */
export class Server {
  readonly name: string
  readonly address: Address
  /** The weight that it was made with, which percentages would be relative to. HAProxy: `iweight`. */
  readonly initialWeight: number
  readonly backup: boolean
  /** 0: no limit. */
  readonly maxConnections: number
  readonly counters = new ServingCounters()
  /** Exchanges that wait for this very server. @internal */
  readonly queue = new WaitQueue<Server>(this)
  /** How it is checked; undefined: not at all. Settled when the server joins a backend. */
  check: CheckSettings | undefined
  /** Its place in its backend, from 1: HAProxy's numeric id. 0 until it joins one. */
  id = 0
  /** What carries exchanges to it, while its backend is at work. @internal */
  transport: Transport | undefined
  /** The last finished check. */
  lastCheck: CheckResult | undefined
  /** When its state last changed, by the clock of its backend. */
  changedAt = 0
  /** Checks that failed while there was health to lose: not those of a server that is plainly down. HAProxy: `chkfail`. */
  failedChecks = 0
  /** How often it was up and went down, or into maintenance. HAProxy: `chkdown`. */
  timesDown = 0

  readonly #checkOption: CheckOption | undefined
  readonly #path: string
  #weight: number
  #state: ServerState = { operational: 'running', administrative: 'ready' }
  #riseFall: RiseFall | undefined
  #listener: ServerListener | undefined
  #served = 0
  #downtime = 0

  /** Throws an {@link EvenkeelError} for a bad or unknown option. */
  constructor(name: string, options: ServerOptions, path = `servers.${name}`) {
    const reader = new OptionReader(options, path)
    this.name = readName(name, path)
    this.#path = path
    this.address = readAddress(reader.raw('address'), reader.pathOf('address'))
    this.initialWeight = this.#weight = reader.integer('weight', 0, 256) ?? 1
    this.backup = reader.boolean('backup') ?? false
    this.maxConnections = reader.integer('maxConnections', 0, Number.MAX_SAFE_INTEGER) ?? 0
    this.#checkOption = reader.raw('check') as ServerOptions['check']
    reader.end()
    // Wrong options shall throw here and now, even though the backend has yet to add its own.
    this.#readCheck(undefined)
  }

  /** Joins a backend. A server belongs to one backend for good. @internal */
  join(listener: ServerListener, id: number, backendCheck: CheckSettings | undefined, now: number): void {
    if (this.#listener !== undefined) {
      throw new EvenkeelError('ERR_EVENKEEL_STATE', `${this.#path}: the server belongs to a backend already`)
    }
    this.check = this.#readCheck(backendCheck)
    this.#riseFall = this.check && new RiseFall(this.check.rise, this.check.fall)
    this.#listener = listener
    this.id = id
    this.changedAt = now
  }

  #readCheck(inherited: CheckSettings | undefined): CheckSettings | undefined {
    const check = readCheck(inherited, this.#checkOption, `${this.#path}.check`)
    if (check?.port !== undefined && check.address === undefined && 'path' in this.address) {
      throw new OptionError(`${this.#path}.check.port`, check.port, 'nothing, as the server listens on a Unix socket')
    }
    return check
  }

  /** Whether `listener` is the backend that it joined. @internal */
  belongsTo(listener: ServerListener): boolean {
    return this.#listener === listener
  }

  /** Where it listens, as text. */
  get target(): string {
    return formatAddress(this.address)
  }

  /** What checks say of it. Without checks: running. */
  get operational(): OperationalState {
    return this.#state.operational
  }

  /** What was ordered. */
  get administrative(): AdministrativeState {
    return this.#state.administrative
  }

  /** Its present weight, 0 to 256. Setting one takes effect with the next pick. HAProxy: `set server weight`. */
  get weight(): number {
    return this.#weight
  }

  set weight(weight: number) {
    const checked = readWeight({ weight }, this.#path)
    if (checked === this.#weight) return
    const before = this.#weight
    this.#weight = checked
    this.#listener?.serverChanged(this, { what: 'weight', before })
  }

  /** Gets no new traffic but what persistence sends here; what is under way goes on. HAProxy: `state drain`. */
  drain(): void {
    this.#order('drain')
  }

  /** Gets no traffic and no checks; what is under way goes on. HAProxy: `state maint`. */
  maintenance(): void {
    this.#order('maintenance')
  }

  /** Back to normal service. After maintenance the server is taken to be up. HAProxy: `state ready`. */
  ready(): void {
    this.#order('ready')
  }

  #order(state: AdministrativeState): void {
    if (this.#state.administrative === 'maintenance' && state !== 'maintenance') this.#riseFall?.reset()
    this.#apply(state, undefined)
  }

  /** Takes in what a check found. @internal */
  observeCheck(result: CheckResult): void {
    if (this.#riseFall === undefined || this.administrative === 'maintenance') return
    this.lastCheck = result
    if (!result.passed && this.#riseFall.health > 0) this.failedChecks++
    if (this.#riseFall.count(result.passed)) this.#apply(result.passed ? 'rose' : 'fell', result)
  }

  #apply(event: ServerEvent, check: CheckResult | undefined): void {
    const before = this.#state
    const wasUp = this.isUp
    this.#state = transition(before, event)
    if (this.#state === before) return
    if (wasUp && !this.isUp) this.timesDown++
    this.#listener?.serverChanged(this, { what: 'state', event, before, check })
  }

  /** Notes when the present state began. @internal */
  stamp(now: number, wasDown: boolean): void {
    if (wasDown) this.#downtime += now - this.changedAt
    this.changedAt = now
  }

  /** Milliseconds that it has been down or in maintenance. HAProxy: `downtime`. */
  downtime(now: number): number {
    return this.#downtime + (this.isUp ? 0 : now - this.changedAt)
  }

  /** Checks say that it runs, and it is not in maintenance. */
  get isUp(): boolean {
    return this.#state.operational === 'running' && this.#state.administrative !== 'maintenance'
  }

  /** New traffic may come here: it is up, not draining, and its weight is not 0. */
  get isUsable(): boolean {
    return this.#state.operational === 'running' && this.#state.administrative === 'ready' && this.#weight > 0
  }

  /** Exchanges that hold a slot now. */
  get served(): number {
    return this.#served
  }

  /** Exchanges that wait for this server. */
  get queued(): number {
    return this.queue.length
  }

  /** It can take an exchange at once: a slot is free and nobody waits for it. */
  get hasRoom(): boolean {
    return this.maxConnections === 0 || (this.#served < this.maxConnections && this.queue.length === 0)
  }

  /** A slot is free, whoever waits. @internal */
  get hasSlot(): boolean {
    return this.maxConnections === 0 || this.#served < this.maxConnections
  }

  /** Takes a slot. Whoever takes gives back, once. @internal */
  take(now: number): void {
    this.#served++
    this.counters.sessions.opened(now)
  }

  /** Gives a slot back. @internal */
  release(): void {
    this.#served--
    this.counters.sessions.closed()
    this.#listener?.slotFreed(this)
  }

  /** How near it is to changing its health, while checked. @internal */
  get riseFall(): RiseFall | undefined {
    return this.#riseFall
  }

  /** Its state in HAProxy's words: `UP`, `UP 2/3`, `DOWN`, `DOWN 1/2`, `DRAIN`, `MAINT`, `no check`. */
  get status(): string {
    if (this.administrative === 'maintenance') return 'MAINT'
    const word = this.administrative === 'drain' ? 'DRAIN' : 'UP'
    if (this.#riseFall === undefined) return word === 'UP' ? 'no check' : word
    const { health, rise, fall, isUp } = this.#riseFall
    if (!isUp) return health === 0 ? 'DOWN' : `DOWN ${health}/${rise}`
    return health === rise + fall - 1 ? word : `${word} ${health - rise + 1}/${fall}`
  }
}

function readWeight(options: { readonly weight: unknown }, path: string): number {
  const weight = new OptionReader(options, path).integer('weight', 0, 256)
  if (weight === undefined) throw new OptionError(`${path}.weight`, weight, 'a whole number, from 0 to 256')
  return weight
}
