import type { Duplex } from 'node:stream'
import type { TunnelLimits, TunnelListener } from '../core/carrier.js'
import type { Deadline, DeadlineOwner } from '../util/deadline.js'
import { breakOff } from './break-off.js'
import { DirectReads } from './direct-reads.js'
import { hasRoom } from './has-room.js'
import { writeTogether } from './write-together.js'

/**
 * Passes bytes both ways until both sides have ended, one has broken, or nothing passes for too long. `deadline` is the
 * client connection's, which nobody else uses from now on.
 */
export function tunnel(
  client: Duplex,
  server: Duplex,
  deadline: Deadline,
  limits: TunnelLimits,
  listener: TunnelListener,
): void {
  new Tunnel(client, server, deadline, limits, listener)
}

class Tunnel implements DeadlineOwner {
  readonly #client: Duplex
  readonly #server: Duplex
  readonly #deadline: Deadline
  readonly #limits: TunnelLimits
  readonly #listener: TunnelListener
  readonly #fromClient: Way
  #limit: number
  #open = 2
  #isOver = false

  constructor(client: Duplex, server: Duplex, deadline: Deadline, limits: TunnelLimits, listener: TunnelListener) {
    this.#client = client
    this.#server = server
    this.#deadline = deadline
    this.#limits = limits
    this.#limit = limits.idle
    this.#listener = listener
    // However the sockets were made: the end of one side's data is not the end of what it wants to read.
    client.allowHalfOpen = true
    server.allowHalfOpen = true
    this.#guard(client, 'client-aborted')
    this.#guard(server, 'server-lost')
    this.#fromClient = new Way(client, server, {
      passed: (bytes) => this.#passed(bytes, 0),
      ended: () => this.#ended(),
    })
    new Way(server, client, {
      passed: (bytes) => this.#passed(0, bytes),
      ended: () => this.#ended(),
    })
    this.#touch()
  }

  #guard(side: Duplex, cause: 'client-aborted' | 'server-lost'): void {
    side.on('error', () => this.#break(cause))
    side.on('close', () => {
      // One that was destroyed by its owner has neither heard nor told the end of everything.
      if (!side.readableEnded || !side.writableFinished) this.#break(cause)
      else if (--this.#open === 0 && !this.#isOver) this.#finish(undefined)
    })
    if (side.destroyed) this.#break(cause)
  }

  #passed(bytesIn: number, bytesOut: number): void {
    if (bytesIn + bytesOut > 0) this.#listener.tunnelPassed(bytesIn, bytesOut)
    this.#touch()
  }

  /** One side's end has gone out to the other: what remains is that one's to say. */
  #ended(): void {
    this.#limit = this.#fromClient.hasEnded ? this.#limits.serverFin : this.#limits.clientFin
    this.#touch()
  }

  #touch(): void {
    if (!this.#isOver) this.#deadline.set(this, this.#limit)
  }

  deadlinePassed(): void {
    const isServersTurn = this.#fromClient.hasEnded || this.#fromClient.isHeld
    this.#break(isServersTurn ? 'server-timeout' : 'client-timeout')
  }

  #break(cause: NonNullable<Parameters<TunnelListener['tunnelEnded']>[0]>): void {
    if (this.#isOver) return
    // What breaks off one side may report the other at once.
    this.#isOver = true
    breakOff(this.#client)
    breakOff(this.#server)
    this.#finish(cause)
  }

  #finish(cause: Parameters<TunnelListener['tunnelEnded']>[0]): void {
    this.#isOver = true
    this.#deadline.cancel()
    this.#listener.tunnelEnded(cause)
  }
}

/** Pieces up to this size may wait for the end of the turn: Node's pool of small buffers takes them. */
const smallPiece = 2048

/** Who is told of a {@link Way}. */
interface WayOwner {
  /** So many bytes came; none: what was held has gone out. */
  passed(bytes: number): void
  /** The end has gone out. */
  ended(): void
}

/** One direction of a tunnel. What the receiver has not taken is not read: it holds one piece, and the socket's buffer. */
class Way {
  readonly #from: Duplex
  readonly #to: Duplex
  readonly #owner: WayOwner
  /** What comes stands in a buffer that will be used again. */
  readonly #isDirect: boolean
  /** The receiver takes no more for now. */
  isHeld = false
  hasEnded = false

  constructor(from: Duplex, to: Duplex, owner: WayOwner) {
    this.#from = from
    this.#to = to
    this.#owner = owner
    const reads = DirectReads.of(from)
    this.#isDirect = reads !== undefined
    reads?.deliverTo(this.#pass)
    from.on('data', this.#pass)
    from.on('end', this.#end)
    to.on('drain', this.#drained)
    from.resume()
    // It may have ended while it was waited for.
    if (from.readableEnded) this.#end()
  }

  readonly #pass = (bytes: Buffer): boolean => {
    const to = this.#to
    this.#owner.passed(bytes.length)
    if (!to.writable) return true
    if (bytes.length <= smallPiece) return this.#passSmall(bytes)
    to.write(bytes)
    if (!hasRoom(to)) this.#hold()
    return to.writableLength === 0
  }

  /** What is small is cheaper to copy than to keep its read buffer for. */
  #passSmall(bytes: Buffer): true {
    writeTogether(this.#to)
    this.#to.write(this.#isDirect ? Buffer.from(bytes) : bytes)
    if (!hasRoom(this.#to)) this.#hold()
    return true
  }

  #hold(): void {
    this.isHeld = true
    this.#from.pause()
  }

  readonly #drained = (): void => {
    if (!this.isHeld) return
    this.isHeld = false
    this.#owner.passed(0)
    this.#from.resume()
  }

  readonly #end = (): void => {
    this.#to.end(() => {
      this.hasEnded = true
      this.#owner.ended()
    })
  }
}
