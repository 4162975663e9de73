import { type Address, formatAddress, readAddress } from '../util/address.js'
import { EvenkeelError, OptionError } from '../util/errors.js'
import { isAddress } from '../util/ip-address.js'
import { type Duration, OptionReader, readName } from '../util/options.js'
import type { Transport } from './carrier.js'
import { type CheckOption, type CheckSettings, readCheck } from './check-options.js'
import type { CheckResult } from './check-result.js'
import { ServingCounters } from './counters.js'
import type { Load } from './load.js'
import { Occupants } from './occupants.js'
import { type PoolOptions, type PoolSettings, readPool } from './pool-options.js'
import { RiseFall } from './rise-fall.js'
import { readSendProxy, type SendProxyOption, type SendProxySettings } from './send-proxy-options.js'
import {
  type AdministrativeState,
  type OperationalState,
  type ServerEvent,
  type ServerState,
  transition,
} from './server-state.js'
import { readServerTls, type ServerTlsOptions, type ServerTlsSettings } from './server-tls-options.js'
import { WaitQueue } from './wait-queue.js'
import type { Warmth } from './warmth.js'

/** Options of a {@link Server}. */
export interface ServerOptions extends PoolOptions {
  /** Where it listens: `host:port`, `[ipv6]:port` or `unix:/path`. HAProxy: the address of a `server` line. */
  readonly address: string
  /**
   * Its number in its backend, which consistent hashes and `first` go by; 1 to 2147483647, no two the same. Default: its
   * place, or the lowest that is free when it joins alone. HAProxy: `id`.
   */
  readonly id?: number
  /** Its share of the traffic against the others' weights, 0 to 256; 0 gets none. Default 1. HAProxy: `weight`. */
  readonly weight?: number
  /** Whether it serves only when no other server can. Default false. HAProxy: `backup`. */
  readonly backup?: boolean
  /** How many exchanges it serves at a time; more wait in a queue. Default 0: no limit. HAProxy: `maxconn`. */
  readonly maxConnections?: number
  /**
   * Makes the limit follow the backend's traffic: from this, when there is little, up to `maxConnections` when there are
   * `fullConnections`. 1 to `maxConnections`. Default 0: the limit is `maxConnections` always. HAProxy: `minconn`.
   */
  readonly minConnections?: number
  /**
   * How many may wait for this very server; more are refused with 503, or go to another server where one will do.
   * Default 0: any number. HAProxy: `maxqueue`.
   */
  readonly maxQueue?: number
  /**
   * For so long after it was down or in maintenance its share of the traffic and its limit grow from little to all, so
   * that it can warm up. The share does not with `static-rr`. Default: the backend's. HAProxy: `slowstart`.
   */
  readonly slowStart?: Duration
  /**
   * `false` exempts it from the backend's check; `true` checks that a TCP connection succeeds where the backend says
   * nothing; options, or a `HealthCheck`, are laid over the backend's check. HAProxy: `check`.
   */
  readonly check?: CheckOption
  /**
   * What leads clients back here: the value that the backend's `cookie` has for them. Visible characters without blanks
   * and `" , ; \ | ~`. Servers may share one: the first that takes traffic gets them. Default: none. HAProxy: `cookie`.
   */
  readonly cookie?: string
  /**
   * Tells it who its clients are in a PROXY protocol header, with which each connection begins: `v1`, `v2`, or version 2
   * with more than addresses. A connection serves one client alone then. Not with `transport: 'undici'` or a dispatcher.
   * Default: nothing. HAProxy: `send-proxy`, `send-proxy-v2`, `proxy-v2-options`.
   */
  readonly sendProxy?: SendProxyOption
  /**
   * Speaks TLS with it: `true`, or options. Its certificate must be good, unless they say otherwise. Default false.
   * HAProxy: `ssl`.
   */
  readonly tls?: boolean | ServerTlsOptions
  /** The IP address of this machine that connections to it come from. Default: the system's choice. HAProxy: `source`. */
  readonly source?: string
  /** Exempts it from what stick rules store: nobody is kept here. Default false. HAProxy: `non-stick`. */
  readonly nonStick?: boolean
  /**
   * What becomes of the exchanges that are with it when it goes down or into maintenance: they are ended at once, those
   * that have no response yet with 502. Default: they go on. HAProxy: `on-marked-down`.
   */
  readonly onMarkedDown?: 'shutdown-sessions'
  /**
   * What becomes of the exchanges that are with backup servers when it comes up, is no backup itself and has a weight:
   * they are ended at once. Default: they go on. HAProxy: `on-marked-up`.
   */
  readonly onMarkedUp?: 'shutdown-backup-sessions'
}

