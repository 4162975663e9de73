import { chunked, untilClose } from '../../../src/core/message/framing.js'
import { ChunkedDecoder } from '../../../src/http1/chunked.js'
import { readRequestHead, readResponseHead } from '../../../src/http1/parse-head.js'
import type { TextRequestHead, TextResponseHead } from '../../../src/http1/text-head.js'
import { type Message, newReading, type Reading } from './reading.js'

/** Reads a stream of messages with the parser of the engine, the way that its connections do, without their sockets. */
abstract class EngineReader {
  readonly reading: Reading = newReading()
  #input: Buffer = Buffer.alloc(0)
  #seen = 0
  #message: Message | undefined
  #left = 0
  #decoder: ChunkedDecoder | undefined

  /** Takes the next piece. */
  push(piece: Buffer): void {
    this.#input = this.#input.length === 0 ? piece : Buffer.concat([this.#input, piece])
    while (this.#input.length > 0 && !this.reading.hasEnded && this.reading.refusal === undefined) {
      const open = this.#message
      const taken = open === undefined ? this.#takeHead() : this.#takeBody(open)
      if (taken < 0) return
      const message = open ?? this.reading.messages.at(-1)
      if (message !== undefined) message.raw += this.#input.toString('latin1', 0, taken)
      this.#input = this.#input.subarray(taken)
    }
  }

  /** The other side sends no more. */
  end(): void {
    if (this.#message !== undefined && this.#left === untilClose) this.#complete(this.#message)
    this.reading.isInHead = this.#message === undefined && !this.reading.hasEnded && this.#seen > 0
  }

  #takeHead(): number {
    if (this.skipsEmptyLines && this.#input[0] === 13 && this.#input[1] === 10) {
      this.#seen = 0
      return 2
    }
    const head = this.readHead(this.#input, this.#seen)
    this.#seen = head === undefined ? this.#input.length : 0
    if (head === undefined) return -1
    if (typeof head === 'string') {
      this.reading.refusal = head
      return -1
    }
    this.#begin(head)
    return head.length
  }

  #begin(head: TextRequestHead | TextResponseHead): void {
    const start = this.startOf(head)
    const message = { start, head, count: head.fields.count, body: '', trailers: [], isComplete: false, raw: '' }
    this.reading.messages.push(message)
    this.#message = message
    this.#left = head.bodyLength
    this.#decoder = head.bodyLength === chunked ? new ChunkedDecoder() : undefined
    if (this.#left === 0) this.#complete(message)
  }

  #takeBody(message: Message): number {
    if (this.#decoder !== undefined) return this.#takeChunks(message, this.#decoder)
    const input = this.#input
    const end = this.#left === untilClose ? input.length : Math.min(input.length, this.#left)
    message.body += input.toString('latin1', 0, end)
    if (this.#left !== untilClose) this.#left -= end
    if (this.#left === 0) this.#complete(message)
    return end
  }

  #takeChunks(message: Message, decoder: ChunkedDecoder): number {
    const end = decoder.decode(this.#input, 0, {
      chunkData: (bytes) => {
        message.body += bytes.toString('latin1')
      },
    })
    if (decoder.hasFailed) this.reading.refusal = 'bad-chunk'
    message.trailers = decoder.trailers
    if (decoder.isDone) this.#complete(message)
    return end
  }

  #complete(message: Message): void {
    message.isComplete = true
    this.#message = undefined
    if (this.isLast(message)) this.reading.hasEnded = true
  }

  protected abstract readonly skipsEmptyLines: boolean
  protected abstract readHead(input: Buffer, seen: number): TextRequestHead | TextResponseHead | string | undefined
  protected abstract startOf(head: TextRequestHead | TextResponseHead): string
  /** Whether nothing that follows on the connection is a message. */
  protected abstract isLast(message: Message): boolean
}

/** Reads requests. */
export class EngineRequestReader extends EngineReader {
  protected readonly skipsEmptyLines = true

  protected readHead(input: Buffer, seen: number): TextRequestHead | string | undefined {
    const head = readRequestHead(input, 0, seen)
    return typeof head === 'object' && head.defect !== undefined ? head.defect : head
  }

  protected startOf(head: TextRequestHead): string {
    return `${head.method} ${head.target} 1.${head.minorVersion}`
  }

  protected isLast({ head }: Message): boolean {
    const request = head as TextRequestHead
    return !request.keepsAlive || request.method === 'CONNECT'
  }
}

/** Reads the responses to one request of that method: informational ones, and the final one. */
export class EngineResponseReader extends EngineReader {
  protected readonly skipsEmptyLines = false

  constructor(readonly method: string) {
    super()
  }

  protected readHead(input: Buffer, seen: number): TextResponseHead | string | undefined {
    const head = readResponseHead(input, input.length, seen, this.method)
    return head === false ? 'bad-response' : head
  }

  protected startOf(head: TextResponseHead): string {
    return `${head.status} ${head.reason}`
  }

  protected isLast({ head }: Message): boolean {
    const { status } = head as TextResponseHead
    return status >= 200 || status === 101
  }
}
