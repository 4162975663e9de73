import type { Mode } from '../core/backend-options.js'
import type { CheckStatus } from '../core/check-result.js'
import type { AdministrativeState, OperationalState } from '../core/server-state.js'

/** What frontends, backends and servers all count. */
export interface TrafficStats {
  readonly mode: Mode
  /** Client connections of a frontend now; of a backend or server: exchanges. HAProxy: `scur`. */
  readonly sessions: number
  /** The most that there were at a time. HAProxy: `smax`. */
  readonly sessionsMax: number
  /** All so far. HAProxy: `stot`. */
  readonly sessionsTotal: number
  /** How many began within the last second. HAProxy: `rate`. */
  readonly sessionRate: number
  /** The most within one second. HAProxy: `rate_max`. */
  readonly sessionRateMax: number
  /** Bytes of ended exchanges from clients to servers. HAProxy: `bin`. */
  readonly bytesIn: number
  /** Bytes of ended exchanges from servers to clients. HAProxy: `bout`. */
  readonly bytesOut: number
  /** Requests; in mode `tcp`: connections. HAProxy: `req_tot`. */
  readonly requests: number
  /** Responses by the class of their status. HAProxy: `hrsp_1xx` and on. */
  readonly responses1xx: number
  readonly responses2xx: number
  readonly responses3xx: number
  readonly responses4xx: number
  readonly responses5xx: number
  /** Responses whose status is in none of the five classes. */
  readonly responsesOther: number
}

/** What a frontend counts. */
export interface FrontendStats extends TrafficStats {
  /** `FULL` while `maxConnections` lets nobody in, its own or that of the proxy. */
  readonly status: 'OPEN' | 'FULL'
  /** Its `maxConnections`; null: no limit. HAProxy: `slim`. */
  readonly sessionsLimit: number | null
  /** Requests within the last second. HAProxy: `req_rate`. */
  readonly requestRate: number
  /** The most within one second. HAProxy: `req_rate_max`. */
  readonly requestRateMax: number
  /** Requests that were malformed, too slow, or left before they were complete. HAProxy: `ereq`. */
  readonly requestErrors: number
  /** Connections closed unserved because `maxConnections` and the backlog behind it were full. */
  readonly refusedConnections: number
  /** Connections closed since they brought no PROXY protocol header in time, or a malformed one. */
  readonly proxyHeaderErrors: number
  readonly failedHandshakes: number
  /** Exchanges that failed inside, a callback's fault included. HAProxy: `eint`. */
  readonly internalErrors: number
  /** Trailer fields of requests that could not be carried to the server. */
  readonly droppedTrailers: number
}

/** What backends and servers count alike. All times are milliseconds. */
export interface ServingStats extends TrafficStats {
  /** A server's present weight; a backend's: the sum of those that take new traffic. HAProxy: `uweight`. */
  readonly weight: number
  /** What counts of it now, rounded up: less while servers warm up after `slowStart`. HAProxy: `weight`. */
  readonly effectiveWeight: number
  /** The cookie that keeps clients here: a backend's name of it, a server's value; null: none. HAProxy: `cookie`. */
  readonly cookie: string | null
  /** Exchanges that wait: for this very server, or in a backend for any. HAProxy: `qcur`. */
  readonly queue: number
  /** Its `maxQueue`; null: no limit. HAProxy: `qlimit`. */
  readonly queueLimit: number | null
  /** The most that waited at a time. HAProxy: `qmax`. */
  readonly queueMax: number
  /** Failures to connect; in a backend also exchanges that found no server. HAProxy: `econ`. */
  readonly connectionErrors: number
  /** Responses that were invalid, cut short or too late. HAProxy: `eresp`. */
  readonly responseErrors: number
  /** Tries repeated on the same server. HAProxy: `wretr`. */
  readonly retries: number
  /** Exchanges moved from this server to another. HAProxy: `wredis`. */
  readonly redispatches: number
  /** Retries that the `retryBudget` did not allow. */
  readonly deniedRetries: number
  /** Transfers that the client broke off. HAProxy: `cli_abrt`. */
  readonly clientAborts: number
  /** Transfers that the server broke off. HAProxy: `srv_abrt`. */
  readonly serverAborts: number
  /** Times that a server was chosen. HAProxy: `lbtot`. */
  readonly chosen: number
  /** Connections opened. HAProxy: `connect`. */
  readonly connects: number
  /** Exchanges that rode on a connection that had served before. HAProxy: `reuse`. */
  readonly reuses: number
  /** Time since the last exchange began; null: there was none. HAProxy: `lastsess`. */
  readonly sinceLastSession: number | null
  /** Time since the state last changed. HAProxy: `lastchg`. */
  readonly sinceLastChange: number
  /** How often it went down; a server also into maintenance. HAProxy: `chkdown`. */
  readonly timesDown: number
  /** For how long it has been down, altogether; a server also in maintenance. HAProxy: `downtime`. */
  readonly downtime: number
  /** Time in the queue, averaged over about the last 1024 exchanges. HAProxy: `qtime`. */
  readonly queueTime: number
  /** Time to connect, likewise. HAProxy: `ctime`. */
  readonly connectTime: number
  /** Time from the connection to the response's head, likewise. HAProxy: `rtime`. */
  readonly responseTime: number
  /** Time of a whole exchange, likewise. HAProxy: `ttime`. */
  readonly totalTime: number
  /** The longest of each. HAProxy: `qtime_max` and on. */
  readonly queueTimeMax: number
  readonly connectTimeMax: number
  readonly responseTimeMax: number
  readonly totalTimeMax: number
}