/** Who is told of a server's changes: its backend. */
export interface ServerListener {
  /** What limits that follow traffic go by. */
  readonly load?: Pick<Load<Server>, 'limit'>
  /** The server's states, weight or limit changed. */
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
  | { readonly what: 'limit'; readonly before: number }

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
  /** The weight that it was made with, which percentages are relative to. HAProxy: `iweight`. */
  readonly initialWeight: number
  readonly backup: boolean
  /** How it keeps connections where it says otherwise than its backend. */
  readonly pool: Partial<PoolSettings>
  /** How low its limit may get while there is little traffic; 0: it stays the same. */
  readonly minConnections: number
  /** How many may wait for it; 0: any number. */
  readonly maxQueue: number
  /** Milliseconds, 0 for none; undefined: as its backend says. */
  readonly slowStart: number | undefined
  readonly counters = new ServingCounters()
  /** Exchanges that wait for this very server. @internal */
  readonly queue: WaitQueue<Server>
  /** How it is checked; undefined: not at all. Settled when the server joins a backend. */
  check: CheckSettings | undefined
  /** Its number in its backend, from 1: HAProxy's numeric id. 0 until it joins one, unless it was made with one. */
  id: number
  /** Its clients' cookie, if any. Without one of its own, settled when the server joins a backend with dynamic cookies. */
  cookie: string | undefined
  /** Whether stick rules store nothing for it. */
  readonly nonStick: boolean
  /** Whether its going down ends the exchanges that are with it. */
  readonly endsSessionsWhenDown: boolean
  /** Whether its coming up ends the exchanges that are with backup servers. */
  readonly endsBackupSessionsWhenUp: boolean
  /** Who is with it, where somebody may have to be sent away. @internal */
  readonly occupants: Occupants | undefined
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

  /** What it is told of its clients; undefined: nothing. */
  readonly sendProxy: SendProxySettings | undefined
  /** Where connections to it come from; undefined: as the system says. @internal */
  readonly source: string | undefined
  /** Undefined: it is not spoken to over TLS. @internal */
  readonly tls: ServerTlsSettings | undefined

  readonly #checkOption: CheckOption | undefined
  readonly #path: string
  #weight: number
  #maxConnections: number
  #state: ServerState = { operational: 'running', administrative: 'ready' }
  #riseFall: RiseFall | undefined
  #listener: ServerListener | undefined
  #warmth: Warmth | undefined
  #served = 0
  #downtime = 0

