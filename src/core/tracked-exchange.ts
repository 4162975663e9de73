import type { StoredEvent } from '../sticky-table/stored-types.js'
import type { TrackedEntry } from '../sticky-table/tracked-entry.js'
import type { FailureKind, Phase } from './failure.js'
import { outcomes } from './outcome.js'

/** The entries in which one exchange is counted: those of its connection, and its own. */
export class TrackedExchange {
  readonly #shared: readonly TrackedEntry[]
  readonly #own: readonly TrackedEntry[]
  #headsIn: number
  #headsOut = 0

  constructor(shared: readonly TrackedEntry[], own: readonly TrackedEntry[], headLength: number) {
    this.#shared = shared
    this.#own = own
    this.#headsIn = Math.max(headLength, 0)
    if (headLength >= 0) this.#count('httpRequest', 1)
  }

  /** A response's head of so many bytes goes out. */
  responded(headLength: number): void {
    this.#headsOut += headLength
  }

  /** So many further bytes of bodies have passed; heads are counted with them. */
  passed(bytesIn: number, bytesOut: number): void {
    const withHeadsIn = this.#headsIn + bytesIn
    const withHeadsOut = this.#headsOut + bytesOut
    this.#headsIn = 0
    this.#headsOut = 0
    if (withHeadsIn > 0) this.#count('bytesIn', withHeadsIn)
    if (withHeadsOut > 0) this.#count('bytesOut', withHeadsOut)
  }

  /** The exchange is over: counts what it was. */
  close(event: 'httpError' | 'httpFailure' | undefined): void {
    if (event !== undefined) this.#count(event, 1)
    this.release()
  }

  /** Ends the use of its own entries. */
  release(): void {
    for (const entry of this.#own) entry.release()
  }

  #count(event: StoredEvent, amount: number): void {
    for (let i = 0; i < this.#shared.length; i++) this.#shared[i]!.count(event, amount)
    for (let i = 0; i < this.#own.length; i++) this.#own[i]!.count(event, amount)
  }
}

/**
 * What tables count of an exchange that ended so: the client's error, a server's failure, or neither. HAProxy counts 4xx
 * from servers and malformed requests as errors, 5xx but for 501 and 505 and responses that were invalid or did not come
 * as failures; a response that broke off after its head is neither.
 */
export function countedOutcome(
  status: number,
  failure: FailureKind | undefined,
  phase: Phase,
): 'httpError' | 'httpFailure' | undefined {
  if (status < 0) return undefined
  if (failure === undefined || phase === 'data') {
    if (status >= 400 && status < 500) return 'httpError'
    return status >= 500 && status !== 501 && status !== 505 ? 'httpFailure' : undefined
  }
  const { counts } = outcomes[failure]
  if (counts === 'request') return failure === 'request-timeout' ? undefined : 'httpError'
  return counts === 'response' ? 'httpFailure' : undefined
}
