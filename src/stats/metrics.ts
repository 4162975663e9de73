import type { Backend } from '../core/backend.js'
import type {
  FrontendCounters,
  ResponseCounters,
  ServingCounters,
  SessionCounters,
  TimeCounters,
} from '../core/counters.js'
import type { Server } from '../core/server.js'
import { checkMeaning, plain, wholeSeconds } from './haproxy-forms.js'
import type { Metric, MetricName, Metrics } from './metric.js'

/** Every figure, once. A snapshot's fields stand in this order, and all that shows a snapshot reads these rows. */
export const metrics: Metrics = {
  mode: {
    ...text('mode', 'What it carries'),
    frontend: ({ settings }) => settings.mode,
    backend: ({ mode }) => mode,
    server: (_server, _now, { mode }) => mode,
  },
  status: {
    ...text('status', 'State'),
    frontend: ({ hasRoom }) => (hasRoom ? 'OPEN' : 'FULL'),
    backend: ({ status }) => status,
    server: ({ status }) => status,
  },
  operational: { ...text(undefined, 'What checks say of it'), server: ({ operational }) => operational },
  administrative: { ...text(undefined, 'What was ordered'), server: ({ administrative }) => administrative },
  algorithm: { ...text('algo', 'Balancing algorithm'), backend: ({ balancer }) => balancer.algorithm },
  address: { ...text('addr', 'Where it listens'), server: ({ target }) => target },
  cookie: {
    ...text('cookie', 'Name of the cookie that keeps clients on servers, and its value for each server'),
    backend: ({ persistence }) => persistence?.cookieName ?? null,
    server: ({ cookie }) => cookie ?? null,
  },
  id: { ...gauge('sid', 'Place in its backend, from 1'), server: ({ id }) => id },
  backup: {
    ...row('flag', { act: (backup) => Number(!backup), bck: Number }, 'Serves only when no other server can'),
    server: ({ backup }) => backup,
  },
  activeServers: { ...gauge('act', 'Usable servers that are no backups'), backend: (own) => usable(own, false) },
  backupServers: { ...gauge('bck', 'Usable backup servers'), backend: (own) => usable(own, true) },
  weight: {
    ...gauge('uweight', 'Share of new traffic against the other weights'),
    backend: ({ candidates }) => candidates.reduce((sum, { weight }) => sum + weight, 0),
    server: ({ weight }) => weight,
  },
  effectiveWeight: {
    ...gauge('weight', 'The weight that counts now, less while it warms up'),
    backend: ({ candidates }) => Math.ceil(candidates.reduce((sum, { effectiveWeight }) => sum + effectiveWeight, 0)),
    server: ({ effectiveWeight }) => Math.ceil(effectiveWeight),
  },
  throttle: { ...gauge('throttle', 'Percent of its weight that a server has while it warms up'), server: throttle },

  queue: {
    ...gauge('qcur', 'Exchanges that wait for a slot'),
    backend: ({ queue }) => queue.length,
    server: ({ queued }) => queued,
  },
  queueLimit: {
    ...gauge('qlimit', 'How many may wait at a time'),
    backend: ({ settings }) => settings.maxQueue || null,
    server: ({ maxQueue }) => maxQueue || null,
  },
  queueMax: { ...gauge('qmax', 'Most that waited at a time'), ...serving(({ queueMax }) => queueMax) },
  sessions: {
    ...gauge('scur', 'Client connections of a frontend, exchanges of a backend or server'),
    ...sessions('current'),
  },
  sessionsMax: { ...gauge('smax', 'Most sessions at a time'), ...sessions('max') },
  sessionsLimit: {
    ...gauge('slim', 'Most sessions that are allowed at a time'),
    frontend: ({ settings }) => settings.maxConnections || null,
    backend: ({ load }) => finite(load.full),
    server: ({ maxConnections }) => maxConnections || null,
  },
  slots: {
    ...gauge(undefined, 'Most exchanges at a time just now, by load and while it warms up'),
    server: ({ slots }) => finite(slots),
  },
  sessionsTotal: { ...counter('stot', 'Sessions so far'), ...sessions('total') },
  sessionRate: {
    ...rate('rate', 'Sessions begun within a second'),
    ...everywhere(({ sessions }, now) => sessions.rate.read(now)),
  },
  sessionRateMax: { ...rate('rate_max', 'Most sessions begun within one second'), ...sessions('rateMax') },
  sinceLastSession: { ...time({ lastsess: wholeSeconds }, 'Since the last session began'), ...serving(sinceLast) },
  requests: {
    ...counter('req_tot', 'Requests so far', 'http'),
    frontend: ({ counters }) => counters.requests,
    // What a backend or a server counts as a session is one exchange.
    ...serving(({ sessions }) => sessions.total),
  },
  requestRate: {
    ...rate('req_rate', 'Requests within a second', 'http'),
    ...entering(({ requestRate }, now) => requestRate.read(now)),
  },
  requestRateMax: {
    ...rate('req_rate_max', 'Most requests within one second', 'http'),
    ...entering(({ requestRateMax }) => requestRateMax),
  },
  bytesIn: { ...bytes('bin', 'Bytes from clients'), ...everywhere(({ bytesIn }) => bytesIn) },
  bytesOut: { ...bytes('bout', 'Bytes to clients'), ...everywhere(({ bytesOut }) => bytesOut) },
  responses1xx: { ...counter('hrsp_1xx', 'Responses with a status of 1xx', 'http'), ...responses('informational') },
  responses2xx: { ...counter('hrsp_2xx', 'Responses with a status of 2xx', 'http'), ...responses('success') },
  responses3xx: { ...counter('hrsp_3xx', 'Responses with a status of 3xx', 'http'), ...responses('redirection') },
  responses4xx: { ...counter('hrsp_4xx', 'Responses with a status of 4xx', 'http'), ...responses('clientError') },
  responses5xx: { ...counter('hrsp_5xx', 'Responses with a status of 5xx', 'http'), ...responses('serverError') },
  responsesOther: { ...counter('hrsp_other', 'Responses with any other status', 'http'), ...responses('other') },

  requestErrors: { ...counter('ereq', 'Requests malformed, too slow or given up'), ...entered('requestErrors') },
  refusedConnections: { ...counter(undefined, 'Connections refused as too many'), ...entered('refusedConnections') },
  proxyHeaderErrors: {
    ...counter(undefined, 'Connections without a good PROXY protocol header'),
    ...entered('proxyHeaderErrors'),
  },
  failedHandshakes: { ...counter(undefined, 'Handshakes of TLS that failed'), ...entered('failedHandshakes') },
  internalErrors: { ...counter('eint', 'Exchanges that failed inside'), ...entered('internalErrors') },
  droppedTrailers: { ...counter(undefined, 'Trailer fields that were not carried'), ...entered('droppedTrailers') },
  connectionErrors: { ...counter('econ', 'Failures to connect or to find a server'), ...served('connectionErrors') },
  responseErrors: { ...counter('eresp', 'Responses invalid, cut short or too late'), ...served('responseErrors') },
  retries: { ...counter('wretr', 'Tries repeated on the same server'), ...served('retries') },
  redispatches: { ...counter('wredis', 'Exchanges moved to another server'), ...served('redispatches') },
  deniedRetries: { ...counter(undefined, 'Retries that the budget did not allow'), ...served('deniedRetries') },
  clientAborts: { ...counter('cli_abrt', 'Transfers broken off by the client'), ...served('clientAborts') },
  serverAborts: { ...counter('srv_abrt', 'Transfers broken off by the server'), ...served('serverAborts') },
  chosen: { ...counter('lbtot', 'Times that a server was chosen'), ...served('chosen') },
  connects: { ...counter('connect', 'Connections opened'), ...served('connects') },
  reuses: { ...counter('reuse', 'Exchanges on a connection that had served before'), ...served('reuses') },

  checkStatus: {
    ...text({ check_status: plain, check_desc: checkMeaning }, 'How the last check ended', 'checked'),
    server: ({ check, lastCheck }) => (check === undefined ? null : (lastCheck?.status ?? 'INI')),
  },
  checkCode: {
    ...gauge('check_code', 'Status code that the last check got', 'checked'),
    server: ({ lastCheck }) => lastCheck?.code ?? null,
  },
  checkReason: {
    ...text('last_chk', 'What the last check found', 'checked'),
    server: ({ lastCheck }) => lastCheck?.reason ?? null,
  },
  checkDuration: {
    ...time('check_duration', 'How long the last check took', 'checked'),
    server: ({ lastCheck }) => lastCheck?.duration ?? null,
  },
  checkHealth: { ...gauge('check_health', 'From 0, down, to fully up', 'checked'), ...riseFall('health') },
  checkRise: { ...gauge('check_rise', 'Successes in a row that bring it up', 'checked'), ...riseFall('rise') },
  checkFall: { ...gauge('check_fall', 'Failures in a row that take it down', 'checked'), ...riseFall('fall') },
  failedChecks: { ...counter('chkfail', 'Failed checks', 'checked'), server: ({ failedChecks }) => failedChecks },
  timesDown: { ...counter('chkdown', 'Times that it went down', 'checked'), ...both(({ timesDown }) => timesDown) },
  sinceLastChange: {
    ...time({ lastchg: wholeSeconds }, 'Since its state changed'),
    ...both(({ changedAt }, now) => now - changedAt),
  },
  downtime: {
    ...time({ downtime: wholeSeconds }, 'Time that it was down, altogether', 'checked'),
    kind: 'counter',
    ...both((own, now) => own.downtime(now)),
  },

  queueTime: { ...time('qtime', 'Average time in the queue'), ...times('queue') },
  connectTime: { ...time('ctime', 'Average time to connect'), ...times('connect') },
  responseTime: { ...time('rtime', 'Average time to the response head'), ...times('response') },
  totalTime: { ...time('ttime', 'Average time of an exchange'), ...times('total') },
  queueTimeMax: { ...time('qtime_max', 'Longest time in the queue'), ...times('queueMax') },
  connectTimeMax: { ...time('ctime_max', 'Longest time to connect'), ...times('connectMax') },
  responseTimeMax: { ...time('rtime_max', 'Longest time to the response head'), ...times('responseMax') },
  totalTimeMax: { ...time('ttime_max', 'Longest time of an exchange'), ...times('totalMax') },
}

