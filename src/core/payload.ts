import type { Clock } from '../util/clock.js'
import type { DeadlineOwner } from '../util/deadline.js'
import type { Chunk, Downstream } from './carrier.js'
import type { RequestView } from './exchange-view.js'

/** How much is waited for: about as much as a buffer of HAProxy's holds. */
const limit = 16 * 1024

/** Who wants to see what a client sends before he chooses: a frontend, a backend. */
export interface PayloadAsker {
  readonly clock: Clock
  /** Whether more is wanted than there is. */
  wantsPayload(view: RequestView): boolean
}

/** Hears that there is enough, or that it is overdue. */
export type PayloadDone = (isOverdue: boolean) => void

/**
 * What a client sends before a server is chosen, because the choice wants to see it: the beginning of a request's body,
 * or of a TCP connection. Every try begins with it.
 */
export class Payload implements DeadlineOwner {
  readonly #client: Downstream
  readonly #view: RequestView
  #asker: PayloadAsker | undefined
  #done: PayloadDone | undefined
  #buffer = Buffer.allocUnsafe(1024)
  #length = 0
  #state: 'open' | 'closing' | 'closed' = 'closed'

  constructor(client: Downstream, view: RequestView) {
    this.#client = client
    this.#view = view
  }

  /**
   * Reads on until the asker has seen enough, the request is complete, it is as much as may be waited for, or the clock
   * says `due`. What an earlier reading has seen is there already.
   */
  read(asker: PayloadAsker, due: number, done: PayloadDone): void {
    this.#asker = asker
    this.#done = done
    this.#state = 'open'
    this.#client.deadline.set(this, due - asker.clock.now())
    this.#client.resumeBody()
  }

  /** Whether what comes is still to be added here. */
  get isOpen(): boolean {
    return this.#state !== 'closed'
  }

  add(chunk: Chunk): void {
    this.#append(chunk)
    this.#view.payload = this.#buffer.subarray(0, this.#length)
    if (this.#state === 'closing' || (this.#length < limit && this.#asker!.wantsPayload(this.#view))) return
    this.#state = 'closing'
    this.#client.pauseBody()
    // A carrier may have read more already than it has handed on: until a server is connected, nobody else can take it.
    queueMicrotask(() => this.#close(false))
  }

  #append(chunk: Chunk): void {
    const length = this.#length + chunk.length
    if (length > this.#buffer.length) {
      // Twice what is needed: a body that comes byte by byte is not copied as often.
      const larger = Buffer.allocUnsafe(2 * length)
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.#buffer = larger
    }
    if (typeof chunk === 'string') this.#buffer.write(chunk, this.#length, 'latin1')
    else chunk.copy(this.#buffer, this.#length)
    this.#length = length
  }

  /** The request is complete. */
  end(): void {
    this.#close(false)
  }

  deadlinePassed(): void {
    this.#client.pauseBody()
    this.#close(true)
  }

  #close(isOverdue: boolean): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#client.deadline.clear(this)
    this.#done!(isOverdue)
  }

  /** What a try is to begin with: all this, and what was kept of what came after it. */
  followedBy(rest: Buffer | undefined): Buffer | undefined {
    const bytes = this.#buffer.subarray(0, this.#length)
    if (rest === undefined) return this.#length === 0 ? undefined : bytes
    return Buffer.concat([bytes, rest])
  }
}
