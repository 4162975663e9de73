import type { Backend } from '../core/backend.js'
import type { Frontend } from '../core/frontend.js'
import type { Server } from '../core/server.js'
import type { Metric, MetricName, Value, Values } from './metric.js'
import { metricNames, metrics } from './metrics.js'
import type { BackendStats, FrontendStats, ServerStats } from './object-stats.js'

/** Everything that a proxy counts at one moment: plain data that JSON takes as it is. */
export interface StatsSnapshot {
  /** Milliseconds since the proxy was made. */
  readonly uptime: number
  /** By name. */
  readonly frontends: Readonly<Record<string, FrontendStats>>
  /** By name. */
  readonly backends: Readonly<Record<string, BackendStats>>
}

/** What a snapshot is taken of. */
export interface Observed {
  readonly frontends: readonly Frontend[]
  readonly backends: readonly Backend[]
  /** Milliseconds. */
  readonly uptime: number
}

/** Reads every figure of the live objects. */
export function snapshot({ frontends, backends, uptime }: Observed): StatsSnapshot {
  return {
    uptime: exact(uptime),
    frontends: Object.fromEntries(frontends.map((frontend) => [frontend.name, readFrontend(frontend)])),
    backends: Object.fromEntries(backends.map((backend) => [backend.name, readBackend(backend)])),
  }
}

function readFrontend(frontend: Frontend): FrontendStats {
  const now = frontend.clock.now()
  return read((metric) => metric.frontend?.(frontend, now)) as FrontendStats
}

function readBackend(backend: Backend): BackendStats {
  const now = backend.clock.now()
  const values = read((metric) => metric.backend?.(backend, now)) as Omit<BackendStats, 'servers'>
  const servers = backend.servers.map((server) => [server.name, readServer(server, now, backend)] as const)
  return { ...values, servers: Object.fromEntries(servers) }
}

function readServer(server: Server, now: number, backend: Backend): ServerStats {
  return read((metric) => metric.server?.(server, now, backend)) as ServerStats
}

const rows: readonly (readonly [MetricName, Metric])[] = metricNames.map((name) => [name, metrics[name]])

/** Reads each figure; undefined says that the object has none such. */
function read(readOne: (metric: Metric) => Value | undefined): Values {
  const values: { -readonly [Name in keyof Values]: Values[Name] } = {}
  for (const [name, metric] of rows) {
    const value = readOne(metric)
    if (value !== undefined) values[name] = metric.unit === 'ms' && typeof value === 'number' ? exact(value) : value
  }
  return values
}

/** Milliseconds to the microsecond: what comes after is noise. */
function exact(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
