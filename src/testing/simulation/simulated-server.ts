import type { Server } from '../../index.js'
import { type OutgoingRequest, RawResponseHead, type ServerListener, type Transport, type Try } from '../../seams.js'
import { OptionError } from '../../util/errors.js'
import type { Random } from '../../util/random.js'
import type { Distribution } from '../distributions.js'
import type { ClockEvent, VirtualClock } from '../virtual-clock.js'
import type { Outages } from './outages.js'
import type { ServerSummary } from './result.js'
import { trafficPath } from './traffic.js'
import type { Host, SimulatedRequest, Visit } from './visit.js'

/** What it takes to be a server: how long it works, and what goes wrong. */
export interface SimulatedServerOptions {
  readonly name: string
  readonly clock: VirtualClock
  readonly service: Distribution
  readonly random: Random
  readonly outages: Outages
}

/** A server in the place of a real one: it takes requests, lets the time pass that each needs, and answers. */
export class SimulatedServer implements Transport, Host {
  readonly capabilities = { expectContinue: true, requestTrailers: true }
  /** `backend/server`. */
  readonly name: string
  readonly clock: VirtualClock
  tries = 0
  responses = 0
  /** Milliseconds of work, of all requests together. */
  work = 0
  readonly #server: Server
  readonly #replaced: Transport | undefined
  readonly #service: Distribution
  readonly #random: Random
  readonly #outages: Outages

  constructor(server: Server, { name, clock, service, random, outages }: SimulatedServerOptions) {
    this.#server = server
    this.#replaced = server.transport
    this.name = name
    this.clock = clock
    this.#service = service
    this.#random = random
    this.#outages = outages
    server.transport = this
  }

  open(request: OutgoingRequest, listener: ServerListener): Try {
    const { visit } = request.head as SimulatedRequest
    this.tries++
    visit.tried(this)
    return new SimulatedTry(this, visit, listener)
  }

  /** How a request that comes now ends: refused, closed, in silence, or with a status. */
  fate(): number | 'refuse' | 'close' | 'silent' {
    return this.#outages.strikes(this.clock.now()) ?? 200
  }

  /** How long it takes. */
  time(): number {
    const time = this.#service(this.#random)
    if (time >= 0 && time < Infinity) return time
    throw new OptionError(`${trafficPath}.service`, time, 'milliseconds, 0 or more, from a function too')
  }

  /** What it did, of that many responses and milliseconds altogether. */
  summary(responses: number, duration: number): ServerSummary {
    return {
      tries: this.tries,
      responses: this.responses,
      share: responses === 0 ? 0 : this.responses / responses,
      load: duration === 0 ? 0 : this.work / duration,
    }
  }

  close(): void {}

  /** Gives the real server its place back. */
  leave(): void {
    this.#server.transport = this.#replaced
  }
}

/** One request that a server works on. */
class SimulatedTry implements Try, ClockEvent {
  due = 0
  order = 0
  place = -1
  readonly #server: SimulatedServer
  readonly #visit: Visit
  readonly #listener: ServerListener
  readonly #fate: number | 'refuse' | 'close' | 'silent'
  /** When the work began; -1: it has not, or is over. */
  #begunAt = -1

  constructor(server: SimulatedServer, visit: Visit, listener: ServerListener) {
    this.#server = server
    this.#visit = visit
    this.#listener = listener
    this.#fate = server.fate()
  }

  send(): void {
    const { clock } = this.#server
    const now = clock.now()
    this.due = now
    if (this.#fate !== 'refuse') {
      this.#begunAt = now
      this.due += this.#server.time()
      this.#listener.serverConnected(false)
    }
    if (this.#fate !== 'silent') clock.schedule(this)
  }

  callback(): void {
    this.#stop()
    const fate = this.#fate
    if (fate === 'refuse') this.#listener.serverFailed({ kind: 'connect-refused', sent: false, reused: false })
    else if (typeof fate === 'number') this.#answer(fate)
    else this.#listener.serverFailed({ kind: 'server-closed', sent: true, reused: false })
  }

  #answer(status: number): void {
    // The proxy may drop it and try again; only what reaches the client meanwhile is this server's.
    this.#visit.answering = this.#server
    this.#listener.serverHead(headOf(status), undefined, true)
    this.#visit.answering = undefined
  }

  abort(): void {
    this.#stop()
    this.#server.clock.cancel(this)
  }

  #stop(): void {
    if (this.#begunAt >= 0) this.#server.work += this.#server.clock.now() - this.#begunAt
    this.#begunAt = -1
  }

  // Bodies are not simulated.
  write(): boolean {
    return true
  }
  end(): void {}
  pause(): void {}
  resume(): void {}
}

const heads = new Map<number, RawResponseHead>()

/** The head of an empty response. */
function headOf(status: number): RawResponseHead {
  let head = heads.get(status)
  if (head === undefined) {
    head = new RawResponseHead(status, 'Simulated', ['Content-Length', '0'], 'GET')
    heads.set(status, head)
  }
  return head
}
