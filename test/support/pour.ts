import type { Socket } from 'node:net'
import type { Wire } from './wire.js'
import { turn } from './within.js'

const piece = Buffer.alloc(64 * 1024, 'x')
const pieces = 1024

/** 64 MB that are written in pieces, each when the one before has left; counts what has left. */
export class Pour {
  static readonly size = pieces * piece.length
  /**
   * The most that may leave a sender whose receiver does not read. On loopback the kernel alone takes several MB on
   * each of the two connections; what is above must have stayed in the proxy.
   */
  static readonly bound = 24 * 1024 * 1024

  sent = 0
  readonly #socket: Socket
  readonly #finished: Promise<void>

  constructor(socket: Socket) {
    this.#socket = socket
    this.#finished = this.#pour()
  }

  async #pour(): Promise<void> {
    for (let i = 0; i < pieces && !this.#socket.destroyed; i++) {
      await new Promise((resolve) => this.#socket.write(piece, resolve))
      this.sent += piece.length
    }
  }

  /** Resolves when nothing has left for many turns of the event loop, in which the proxy could have read. */
  async stuck(): Promise<void> {
    for (let still = 0, before = -1; still < 300; still = before === this.sent ? still + 1 : 0) {
      before = this.sent
      await turn()
    }
  }

  /** Resolves when all of it has come. */
  async takeAll(wire: Wire): Promise<void> {
    for (let i = 0; i < pieces; i++) {
      if ((await wire.bytes(piece.length)) !== text) throw new Error('what came is not what was poured')
    }
    await this.#finished
  }
}

const text = piece.toString('latin1')
