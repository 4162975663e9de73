import type { OnReadOpts } from 'node:net'
import type { Duplex } from 'node:stream'

/** How large a connection's read buffer is at first, and while its peer sends much. */
const smallest = 16 * 1024
const largest = 256 * 1024

/** After so many reads in a row that would have fitted the smallest buffer, that will do again. */
const calm = 16

/** Takes what was read. Gives whether nothing of it waits in memory: then the buffer may be used again. */
export type Receive = (bytes: Buffer) => boolean

/**
 * Reads a socket past the machinery of streams, into a buffer that is used again as long as nothing in it waits to be
 * written elsewhere. Node offers this to sockets that connect, as `onread`; it has to be there before the socket is.
 */
export class DirectReads {
  static readonly #all = new WeakMap<Duplex, DirectReads>()

  /** How the stream is read in the place of its `data` events; undefined: it has those. */
  static of(stream: Duplex): DirectReads | undefined {
    return DirectReads.#all.get(stream)
  }

  /** Node's option for a socket that is to be read so. */
  readonly onread: OnReadOpts = {
    buffer: () => this.#nextBuffer(),
    callback: (length, bytes) => this.#read(length, bytes as Buffer),
  }
  #receive: Receive = ignore
  #buffer = Buffer.allocUnsafeSlow(smallest)
  #size = smallest
  #mustKeepBuffer = false
  #smallReads = 0

  /** The socket that was made with `onread`. It is to be paused until there is somebody to deliver to. */
  belongTo(socket: Duplex): void {
    DirectReads.#all.set(socket, this)
  }

  /** Says who gets the bytes. */
  deliverTo(receive: Receive): void {
    this.#receive = receive
  }

  #nextBuffer(): Buffer {
    if (this.#mustKeepBuffer || this.#buffer.length !== this.#size) this.#buffer = Buffer.allocUnsafeSlow(this.#size)
    this.#mustKeepBuffer = false
    return this.#buffer
  }

  #read(length: number, buffer: Buffer): boolean {
    this.#fit(length, buffer.length)
    if (!this.#receive(buffer.subarray(0, length))) this.#mustKeepBuffer = true
    return true
  }

  /** Large buffers take fewer reads, and cost memory while nothing comes. */
  #fit(length: number, room: number): void {
    this.#smallReads = length < smallest ? this.#smallReads + 1 : 0
    if (length === room && room === this.#size) this.#size = Math.min(4 * room, largest)
    else if (this.#smallReads >= calm) this.#size = smallest
  }
}

function ignore(): boolean {
  return true
}
