import { connect, type Socket } from 'node:net'
import type { Line } from '../lines.js'
import { Histogram } from './histogram.js'
import type { LoadResult } from './load.js'
import { ResponseReader } from './response-reader.js'

/** What the program is told, as JSON in its first argument. It prints a {@link LoadResult} as a line of JSON. */
export interface NodeLoadOrder {
  readonly port: number
  readonly line: Line
  readonly seconds: number
  readonly connections: number
}

/** One connection that sends its request again as soon as the answer is complete. */
class LoadConnection {
  readonly #socket: Socket
  readonly #reader = new ResponseReader()
  readonly #request: Buffer
  readonly #keepAlive: boolean
  readonly #onAnswer: (status: number, milliseconds: number) => void
  #sentAt = 0
  #isAnswered = false
  /** Bytes received since it was opened. */
  bytes = 0

  constructor(
    order: NodeLoadOrder,
    request: Buffer,
    onAnswer: (status: number, milliseconds: number) => void,
    onClose: (connection: LoadConnection, isComplete: boolean) => void,
  ) {
    this.#request = request
    this.#keepAlive = order.line.keepAlive
    this.#onAnswer = onAnswer
    this.#socket = connect({ port: order.port, host: '127.0.0.1', noDelay: true })
    this.#socket.once('connect', () => this.#send())
    this.#socket.on('data', (chunk) => this.#receive(chunk))
    this.#socket.on('end', () => this.#reader.end() && this.#answered(true))
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => onClose(this, this.#isAnswered))
  }

  #send(): void {
    this.#isAnswered = false
    this.#sentAt = performance.now()
    this.#socket.write(this.#request)
  }

  #receive(chunk: Buffer): void {
    this.bytes += chunk.length
    try {
      if (this.#reader.push(chunk)) this.#answered(this.#reader.closes || !this.#keepAlive)
    } catch (error) {
      this.#isAnswered = false
      this.#socket.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #answered(isLast: boolean): void {
    this.#isAnswered = true
    this.#onAnswer(this.#reader.status, performance.now() - this.#sentAt)
    this.#reader.next()
    if (isLast) this.#socket.destroy()
    else this.#send()
  }
}

class NodeLoadRun {
  readonly #order: NodeLoadOrder
  readonly #request: Buffer
  readonly #latencies = new Histogram()
  readonly #connections = new Set<LoadConnection>()
  readonly #startedAt = performance.now()
  #bytes = 0
  #socketErrors = 0
  #refusals = 0

  constructor(order: NodeLoadOrder) {
    this.#order = order
    this.#request = requestBytes(order.line, order.port)
    setTimeout(() => this.#finish(), order.seconds * 1000)
    for (let count = 0; count < order.connections; count++) this.#connect()
  }

  #connect(): void {
    const onAnswer = (status: number, milliseconds: number) => {
      this.#latencies.add(milliseconds * 1000)
      if (status < 200 || status >= 400) this.#refusals++
    }
    const onClose = (connection: LoadConnection, isComplete: boolean) => {
      this.#connections.delete(connection)
      this.#bytes += connection.bytes
      if (isComplete) this.#connect()
      else this.#fail()
    }
    this.#connections.add(new LoadConnection(this.#order, this.#request, onAnswer, onClose))
  }

  // A connection that failed is not opened again: one failure already puts the peer out of the line.
  #fail(): void {
    this.#socketErrors++
    if (this.#connections.size === 0) this.#finish()
  }

  #finish(): void {
    for (const connection of this.#connections) this.#bytes += connection.bytes
    const result: LoadResult = {
      requests: this.#latencies.total,
      seconds: (performance.now() - this.#startedAt) / 1000,
      p99Milliseconds: this.#latencies.percentile(0.99) / 1000,
      bytes: this.#bytes,
      socketErrors: this.#socketErrors,
      refusals: this.#refusals,
    }
    process.stdout.write(`${JSON.stringify(result)}\n`)
    process.exit()
  }
}

function requestBytes(line: Line, port: number): Buffer {
  const fields = [['Host', `127.0.0.1:${port}`], ...line.fields]
  if (!line.keepAlive) fields.push(['Connection', 'close'])
  if (line.bodyBytes > 0) fields.push(['Content-Length', String(line.bodyBytes)])
  const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return Buffer.from(`${line.method} ${line.path} HTTP/1.1\r\n${head}\r\n${'u'.repeat(line.bodyBytes)}`, 'latin1')
}

process.stdin.resume().on('end', () => process.exit(1))
new NodeLoadRun(JSON.parse(process.argv[2] ?? ''))
