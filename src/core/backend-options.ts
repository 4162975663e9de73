import type { BalanceOption } from '../balance/registry.js'
import type { PersistenceOptions } from '../persistence/persistence-options.js'
import type { Clock } from '../util/clock.js'
import { OptionError } from '../util/errors.js'
import { type Duration, OptionReader, readName } from '../util/options.js'
import type { Random } from '../util/random.js'
import { type CheckOption, type CheckSettings, readCheck } from './check-options.js'
import { type ConnectionMode, type ConnectionModeOptions, readConnectionMode } from './connection-mode.js'
import { type ErrorPages, readErrorPages } from './error-page.js'
import { type RetryOptions, type RetryPolicy, readRetryPolicy } from './retry-options.js'
import { Server, type ServerOptions } from './server.js'
import { readTransport, type TransportOptions, type TransportSettings } from './transport-options.js'

/** What traffic a frontend takes and a backend serves. Both must agree. */
export type Mode = 'http' | 'tcp'

/** A server in a backend's list: options with a name, a bare address (its name too), or a ready object. */
export type ServerEntry = string | (ServerOptions & { readonly name: string }) | Server

/** A backend's time limits. */
export interface BackendTimeouts {
  /** To connect to a server, at each try. Default 5s. HAProxy: `timeout connect`. */
  readonly connect?: Duration
  /** How long a server may be silent when it is its turn. Default 1m. HAProxy: `timeout server`. */
  readonly server?: Duration
  /** To wait for a free slot. Default: as `connect`. HAProxy: `timeout queue`. */
  readonly queue?: Duration
  /** How long a tunnel (TCP mode, WebSocket) may be silent in both directions. Default 1h. HAProxy: `timeout tunnel`. */
  readonly tunnel?: Duration
  /**
   * How long a server may be silent in a tunnel whose client has ended its side. Default 10s. HAProxy: `timeout server-fin`.
   */
  readonly serverFin?: Duration
}

/** Options of a {@link Backend}. */
export interface BackendOptions extends ConnectionModeOptions, PersistenceOptions, RetryOptions, TransportOptions {
  /** Default `http`. HAProxy: `mode`. */
  readonly mode?: Mode
  /** The servers: a list, or a record by name. Default none; more can join later. HAProxy: `server`. */
  readonly servers?: readonly ServerEntry[] | Readonly<Record<string, string | ServerOptions>>
  /** How a server is chosen: a name, `{ algorithm, ...options }`, or a Balancer. Default `roundrobin`. HAProxy: `balance`. */
  readonly balance?: BalanceOption
  /** Uses all backup servers at once when they are needed, not the first alone. Default false. HAProxy: `option allbackups`. */
  readonly allBackups?: boolean
  /** Checks every server that does not say otherwise; `true`: by a TCP connection. Default: no checks. HAProxy: `check`. */
  readonly check?: CheckOption
  /** For how long servers warm up that say nothing themselves. Default: not at all. HAProxy: `default-server slowstart`. */
  readonly slowStart?: Duration
  /** How many may wait for any server; more get 503. Default 0: any number. HAProxy has no such limit. */
  readonly maxQueue?: number
  /**
   * With so many exchanges, those that wait included, servers with `minConnections` take as many as `maxConnections`
   * says. Default: a tenth of what the frontends that lead here let in; without limits there, such servers stay at
   * `minConnections`. HAProxy: `fullconn`.
   */
  readonly fullConnections?: number
  readonly timeout?: BackendTimeouts
  /**
   * Whether a client that has ended its side counts as gone while it waits for its answer, so that its place and its server
   * are free at once. Without, it is answered: some clients end their side and go on reading, but one that has left can't
   * be told from those until something is sent to it. Default true. HAProxy: `option abortonclose`, off by default there.
   */
  readonly abortOnClose?: boolean
  /** The Host that servers see: `client` (what the client sent), `server` (its own address), or a text. Default `client`. */
  readonly host?: string
  /** A field that tells the server its own name, in the place of any that the client sent. HAProxy: `http-send-name-header`. */
  readonly sendServerName?: string
  /** Pages for errors of this backend; they go before the frontend's. HAProxy: `errorfile`. */
  readonly errorFiles?: ErrorPages
  /** Where time comes from. Default: the machine. */
  readonly clock?: Clock
  /** Where chance comes from. Default: `Math.random`. */
  readonly random?: Random
}

