import type { Duplex } from 'node:stream'
import type { TunnelEnd } from '../core/carrier.js'
import type { Clock } from '../util/clock.js'
import { Deadline } from '../util/deadline.js'
import { breakOff } from './break-off.js'

/** Settings of a {@link tunnel}. */
export interface TunnelOptions {
  /** Milliseconds for which nothing may pass in either direction; `Infinity`: no limit. */
  readonly idleTimeout: number
  readonly clock: Clock
}

/** Passes bytes both ways until both sides have ended, one has broken, or nothing passes for too long. */
export function tunnel(client: Duplex, server: Duplex, options: TunnelOptions, ended: (end: TunnelEnd) => void): void {
  new Tunnel(client, server, options, ended)
}

/** What a slow peer has not taken is not read from the other: each direction holds one piece and the peer's buffer. */
class Tunnel {
  readonly #deadline: Deadline
  readonly #client: Duplex
  readonly #server: Duplex
  readonly #idleTimeout: number
  readonly #ended: (end: TunnelEnd) => void
  #bytesIn = 0
  #bytesOut = 0
  #open = 2
  #isOver = false

  constructor(client: Duplex, server: Duplex, options: TunnelOptions, ended: (end: TunnelEnd) => void) {
    this.#client = client
    this.#server = server
    this.#idleTimeout = options.idleTimeout
    this.#ended = ended
    this.#deadline = new Deadline(options.clock)
    // However the sockets were made: the end of one side's data is not the end of what it wants to read.
    client.allowHalfOpen = true
    server.allowHalfOpen = true
    this.#touch()
    this.#pass(client, server, (bytes) => {
      this.#bytesIn += bytes
    })
    this.#pass(server, client, (bytes) => {
      this.#bytesOut += bytes
    })
    this.#guard(client, 'client-aborted')
    this.#guard(server, 'server-lost')
  }

  /** One direction. Half-close: the end of one side's data is passed on, and the other may go on sending. */
  #pass(from: Duplex, to: Duplex, count: (bytes: number) => void): void {
    from.on('data', (chunk: Buffer) => {
      count(chunk.length)
      this.#touch()
      if (!to.writable || to.write(chunk)) return
      from.pause()
      to.once('drain', () => {
        this.#touch()
        from.resume()
      })
    })
    from.on('end', () => {
      this.#touch()
      to.end()
    })
    from.resume()
  }

  #guard(side: Duplex, cause: 'client-aborted' | 'server-lost'): void {
    side.on('error', () => this.#break(cause))
    side.on('close', () => {
      if (!side.readableEnded) this.#break(cause)
      else if (--this.#open === 0 && !this.#isOver) this.#finish('done')
    })
    if (side.destroyed) this.#break(cause)
  }

  #break(cause: TunnelEnd['cause']): void {
    if (this.#isOver) return
    // What breaks off one side may report the other at once.
    this.#isOver = true
    breakOff(this.#client)
    breakOff(this.#server)
    this.#finish(cause)
  }

  #touch(): void {
    this.#deadline.set(this, this.#idleTimeout)
  }

  deadlinePassed(): void {
    this.#break('idle')
  }

  #finish(cause: TunnelEnd['cause']): void {
    this.#isOver = true
    this.#deadline.cancel()
    this.#ended({ cause, bytesIn: this.#bytesIn, bytesOut: this.#bytesOut })
  }
}