/** The names of all figures, in their order. */
export const metricNames = Object.keys(metrics) as readonly MetricName[]

// -- Kinds ------------------------------------------------------------------------------------------------------------

type Csv = Metric['csv']

/** What a row says beside how it is read. */
function row<Kind extends Metric['kind']>(kind: Kind, csv: Csv, help: string, only?: Metric['only']) {
  return { help, kind, ...(csv && { csv }), ...(only && { only }) }
}

function text(csv: Csv, help: string, only?: Metric['only']) {
  return row('text', csv, help, only)
}

function counter(csv: Csv, help: string, only?: Metric['only']) {
  return row('counter', csv, help, only)
}

function bytes(csv: Csv, help: string) {
  return { ...counter(csv, help), unit: 'bytes' as const }
}

function gauge(csv: Csv, help: string, only?: Metric['only']) {
  return row('gauge', csv, help, only)
}

function rate(csv: Csv, help: string, only?: Metric['only']) {
  return { ...gauge(csv, help, only), unit: 'perSecond' as const }
}

function time(csv: Csv, help: string, only?: Metric['only']) {
  return { ...gauge(csv, help, only), unit: 'ms' as const }
}

// -- Readers ----------------------------------------------------------------------------------------------------------

/** The names of the members that are plain numbers. */
type Numbers<T> = { [Name in keyof T]: T[Name] extends number ? Name : never }[keyof T]

