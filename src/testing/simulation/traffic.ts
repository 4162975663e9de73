import type { RouteRequest } from '../../index.js'
import { OptionError } from '../../util/errors.js'
import { type Duration, OptionReader, readDuration } from '../../util/options.js'
import type { Distribution } from '../distributions.js'

/** How long a server works on a request: a time, or a function that gives milliseconds for one after the other. */
export type ServiceTime = Duration | Distribution

/** A time in which a server fails. */
export interface SimulatedFailure {
  /** The server's name, in whatever backend, or `backend/server`. */
  readonly server: string
  /** When it begins, from the start of the traffic. Default: at once. */
  readonly from?: Duration
  /** When it is over. Default: never. */
  readonly to?: Duration
  /**
   * What happens: `refuse` a connection, `close` it without an answer, say nothing (`silent`), or answer with a status.
   * Default `refuse`. Health checks fail by it if they would in truth: a TCP check only when connections are refused.
   */
  readonly kind?: 'refuse' | 'close' | 'silent' | number
  /** The share of requests and checks that it strikes, 0 to 1. Default 1. */
  readonly ratio?: number
}

/** What comes, and how servers deal with it. At least one of `duration` and `requests` is required. */
export interface Traffic {
  /** Requests per second. */
  readonly rate: number
  /** Whether requests come independently of one another, or evenly spaced. Default `poisson`. */
  readonly arrivals?: 'poisson' | 'fixed'
  /** For how long requests come. What is under way then is awaited. */
  readonly duration?: Duration
  /** How many requests come. */
  readonly requests?: number
  /** How many clients they come from, each equally often; each has an address of its own. Default 1000. */
  readonly clients?: number
  /**
   * What clients ask for: a request, or a function that gives that of each client by its number, from 0. Bodies are not
   * simulated. Default: `GET /`.
   */
  readonly request?: RouteRequest | ((client: number) => RouteRequest)
  /** How long servers work on a request: all alike, or each by its name (`server` or `backend/server`). */
  readonly service: ServiceTime | Readonly<Record<string, ServiceTime>>
  /** What goes wrong with servers. */
  readonly failures?: readonly SimulatedFailure[]
  /** In a configuration with several frontends, the name of the one that the traffic comes to. Default: the first. */
  readonly frontend?: string
  /** Where chance begins: the same seed gives the same result. Default 1. */
  readonly seed?: number
}

/** A failure, read and complete. */
export interface FailureSettings {
  readonly server: string
  readonly path: string
  readonly from: number
  readonly to: number
  readonly kind: 'refuse' | 'close' | 'silent' | number
  readonly ratio: number
}

/** The description of traffic, read and complete. */
export interface TrafficSettings {
  readonly rate: number
  readonly arrivals: 'poisson' | 'fixed'
  readonly duration: number
  readonly requests: number
  readonly clients: number
  readonly requestOf: (client: number) => RouteRequest
  readonly service: Distribution | ReadonlyMap<string, Distribution>
  readonly failures: readonly FailureSettings[]
  readonly frontend: string | undefined
  readonly seed: number
}

/** What errors call the description of traffic. */
export const trafficPath = 'simulate(traffic)'

/** Reads the description of traffic. */
export function readTraffic(traffic: unknown): TrafficSettings {
  const reader = new OptionReader(traffic, trafficPath)
  const request = reader.read('request', readRequests)
  const settings = {
    rate: reader.read('rate', readRate) ?? missing(reader, 'rate', 'requests per second'),
    arrivals: reader.oneOf('arrivals', ['poisson', 'fixed']) ?? 'poisson',
    duration: reader.duration('duration') ?? Infinity,
    requests: reader.integer('requests', 1, Number.MAX_SAFE_INTEGER) ?? Infinity,
    clients: reader.integer('clients', 1, 2 ** 24) ?? 1000,
    requestOf: request ?? (() => ({})),
    service: reader.read('service', readService) ?? missing(reader, 'service', 'how long servers work on a request'),
    failures: reader.read('failures', readFailures) ?? [],
    frontend: reader.string('frontend'),
    seed: reader.integer('seed', 0, 2 ** 32 - 1) ?? 1,
  }
  reader.end()
  if (settings.duration === Infinity && settings.requests === Infinity) {
    missing(reader, 'duration', 'how long the traffic lasts, or requests: how many there are')
  }
  return settings
}

function missing(reader: OptionReader, name: string, takes: string): never {
  throw new OptionError(reader.pathOf(name), undefined, takes)
}

function readRate(value: unknown, path: string): number {
  if (typeof value === 'number' && value > 0 && value < Infinity) return value
  throw new OptionError(path, value, 'requests per second, above 0')
}

function readRequests(value: unknown, path: string): (client: number) => RouteRequest {
  if (typeof value === 'function') return value as (client: number) => RouteRequest
  const request = new OptionReader(value, path).values as RouteRequest
  return () => request
}

function readService(value: unknown, path: string): TrafficSettings['service'] {
  if (typeof value !== 'object') return readServiceTime(value, path)
  const times = Object.entries(new OptionReader(value, path).values)
  return new Map(times.map(([name, time]) => [name, readServiceTime(time, `${path}.${name}`)]))
}

function readServiceTime(value: unknown, path: string): Distribution {
  if (typeof value === 'function') return value as Distribution
  const time = readDuration(value, path)
  return () => time
}

function readFailures(value: unknown, path: string): FailureSettings[] {
  if (!Array.isArray(value)) throw new OptionError(path, value, 'a list of failures')
  return value.map((entry: unknown, index) => readFailure(new OptionReader(entry, `${path}[${index}]`)))
}

function readFailure(reader: OptionReader): FailureSettings {
  const failure = {
    server: reader.string('server') ?? missing(reader, 'server', 'the name of a server'),
    path: reader.pathOf('server'),
    from: reader.duration('from') ?? 0,
    to: reader.duration('to') ?? Infinity,
    kind: reader.read('kind', readKind) ?? ('refuse' as const),
    ratio: reader.read('ratio', readRatio) ?? 1,
  }
  reader.end()
  return failure
}

function readKind(value: unknown, path: string): FailureSettings['kind'] {
  if (value === 'refuse' || value === 'close' || value === 'silent') return value
  if (Number.isInteger(value) && (value as number) >= 200 && (value as number) <= 599) return value as number
  throw new OptionError(path, value, "'refuse', 'close', 'silent', or a status from 200 to 599")
}

function readRatio(value: unknown, path: string): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value
  throw new OptionError(path, value, 'a number from 0 to 1')
}