/** A backend's time limits, read and complete: milliseconds, `Infinity` for none. */
export interface BackendTimeLimits {
  readonly connect: number
  readonly server: number
  readonly queue: number
  readonly tunnel: number
  readonly serverFin: number
}

/** The options that need no more than reading. */
export interface BackendSettings extends ConnectionMode, TransportSettings {
  readonly mode: Mode
  readonly allBackups: boolean
  readonly check: CheckSettings | undefined
  /** Milliseconds, 0 for none. */
  readonly slowStart: number
  /** 0: any number. */
  readonly maxQueue: number
  /** Undefined: by the frontends. */
  readonly fullConnections: number | undefined
  readonly timeout: BackendTimeLimits
  readonly retryPolicy: RetryPolicy
  readonly abortOnClose: boolean
  readonly host: string
  readonly sendServerName: string | undefined
  readonly errorFiles: ErrorPages
}

/** Reads all of a backend's options but those that make objects of their own. */
export function readBackendSettings(reader: OptionReader): BackendSettings {
  return {
    mode: reader.oneOf('mode', ['http', 'tcp']) ?? 'http',
    allBackups: reader.boolean('allBackups') ?? false,
    check: readCheck(undefined, reader.raw('check') as CheckOption | undefined, reader.pathOf('check')),
    slowStart: reader.duration('slowStart') ?? 0,
    maxQueue: reader.integer('maxQueue', 0, Number.MAX_SAFE_INTEGER) ?? 0,
    fullConnections: reader.integer('fullConnections', 1, Number.MAX_SAFE_INTEGER),
    timeout: readTimeouts(reader),
    retryPolicy: readRetryPolicy(reader),
    abortOnClose: reader.boolean('abortOnClose') ?? true,
    host: reader.read('host', readHost) ?? 'client',
    sendServerName: reader.read('sendServerName', readFieldName),
    errorFiles: reader.read('errorFiles', readErrorPages) ?? {},
    ...readConnectionMode(reader),
    ...readTransport(reader),
  }
}

function readTimeouts(reader: OptionReader): BackendTimeLimits {
  const own = reader.nested('timeout', (timeout) => ({
    connect: timeout.duration('connect'),
    server: timeout.duration('server'),
    queue: timeout.duration('queue'),
    tunnel: timeout.duration('tunnel'),
    serverFin: timeout.duration('serverFin'),
  }))
  const connect = unlimited(own?.connect) ?? 5000
  return {
    connect,
    server: unlimited(own?.server) ?? 60_000,
    queue: unlimited(own?.queue) ?? connect,
    tunnel: unlimited(own?.tunnel) ?? 3_600_000,
    serverFin: unlimited(own?.serverFin) ?? 10_000,
  }
}

/** HAProxy's `timeout x 0`: never. */
export function unlimited(ms: number | undefined): number | undefined {
  return ms === 0 ? Infinity : ms
}

function readHost(value: unknown, path: string): string {
  if (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)) return value
  throw new OptionError(path, value, "'client', 'server', or the value of a Host field")
}

function readFieldName(value: unknown, path: string): string {
  if (typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value)) return value
  throw new OptionError(path, value, 'the name of a field, such as X-Server-Name')
}

/** Reads the `random` option. */
export function readRandom(value: unknown, path: string): Random {
  if (typeof (value as Partial<Random> | null)?.next === 'function') return value as Random
  throw new OptionError(path, value, 'a Random: an object with next')
}

/** Reads the `servers` option. */
export function readServers(value: unknown, path: string): Server[] {
  if (Array.isArray(value)) return value.map((entry: unknown, index) => makeServer(entry, `${path}[${index}]`))
  if (typeof value !== 'object' || value === null) throw new OptionError(path, value, 'a list or a record of servers')
  return Object.entries(value).map(([name, entry]: [string, unknown]) => {
    const at = `${path}.${name}`
    return new Server(name, typeof entry === 'string' ? { address: entry } : (entry as ServerOptions), at)
  })
}

/** Makes the server that an entry of the list describes. */
export function makeServer(entry: unknown, path: string): Server {
  if (entry instanceof Server) return entry
  if (typeof entry === 'string') return new Server(entry, { address: entry }, path)
  const { name, ...options } = new OptionReader(entry, path).values as { name?: unknown }
  return new Server(readName(name, `${path}.name`), options as ServerOptions, path)
}
