import { type Downstream, type Exchange, type HeadEdits, RawRequestHead, type ResponseHead } from '../../seams.js'
import { Deadline } from '../../util/deadline.js'
import type { VirtualClock } from '../virtual-clock.js'
import type { Visitor } from './visitor.js'

/** A request that knows whose it is: that is how a server tells. */
export class SimulatedRequest extends RawRequestHead {
  constructor(readonly visit: Visit) {
    super(visit.visitor!.method, visit.visitor!.target, 1, visit.visitor!.fields)
  }
}

/** Who answers visits: a server. */
export interface Host {
  /** How many of its answers reached clients. */
  responses: number
}

/** Who is told that a visit is over: the simulation. */
export interface VisitOwner {
  /** `status`: -1 when there was no answer. */
  visitEnded(visit: Visit, status: number): void
}

/** The client's side of one request at a time; afterwards it serves the next. */
export class Visit implements Downstream {
  readonly deadline: Deadline
  readonly isFlushed = true
  visitor: Visitor | undefined
  /** Undefined between two requests. */
  exchange: Exchange | undefined
  startedAt = 0
  /** When the first try began; -1: none has. */
  firstTryAt = -1
  tries = 0
  /** The server whose answer is on its way; undefined: none is, and what comes is the proxy's own. */
  answering: Host | undefined
  /** The server of the last try, and whether there was another one before. */
  #server: Host | undefined
  hasMoved = false
  readonly #owner: VisitOwner
  readonly #clock: VirtualClock

  constructor(owner: VisitOwner, clock: VirtualClock) {
    this.#owner = owner
    this.#clock = clock
    this.deadline = new Deadline(clock)
  }

  /** Begins anew, for that visitor. */
  begin(visitor: Visitor): SimulatedRequest {
    this.visitor = visitor
    this.startedAt = this.#clock.now()
    this.firstTryAt = -1
    this.tries = 0
    this.#server = undefined
    this.hasMoved = false
    return new SimulatedRequest(this)
  }

  tried(server: Host): void {
    if (this.tries++ === 0) this.firstTryAt = this.#clock.now()
    else if (server !== this.#server) this.hasMoved = true
    this.#server = server
  }

  respond(head: ResponseHead, edits: readonly HeadEdits[]): boolean {
    if (edits.length > 0) this.visitor!.keepCookies(edits)
    this.#owner.visitEnded(this, head.status)
    return true
  }

  abort(): void {
    this.#owner.visitEnded(this, -1)
  }

  // Nothing else passes: bodies are not simulated.
  informational(): void {}
  write(): boolean {
    return true
  }
  end(): void {}
  pauseBody(): void {}
  resumeBody(): void {}
  tunnel(): void {}
}
