/** How many client connections there may be at a time, and who wants to know when there is room again. */
export class ConnectionLimit {
  #current = 0
  readonly #waiting = new Set<() => void>()

  constructor(
    /** 0: no limit. */
    readonly max: number,
  ) {}

  get current(): number {
    return this.#current
  }

  get hasRoom(): boolean {
    return this.max === 0 || this.#current < this.max
  }

  take(): void {
    this.#current++
  }

  release(): void {
    this.#current--
    for (const callback of this.#waiting) callback()
  }

  /** Calls back at each release, until the returned function is called. */
  onRoom(callback: () => void): () => void {
    this.#waiting.add(callback)
    return () => this.#waiting.delete(callback)
  }
}
