import type { DemoServer } from './demo-server.js'

/** Takes one demonstration server away, brings it back, and goes on to the next, at equal intervals. */
export class Outages {
  readonly #servers: readonly DemoServer[]
  #timer: NodeJS.Timeout | undefined
  #turn = 0

  constructor(servers: readonly DemoServer[]) {
    this.#servers = servers
  }

  start(interval: number): void {
    if (interval > 0) this.#timer = setInterval(() => this.#next(), interval)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #next(): void {
    const server = this.#servers[this.#turn % this.#servers.length]!
    if (!server.isAway) return server.stop()
    server.start().then(
      () => this.#turn++,
      // Its port was taken meanwhile: the next turn tries again.
      () => {},
    )
  }
}
