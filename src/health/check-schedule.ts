import { inspect } from 'node:util'
import type { CheckSettings } from '../core/check-options.js'
import type { ProbeResult } from '../core/check-result.js'
import { readSendProxy } from '../core/send-proxy-options.js'
import type { Server } from '../core/server.js'
import type { Target } from '../net/target.js'
import type { Clock, Timer } from '../util/clock.js'
import type { Random } from '../util/random.js'
import { httpProbe } from './http-probe.js'
import { readProbeResult } from './probe-result.js'
import type { ServerProbe } from './server-probe.js'
import { tcpProbe } from './tcp-probe.js'

/** What a {@link CheckSchedule} is given from outside. */
export interface CheckScheduleOptions {
  readonly clock: Clock
  /** Varies the intervals. */
  readonly random: Random
  /** How the server is connected to. */
  readonly target: Target
  /** Told of an application's probe that threw, and where that was. */
  readonly onFault: (thrown: unknown, where: string) => void
}

/**
 * Checks one server over and over, one check at a time, and tells it the results. The next check begins an interval
 * after the end of the last one; which interval depends on the server's health.
 */
export class CheckSchedule {
  readonly #server: Server
  readonly #settings: CheckSettings
  readonly #options: CheckScheduleOptions
  readonly #probe: ServerProbe
  readonly #target: Target
  /** Ends the wait for the next check, or the check that takes too long. */
  #timer: Timer | undefined
  /** The check under way. */
  #current: AbortController | undefined
  #beganAt = 0
  #isStarted = false
  #isPaused = false

  constructor(server: Server, settings: CheckSettings, options: CheckScheduleOptions) {
    this.#server = server
    this.#settings = settings
    this.#options = options
    this.#probe = probeOf(settings)
    this.#target = targetOf(settings, options.target)
  }

  /** Begins with the first check in `initialDelay` milliseconds. Nothing happens if it has begun. */
  start(initialDelay: number): void {
    if (this.#isStarted) return
    this.#isStarted = true
    this.#isPaused = this.#isInMaintenance
    if (!this.#isPaused) this.#wait(initialDelay)
  }

  /** Stops; a check under way is broken off, and its result does not count. */
  stop(): void {
    this.#isStarted = false
    this.#quit()
  }

  /** To be called when the server's states changed: no checks in maintenance, and one at once when it is over. */
  wake(): void {
    if (!this.#isStarted || this.#isPaused === this.#isInMaintenance) return
    this.#isPaused = this.#isInMaintenance
    if (this.#isPaused) this.#quit()
    else this.#wait(0)
  }

  /** Milliseconds from the end of a check to the start of the next one, by the server's present health. */
  get interval(): number {
    const { riseFall } = this.#server
    if (riseFall?.isTransitional) return this.#settings.fastInterval
    return riseFall?.health === 0 ? this.#settings.downInterval : this.#settings.interval
  }

  get #isInMaintenance(): boolean {
    return this.#server.administrative === 'maintenance'
  }

  #wait(ms: number): void {
    this.#timer = this.#options.clock.setTimer(() => this.#begin(), ms)
  }

  #begin(): void {
    const controller = new AbortController()
    this.#current = controller
    this.#beganAt = this.#options.clock.now()
    this.#timer = this.#options.clock.setTimer(() => this.#timedOut(controller), this.#settings.timeout)
    void this.#check(controller)
  }

  async #check(controller: AbortController): Promise<void> {
    const { signal } = controller
    let result: ProbeResult
    try {
      result = readProbeResult(await this.#probe(this.#target, signal))
    } catch (thrown) {
      result = { passed: false, status: 'SOCKERR', reason: `the probe failed: ${messageOf(thrown)}` }
      if (!signal.aborted) this.#options.onFault(thrown, `probe of server ${this.#server.name}`)
    }
    // What a probe says when its time is over counts only if it tells how far it had come.
    const isLate = signal.aborted && !result.status.endsWith('TOUT')
    this.#end(controller, isLate ? this.#cutOff : result)
  }

  #timedOut(controller: AbortController): void {
    controller.abort(new DOMException('the check took too long', 'TimeoutError'))
    // A probe that answers the signal comes first; one that never settles is not waited for.
    queueMicrotask(() => this.#end(controller, this.#cutOff))
  }

  get #cutOff(): ProbeResult {
    const isTcp = this.#settings.probe === undefined && this.#settings.http === undefined
    return { passed: false, status: isTcp ? 'L4TOUT' : 'L7TOUT', reason: 'no result in time' }
  }

  #end(controller: AbortController, result: ProbeResult): void {
    if (this.#current !== controller) return
    this.#current = undefined
    this.#timer?.cancel()
    this.#timer = undefined
    this.#server.observeCheck({ ...result, duration: this.#options.clock.now() - this.#beganAt })
    // Whoever heard of the result may have stopped or woken this schedule.
    if (this.#isStarted && !this.#isPaused && this.#timer === undefined) this.#wait(this.#spreadInterval())
  }

  #spreadInterval(): number {
    const { spread } = this.#settings
    return spread === 0 ? this.interval : this.interval * (1 + spread * (2 * this.#options.random.next() - 1))
  }

  #quit(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const current = this.#current
    this.#current = undefined
    current?.abort()
  }
}

/** The shortest interval that the first checks are spread over. */
const leastSpan = 1000

/**
 * Starts schedules with their first checks spread over time, so that they don't all come at once: each one later than
 * the one before by its part of the shortest interval. HAProxy's rule.
 */
export function stagger(schedules: readonly CheckSchedule[]): void {
  const intervals = schedules.map((schedule) => schedule.interval).filter((interval) => interval >= leastSpan)
  const shortest = intervals.length > 0 ? Math.min(...intervals) : 0
  for (const [index, schedule] of schedules.entries()) {
    schedule.start((Math.max(shortest, schedule.interval) * index) / schedules.length)
  }
}

function probeOf(settings: CheckSettings): ServerProbe {
  const { probe, http } = settings
  if (probe !== undefined) return ({ address }, signal) => probe(address, signal)
  return http === undefined ? tcpProbe(settings) : httpProbe(http, settings)
}

function targetOf({ address, port, sendProxy, tls }: CheckSettings, server: Target): Target {
  const at = address ?? server.address
  const isElsewhere = address !== undefined || port !== undefined
  const tellsItself = sendProxy ?? !isElsewhere
  return {
    ...server,
    address: port === undefined || 'path' in at ? at : { host: at.host, port },
    tls: (tls ?? !isElsewhere) ? server.tls : undefined,
    sendProxy: tellsItself ? (server.sendProxy ?? (sendProxy === true ? textHeaders : undefined)) : undefined,
  }
}

/** What a check is told to send to a server that gets no headers from exchanges. */
const textHeaders = readSendProxy('v1', 'sendProxy')

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : inspect(thrown)
}
