/** As much of a socket as the engine asks for, which does nothing: what it is told to write is gone at once. */
export class IdleSocket {
  readonly writableLength = 0
  readonly writableHighWaterMark = 65_536
  readonly destroyed = false
  allowHalfOpen = true
  #hasWritten = false
  readonly #listeners = new Map<string, (argument?: unknown) => void>()

  on(event: string, listener: (argument?: unknown) => void): this {
    this.#listeners.set(event, listener)
    return this
  }

  once(event: string, listener: (argument?: unknown) => void): this {
    return this.on(event, listener)
  }

  /** Calls the last listener of an event. */
  tell(event: string, argument?: unknown): void {
    this.#listeners.get(event)?.(argument)
  }

  write(): boolean {
    this.#hasWritten = true
    return true
  }

  /** Whether anything was written since the last call. */
  takeWritten(): boolean {
    const hasWritten = this.#hasWritten
    this.#hasWritten = false
    return hasWritten
  }

  isPaused(): boolean {
    return false
  }

  off(): this {
    return this
  }
  pause(): this {
    return this
  }
  resume(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
  destroy(): this {
    return this
  }
  cork(): void {}
  uncork(): void {}
  end(): void {}
  destroySoon(): void {}
}
