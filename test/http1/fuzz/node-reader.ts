import http from 'node:http'
import { Duplex } from 'node:stream'
import { RawRequestHead, RawResponseHead } from '../../../src/core/message/raw-head.js'
import { turn } from '../../support/within.js'
import { type Message, newReading, type Reading } from './reading.js'

const maxHeaderSize = 128 * 1024

/** A connection in memory: a test gives what comes in; what goes out is forgotten. */
class MemorySocket extends Duplex {
  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, callback: () => void): void {
    callback()
  }

  /** Has the pieces come in, one by one, then the end, and waits until all of it was read. */
  async play(pieces: readonly Buffer[], isEnding: boolean): Promise<void> {
    for (const piece of pieces) this.push(piece)
    await turn()
    if (isEnding) this.push(null)
    await turn()
    this.destroy()
  }
}

/** Reads requests with the parser of Node, by way of its server. */
export class NodeRequestReader {
  readonly #readings = new WeakMap<object, Reading>()
  readonly #server = http.createServer({ maxHeaderSize, requireHostHeader: false, insecureHTTPParser: false })

  constructor() {
    this.#server.maxHeadersCount = 0
    for (const event of ['request', 'checkContinue', 'checkExpectation', 'connect']) {
      this.#server.on(event, (request: http.IncomingMessage) => this.#take(request, event === 'connect'))
    }
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      const reading = this.#readings.get(socket)
      if (reading !== undefined) reading.refusal ??= error.code ?? error.message
    })
  }

  /** What it makes of a connection that brings these pieces. */
  async read(pieces: readonly Buffer[]): Promise<Reading> {
    const socket = new MemorySocket()
    const reading = newReading()
    this.#readings.set(socket, reading)
    socket.on('error', () => {})
    this.#server.emit('connection', socket)
    await socket.play(pieces, false)
    return reading
  }

  #take(request: http.IncomingMessage, isLast: boolean): void {
    const reading = this.#readings.get(request.socket)!
    const { method = '', url = '', httpVersionMinor, rawHeaders } = request
    reading.hasEnded = isLast
    const head = new RawRequestHead(method, url, httpVersionMinor, rawHeaders)
    reading.messages.push(collect(request, `${method} ${url} ${request.httpVersion}`, head))
    if (isLast) reading.messages.at(-1)!.isComplete = true
  }
}

/** What Node makes of a response to a request of that method. */
export async function readNodeResponse(method: string, pieces: readonly Buffer[], isEnding: boolean): Promise<Reading> {
  const socket = new MemorySocket()
  const reading = newReading()
  const take = (response: http.IncomingMessage): void => {
    const { statusCode = 0, statusMessage = '', rawHeaders } = response
    const head = new RawResponseHead(statusCode, statusMessage, rawHeaders, method)
    const start = `${statusCode} ${statusMessage}`
    // An informational response is no stream but its head alone.
    reading.messages.push(statusCode < 200 ? messageOf(response, start, head, true) : collect(response, start, head))
  }
  const request = http.request({
    method,
    maxHeaderSize,
    insecureHTTPParser: false,
    createConnection: () => socket,
  })
  request.maxHeadersCount = 0
  request.on('response', take)
  request.on('information', take)
  request.on('upgrade', take)
  request.on('error', (error: NodeJS.ErrnoException) => {
    reading.refusal ??= error.code ?? error.message
  })
  request.end()
  await turn()
  await socket.play(pieces, isEnding)
  return reading
}

function messageOf(
  { rawHeaders }: http.IncomingMessage,
  start: string,
  head: Message['head'],
  isComplete: boolean,
): Message {
  return { start, head, count: rawHeaders.length / 2, body: '', trailers: [], isComplete, raw: '' }
}

function collect(stream: http.IncomingMessage, start: string, head: Message['head']): Message {
  const message = messageOf(stream, start, head, false)
  stream.on('data', (chunk: Buffer) => {
    message.body += chunk.toString('latin1')
  })
  stream.on('end', () => {
    message.isComplete = stream.complete
    message.trailers = stream.rawTrailers
  })
  stream.on('error', () => {})
  return message
}
