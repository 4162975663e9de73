import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Downstream, TunnelLimits } from '../core/carrier.js'
import { Exchange } from '../core/exchange.js'
import type { Frontend } from '../core/frontend.js'
import type { ResponseHead } from '../core/message/head.js'
import type { HeadEdits } from '../core/message/head-edits.js'
import type { Session } from '../core/session.js'
import type { Arrival } from '../net/arrival.js'
import type { OpenConnection } from '../net/connection-set.js'
import { tunnel } from '../net/tunnel.js'
import { Deadline } from '../util/deadline.js'

/**
 * A client connection in TCP mode: one exchange that is a tunnel. Nothing is read before a server is there, unless the
 * choice of one needs to see the first bytes.
 */
export class TcpDownstream implements Downstream, OpenConnection {
  readonly deadline: Deadline
  readonly isFlushed = false
  readonly #socket: Socket
  readonly #session: Session
  readonly #exchange: Exchange
  #isTunnel = false

  constructor(frontend: Frontend, arrival: Arrival) {
    const { socket, client, localPort, tls } = arrival
    this.#socket = socket
    // The end of what the client sends is not the end of what it wants to read.
    socket.allowHalfOpen = true
    this.deadline = new Deadline(frontend.clock)
    this.#session = frontend.openSession(client, localPort, tls !== undefined, arrival)
    this.#exchange = new Exchange(frontend, this.#session, this, undefined, frontend.clock.now())
    socket.on('error', ignore)
    socket.on('close', () => this.#closed())
  }

  start(): void {
    this.#exchange.start()
  }

  /** A tunnel has no end of a message to wait for: it goes on until its peers end it. */
  drain(): void {}

  shutDown(): void {
    this.#exchange.shutDown()
    this.#socket.destroy()
  }

  #closed(): void {
    // A tunnel may still have something to bring to the server, and ends the deadline itself.
    if (!this.#isTunnel) {
      this.#exchange.clientAborted()
      this.deadline.cancel()
    }
    this.#session.close()
  }

  tunnel(server: Duplex, _head: ResponseHead | undefined, _edits: readonly HeadEdits[], limits: TunnelLimits): void {
    this.#isTunnel = true
    tunnel(this.#socket, server, this.deadline, limits, this.#exchange)
  }

  abort(): void {
    this.#socket.destroy()
  }

  resumeBody(): void {
    this.#socket.on('data', this.#onData).on('end', this.#onEnd)
  }

  pauseBody(): void {
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).pause()
  }

  readonly #onData = (bytes: Buffer): void => this.#exchange.clientData(bytes)

  /** The end of all that it will say. It may still want an answer: the tunnel passes its end on. */
  readonly #onEnd = (): void => this.#exchange.clientEnd(undefined)

  // TCP has no messages: an exchange without a head asks for none of these.
  informational(): void {}
  respond(): boolean {
    return true
  }
  write(): boolean {
    return true
  }
  end(): void {}
}

function ignore(): void {}
