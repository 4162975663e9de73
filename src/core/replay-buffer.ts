import type { Chunk } from './carrier.js'

/** The beginning of a request's body, kept so that it can be sent again; worthless once something is missing. */
export class ReplayBuffer {
  readonly #chunks: Buffer[] = []
  #length = 0

  constructor(
    /** In bytes. */
    private readonly limit: number,
  ) {}

  /** Keeps a piece; false when there is too much of it, and the buffer is of no more use. */
  keep(chunk: Chunk): boolean {
    this.#length += chunk.length
    if (this.#length > this.limit) return false
    this.#chunks.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk)
    return true
  }

  /** All of it; undefined when there is nothing. */
  get content(): Buffer | undefined {
    return this.#length === 0 ? undefined : Buffer.concat(this.#chunks)
  }
}
