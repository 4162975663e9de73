/** What a carrier keeps of a connection, so that it can be ended. */
export interface OpenConnection {
  /** Finishes what is under way, then closes; an idle connection closes now. */
  drain(): void
  /** Ends it now, with a word to whoever still waits for an answer. */
  shutDown(): void
}

/** The open connections of one carrier. */
export class ConnectionSet {
  readonly #open = new Set<OpenConnection>()
  #waiting: (() => void)[] = []

  add(connection: OpenConnection): void {
    this.#open.add(connection)
  }

  delete(connection: OpenConnection): void {
    this.#open.delete(connection)
    if (this.#open.size > 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  /** Resolves as soon as no connection is open. */
  emptied(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  drain(): void {
    for (const connection of this.#open) connection.drain()
  }

  shutDown(): void {
    for (const connection of this.#open) connection.shutDown()
  }
}
