import { RateMeter } from '../util/rate-meter.js'

/** Responses by the class of their status. HAProxy: `hrsp_1xx` and on. */
export class ResponseCounters {
  informational = 0
  success = 0
  redirection = 0
  clientError = 0
  serverError = 0
  other = 0

  count(status: number): void {
    if (status >= 200 && status < 300) this.success++
    else if (status >= 300 && status < 400) this.redirection++
    else if (status >= 400 && status < 500) this.clientError++
    else if (status >= 500 && status < 600) this.serverError++
    else if (status >= 100 && status < 200) this.informational++
    else this.other++
  }
}

/** Sessions of a frontend, or exchanges that hold or await a slot of a backend or server. */
export class SessionCounters {
  current = 0
  max = 0
  total = 0
  /** When the last one began, by the clock; -1: never. */
  lastAt = -1
  rateMax = 0
  readonly rate = new RateMeter(1000)

  opened(now: number): void {
    this.current++
    if (this.current > this.max) this.max = this.current
    this.begun(now)
  }

  /** Counts a beginning whose present number somebody else keeps. */
  begun(now: number): void {
    this.total++
    this.lastAt = now
    this.rate.add(1, now)
    const rate = this.rate.read(now)
    if (rate > this.rateMax) this.rateMax = rate
  }

  closed(): void {
    this.current--
  }
}

/** What a frontend counts. Plain numbers; whoever asks formats them. */
export class FrontendCounters {
  readonly sessions = new SessionCounters()
  readonly responses = new ResponseCounters()
  requests = 0
  bytesIn = 0
  bytesOut = 0
  /** Requests that were malformed, too slow, or left before they were complete. HAProxy: `ereq`. */
  requestErrors = 0
  /** Connections closed unserved because `maxConnections` and the backlog behind it were full. */
  refusedConnections = 0
  /** Connections closed since they brought no PROXY protocol header in time, or a malformed one. */
  proxyHeaderErrors = 0
  /** Connections closed because their handshake of TLS failed or took too long. HAProxy: `ssl_failed_handshake`. */
  failedHandshakes = 0
  /** Exchanges that failed inside, a callback's fault included. HAProxy: `eint`. */
  internalErrors = 0
  /** Trailer fields of requests that a transport could not carry. */
  droppedTrailers = 0
  readonly requestRate = new RateMeter(1000)
  requestRateMax = 0

  /** So many bytes came from clients and went to them. */
  passed(bytesIn: number, bytesOut: number): void {
    this.bytesIn += bytesIn
    this.bytesOut += bytesOut
  }

  requestBegan(now: number): void {
    this.requests++
    this.requestRate.add(1, now)
    const rate = this.requestRate.read(now)
    if (rate > this.requestRateMax) this.requestRateMax = rate
  }
}

/** Averages over about the last 1024 exchanges, and maxima, in milliseconds. HAProxy: `qtime ctime rtime ttime`. */
export class TimeCounters {
  queue = 0
  connect = 0
  response = 0
  total = 0
  queueMax = 0
  connectMax = 0
  responseMax = 0
  totalMax = 0
  #samples = 0

  /** Counts one exchange; a stage that was not reached is -1. */
  count(queue: number, connect: number, response: number, total: number): void {
    if (this.#samples < 1024) this.#samples++
    const share = 1 / this.#samples
    if (queue >= 0) {
      this.queue += (queue - this.queue) * share
      if (queue > this.queueMax) this.queueMax = queue
    }
    if (connect >= 0) {
      this.connect += (connect - this.connect) * share
      if (connect > this.connectMax) this.connectMax = connect
    }
    if (response >= 0) {
      this.response += (response - this.response) * share
      if (response > this.responseMax) this.responseMax = response
    }
    this.total += (total - this.total) * share
    if (total > this.totalMax) this.totalMax = total
  }
}

/** What a backend and each of its servers count alike. */
export class ServingCounters {
  readonly sessions = new SessionCounters()
  readonly responses = new ResponseCounters()
  readonly times = new TimeCounters()
  bytesIn = 0
  bytesOut = 0
  queueMax = 0
  /** Failures to connect; on a backend also exchanges that found no server. HAProxy: `econ`. */
  connectionErrors = 0
  /** Responses that were invalid, cut short or too late. HAProxy: `eresp`. */
  responseErrors = 0
  /** Tries repeated on the same server. HAProxy: `wretr`. */
  retries = 0
  /** Exchanges moved from this server to another. HAProxy: `wredis`. */
  redispatches = 0
  /** Retries that the retry budget did not allow. */
  deniedRetries = 0
  /** Transfers that the client broke off. HAProxy: `cli_abrt`. */
  clientAborts = 0
  /** Transfers that the server broke off. HAProxy: `srv_abrt`. */
  serverAborts = 0
  /** Times a server was chosen. HAProxy: `lbtot`. */
  chosen = 0
  /** Connections opened. HAProxy: `connect`. */
  connects = 0
  /** Exchanges that rode on a connection that had served before. HAProxy: `reuse`. */
  reuses = 0

  passed(bytesIn: number, bytesOut: number): void {
    this.bytesIn += bytesIn
    this.bytesOut += bytesOut
  }

  connected(reused: boolean): void {
    if (reused) this.reuses++
    else this.connects++
  }
}
