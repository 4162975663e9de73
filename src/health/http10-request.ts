import { isBodyless } from '../core/message/framing.js'
import type { CheckRequest, ResponseListener, SendRequest } from './check-request.js'

/** The largest head of a response, interim ones before it included. */
const maxResponseHead = 64 * 1024

/** Sends a check's request as HTTP/1.0, which undici does not speak. */
export const sendHttp10: SendRequest = (socket, request, listener) => {
  const reader = new Http10Reader(request.method, listener)
  socket.on('data', (chunk: Buffer) => reader.read(chunk))
  socket.on('end', () => reader.end())
  socket.on('error', (error) => listener.failed(error))
  socket.write(requestBytes(request))
  socket.resume()
  return () => socket.destroy()
}

function requestBytes({ method, path, host, headers, body }: CheckRequest): Buffer {
  let head = `${method} ${path} HTTP/1.0\r\n`
  if (host !== undefined) head += `Host: ${host}\r\n`
  for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`
  const content = Buffer.from(body ?? '')
  if (body !== undefined) head += `Content-Length: ${content.length}\r\n`
  return Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), content])
}

/** Reads a response whose body ends with the connection, or at its Content-Length. */
class Http10Reader {
  /** What of the head has come. */
  #text = ''
  #headBytes = 0
  #isInBody = false
  #isOver = false
  /** Bytes of the body to come; Infinity: until the connection ends. */
  #left = Infinity

  constructor(
    readonly method: string,
    readonly listener: ResponseListener,
  ) {}

  read(chunk: Buffer): void {
    if (this.#isOver) return
    if (this.#isInBody) this.#readBody(chunk)
    else this.#readHead(chunk)
  }

  /** The connection ended. */
  end(): void {
    if (this.#isInBody && this.#left === Infinity) this.#finish()
    else this.#fail('the connection ended before the response was complete')
  }

  #readHead(chunk: Buffer): void {
    this.#headBytes += chunk.length
    this.#text += chunk.toString('latin1')
    let end = this.#text.indexOf('\r\n\r\n')
    while (end >= 0 && !this.#isInBody && !this.#isOver) {
      const head = parseHead(this.#text.slice(0, end))
      this.#text = this.#text.slice(end + 4)
      if (typeof head === 'string') this.#fail(head)
      // Interim responses are passed over; 101 can't be one to a request without Upgrade.
      else if (head.status >= 200 || head.status === 101) this.#beginBody(head)
      end = this.#text.indexOf('\r\n\r\n')
    }
    if (this.#isInBody) this.#readBody(Buffer.from(this.#text, 'latin1'))
    else if (!startsLikeHttp(this.#text)) this.#fail('the answer is no HTTP')
    else if (this.#headBytes > maxResponseHead) this.#fail('the head of the response is too large')
  }

  #beginBody({ status, length, isCoded }: ResponseHead): void {
    this.listener.head(status)
    // Only now: a check of the status alone does not care.
    if (isCoded) this.#fail('the response has a transfer coding, which HTTP/1.0 does not have')
    this.#isInBody = true
    this.#left = isBodyless(this.method, status) ? 0 : length
  }

  #readBody(chunk: Buffer): void {
    if (this.#isOver) return
    const taken = chunk.subarray(0, Math.min(this.#left, chunk.length))
    this.#left -= taken.length
    if (taken.length > 0) this.listener.data(taken)
    if (this.#left === 0) this.#finish()
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.listener.end()
  }

  #fail(message: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.listener.failed(new Error(message))
  }
}

interface ResponseHead {
  readonly status: number
  /** Bytes of the body; Infinity: as long as the connection stands. */
  readonly length: number
  readonly isCoded: boolean
}

const statusLine = /^HTTP\/1\.[01] ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
const fieldLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/

/** Reads a complete head, or says what is wrong with it. */
function parseHead(text: string): ResponseHead | string {
  const [first = '', ...fields] = text.split('\r\n')
  const status = statusLine.exec(first)?.[1]
  if (status === undefined) return 'the status line is malformed'
  const lengths = new Set<string>()
  let isCoded = false
  for (const field of fields) {
    const match = fieldLine.exec(field)
    if (match === null) return 'a field of the response is malformed'
    const name = match[1]!.toLowerCase()
    if (name === 'content-length') lengths.add(match[2]!)
    if (name === 'transfer-encoding') isCoded = true
  }
  if (lengths.size === 0) return { status: Number(status), length: Infinity, isCoded }
  const [length = ''] = lengths
  if (lengths.size > 1 || !/^\d{1,15}$/.test(length)) return 'the length of the response is malformed'
  return { status: Number(status), length: Number(length), isCoded }
}

/** Whether a head may still come of it. */
function startsLikeHttp(text: string): boolean {
  const start = 'HTTP/1.'
  return text.slice(0, start.length) === start.slice(0, text.length)
}