/** What a server counts, and how it is. */
export interface ServerStats extends ServingStats {
  /** HAProxy's words: `UP`, `UP 2/3`, `DOWN`, `DOWN 1/2`, `DRAIN`, `MAINT`, `no check`. */
  readonly status: string
  /** What checks say of it. */
  readonly operational: OperationalState
  /** What was ordered. */
  readonly administrative: AdministrativeState
  /** Where it listens. HAProxy: `addr`. */
  readonly address: string
  /** Its place in its backend, from 1. HAProxy: `sid`. */
  readonly id: number
  /** Whether it serves only when no other server can. HAProxy: `bck`. */
  readonly backup: boolean
  /** Its `maxConnections`; null: no limit. HAProxy: `slim`. */
  readonly sessionsLimit: number | null
  /** How many exchanges it takes at a time just now: less by `minConnections` and `slowStart`; null: no limit. */
  readonly slots: number | null
  /** Percent of its weight that it has while it warms up; null: it does not. HAProxy: `throttle`. */
  readonly throttle: number | null
  /** How the last check ended; `INI` before the first one has; null: it is not checked. HAProxy: `check_status`. */
  readonly checkStatus: CheckStatus | 'INI' | null
  /** The status code that the last check got. HAProxy: `check_code`. */
  readonly checkCode: number | null
  /** What the last check found, in words; perhaps the server's own. HAProxy: `last_chk`. */
  readonly checkReason: string | null
  /** How long the last check took. HAProxy: `check_duration`. */
  readonly checkDuration: number | null
  /** From 0, down, to `checkRise + checkFall - 1`, fully up. HAProxy: `check_health`. */
  readonly checkHealth: number | null
  /** Successes in a row that bring it up. HAProxy: `check_rise`. */
  readonly checkRise: number | null
  /** Failures in a row that take it down. HAProxy: `check_fall`. */
  readonly checkFall: number | null
  /** Checks that failed while there was health to lose. HAProxy: `chkfail`. */
  readonly failedChecks: number
}

/** What a backend counts, and its servers. */
export interface BackendStats extends ServingStats {
  /** `DOWN` while no server takes new traffic. */
  readonly status: 'UP' | 'DOWN'
  /** With so many exchanges servers take all that they can; null: never. HAProxy: `slim`. */
  readonly sessionsLimit: number | null
  /** HAProxy's name of the balancing algorithm. HAProxy: `algo`. */
  readonly algorithm: string
  /** Servers that could take new traffic, without backups. HAProxy: `act`. */
  readonly activeServers: number
  /** Backup servers that could take traffic if they were needed. HAProxy: `bck`. */
  readonly backupServers: number
  /** The servers by name, in the order in which they joined. */
  readonly servers: Readonly<Record<string, ServerStats>>
}

/** The figures of any one object. */
export type ObjectStats = FrontendStats | BackendStats | ServerStats