interface Counted<Counters> {
  readonly counters: Counters
}

/** From the counters of frontends. */
function entering(read: (counters: FrontendCounters, now: number) => number) {
  return { frontend: ({ counters }: Counted<FrontendCounters>, now: number) => read(counters, now) }
}

function entered(name: Numbers<FrontendCounters>) {
  return entering((counters) => counters[name])
}

/** From backends and servers alike. */
function both<T>(read: (object: Backend | Server, now: number) => T) {
  return { backend: read, server: read }
}

/** From the counters of backends and servers. */
function serving<T>(read: (counters: ServingCounters, now: number) => T) {
  return both(({ counters }, now) => read(counters, now))
}

function served(name: Numbers<ServingCounters>) {
  return serving((counters) => counters[name])
}

function times(name: Numbers<TimeCounters>) {
  return serving(({ times }) => times[name])
}

/** From the counters that all have. */
function everywhere(read: (counters: FrontendCounters | ServingCounters, now: number) => number) {
  return { ...entering(read), ...serving(read) }
}

function sessions(name: Exclude<Numbers<SessionCounters>, 'lastAt'>) {
  return everywhere(({ sessions }) => sessions[name])
}

function responses(name: Numbers<ResponseCounters>) {
  return everywhere(({ responses }) => responses[name])
}

function sinceLast({ sessions }: ServingCounters, now: number): number | null {
  return sessions.lastAt < 0 ? null : now - sessions.lastAt
}

/** HAProxy's figure; null where nothing holds the server back, or no traffic is to come. */
function throttle({ warmth, weight, effectiveWeight, administrative }: Server): number | null {
  if (warmth === undefined || weight === 0 || administrative === 'drain') return null
  return Math.floor((100 * 16 * effectiveWeight + 15) / (16 * weight))
}

/** JSON knows no Infinity. */
function finite(limit: number): number | null {
  return limit === Infinity ? null : limit
}

function usable({ servers }: Backend, backup: boolean): number {
  return servers.filter((server) => server.isUsable && server.backup === backup).length
}

function riseFall(name: 'health' | 'rise' | 'fall') {
  return { server: ({ riseFall }: Server) => riseFall?.[name] ?? null }
}