  /** Throws an {@link EvenkeelError} for a bad or unknown option. */
  constructor(name: string, options: ServerOptions, path = `servers.${name}`) {
    const reader = new OptionReader(options, path)
    this.name = readName(name, path)
    this.#path = path
    this.address = readAddress(reader.raw('address'), reader.pathOf('address'))
    this.id = reader.integer('id', 1, 2 ** 31 - 1) ?? 0
    this.initialWeight = this.#weight = reader.integer('weight', 0, 256) ?? 1
    this.backup = reader.boolean('backup') ?? false
    this.#maxConnections = reader.integer('maxConnections', 0, Number.MAX_SAFE_INTEGER) ?? 0
    this.minConnections = reader.integer('minConnections', 0, this.#maxConnections) ?? 0
    this.maxQueue = reader.integer('maxQueue', 0, Number.MAX_SAFE_INTEGER) ?? 0
    this.slowStart = reader.duration('slowStart')
    this.queue = new WaitQueue<Server>({ server: this, limit: this.maxQueue, counters: this.counters })
    this.cookie = reader.read('cookie', readCookie)
    this.nonStick = reader.boolean('nonStick') ?? false
    this.endsSessionsWhenDown = reader.oneOf('onMarkedDown', ['shutdown-sessions']) !== undefined
    this.endsBackupSessionsWhenUp = reader.oneOf('onMarkedUp', ['shutdown-backup-sessions']) !== undefined
    this.occupants = this.backup || this.endsSessionsWhenDown ? new Occupants() : undefined
    this.pool = readPool(reader)
    this.sendProxy = reader.read('sendProxy', readSendProxy)
    this.tls = reader.read('tls', readServerTls)
    this.source = reader.read('source', readSource)
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
    if (check?.tls === true && this.tls === undefined) {
      throw new OptionError(`${this.#path}.check.tls`, true, 'nothing but false, as the server has no tls')
    }
    return check
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

  /**
   * Its present weight, 0 to 256. A new one takes effect with the next pick; a percentage such as `'50%'` is that of the
   * weight that it was made with, rounded down, at most 256. HAProxy: `set server weight`.
   */
  get weight(): number {
    return this.#weight
  }

  set weight(weight: number | `${number}%`) {
    const checked = readWeight(weight, this.initialWeight, `${this.#path}.weight`)
    if (checked === this.#weight) return
    const before = this.#weight
    this.#weight = checked
    this.#listener?.serverChanged(this, { what: 'weight', before })
  }

  /** What counts of its weight: all of it, but for sixteenths while it warms up. Algorithms that are not static go by it. */
  get effectiveWeight(): number {
    return this.#warmth === undefined ? this.#weight : (this.#weight * this.#warmth.sixteenths) / 16
  }

  /** How far it has come since it returned; undefined when it is warm. @internal */
  get warmth(): Warmth | undefined {
    return this.#warmth
  }

  /** Takes in how warm it is now. @internal */
  warm(warmth: Warmth | undefined): void {
    this.#warmth = warmth
  }

  /**
   * How many exchanges it serves at a time; 0: no limit. Setting it lets those who wait go on at once, while what is
   * under way above a lower limit goes on. HAProxy: `set maxconn server`.
   */
  get maxConnections(): number {
    return this.#maxConnections
  }

  set maxConnections(maxConnections: number) {
    const limit = new OptionReader({ maxConnections }, this.#path).integer('maxConnections', 0, Number.MAX_SAFE_INTEGER)
    if (limit === undefined) throw new OptionError(`${this.#path}.maxConnections`, limit, 'a whole number, 0 or more')
    if (limit === this.#maxConnections) return
    const before = this.#maxConnections
    this.#maxConnections = limit
    this.#listener?.serverChanged(this, { what: 'limit', before })
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

  /** Whether its limit follows its backend's traffic. */
  get hasDynamicLimit(): boolean {
    return this.minConnections > 0 && this.minConnections < this.#maxConnections
  }

  /**
   * How many exchanges it takes at a time just now: `maxConnections`, or less by `minConnections` and `slowStart`.
   * Infinity without a limit.
   */
  get slots(): number {
    const most = this.#maxConnections
    if (most === 0) return Infinity
    const slots = this.hasDynamicLimit ? (this.#listener?.load?.limit(this.minConnections, most) ?? most) : most
    return this.#warmth === undefined ? slots : Math.max(1, Math.floor((slots * this.#warmth.percent) / 100))
  }

  /** It can take an exchange at once: a slot is free and nobody waits for it. */
  get hasRoom(): boolean {
    return this.#maxConnections === 0 || (this.#served < this.slots && this.queue.length === 0)
  }

  /** A slot is free, whoever waits. @internal */
  get hasSlot(): boolean {
    return this.#served < this.slots
  }

  /** It can take an exchange, at once or, where its queue is limited, into that. HAProxy's `leastconn` goes by it. */
  get hasPlace(): boolean {
    return this.#served + this.queue.length < this.slots + this.maxQueue
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

/** Blanks and `" , ; \` can't stand in a cookie; `|` and `~` end the server's part of it. */
function readCookie(value: unknown, path: string): string {
  if (typeof value === 'string' && /^[!#-+\--:<-[\]-{}]+$/.test(value)) return value
  throw new OptionError(path, value, 'a text of visible characters without blanks and " , ; \\ | ~')
}

function readSource(value: unknown, path: string): string {
  if (typeof value === 'string' && isAddress(value)) return value
  throw new OptionError(path, value, 'an IP address of this machine')
}

function readWeight(value: unknown, initial: number, path: string): number {
  if (typeof value === 'string' && /^\d+%$/.test(value)) {
    return Math.min(256, Math.floor((initial * Math.min(25_600, Number.parseInt(value, 10))) / 100))
  }
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 256) return value as number
  throw new OptionError(path, value, "a whole number, from 0 to 256, or a percentage such as '50%'")
}
