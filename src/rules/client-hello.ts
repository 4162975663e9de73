/** What a TLS client asks for in its first message, before anything is encrypted. */
export interface ClientHello {
  /** The name of the server that the client wants, in lower case (RFC 6066); undefined: it names none. */
  readonly sni: string | undefined
  /** The protocols that the client offers, the preferred first (RFC 7301). */
  readonly alpn: readonly string[]
}

const handshakeRecord = 22
const clientHelloMessage = 1
const serverNameExtension = 0
const alpnExtension = 16
const recordHead = 5
const longestRecord = 2 ** 14
/** A ClientHello is a few hundred bytes, two thousand with keys for times to come. */
const longestHello = 2 ** 14

/**
 * Reads the ClientHello that a connection begins with, however it is cut: also over several records. `more`: it is none
 * of its end yet. Undefined: these bytes are no TLS, or malformed. HAProxy: `req.ssl_hello_type`.
 */
export function readClientHello(bytes: Uint8Array): ClientHello | 'more' | undefined {
  const message = handshakeMessage(bytes)
  if (message === undefined || message === 'more') return message
  try {
    return readHello(new Cursor(message))
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

/** The first handshake message without its head, put together from its records. */
function handshakeMessage(bytes: Uint8Array): Uint8Array | 'more' | undefined {
  const pieces: Uint8Array[] = []
  let length = 0
  let wanted: number | undefined
  for (let at = 0; wanted === undefined || length < wanted; ) {
    if (!isRecordHead(bytes, at)) return undefined
    if (bytes.length < at + recordHead) return 'more'
    const size = bytes[at + 3]! * 256 + bytes[at + 4]!
    if (size === 0 || size > longestRecord) return undefined
    const piece = bytes.subarray(at + recordHead, at + recordHead + size)
    pieces.push(piece)
    length += piece.length
    const head = wanted === undefined ? firstBytes(pieces) : undefined
    if (head !== undefined && head[0] !== undefined && head[0] !== clientHelloMessage) return undefined
    if (head?.length === 4) {
      wanted = 4 + head[1]! * 65_536 + head[2]! * 256 + head[3]!
      if (wanted > longestHello) return undefined
    }
    if (piece.length < size && (wanted === undefined || length < wanted)) return 'more'
    at += recordHead + size
  }
  return joined(pieces, length).subarray(4, wanted)
}

/** As much of a record's head as there is fits: a handshake, in some version 3.x, as TLS calls itself on the wire. */
function isRecordHead(bytes: Uint8Array, at: number): boolean {
  return (bytes[at] ?? handshakeRecord) === handshakeRecord && (bytes[at + 1] ?? 3) === 3
}

/** The first four bytes, as far as they have come. */
function firstBytes(pieces: readonly Uint8Array[]): number[] {
  const bytes: number[] = []
  for (const piece of pieces) bytes.push(...piece.subarray(0, 4 - bytes.length))
  return bytes
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  if (pieces.length === 1) return pieces[0]!
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

function readHello(hello: Cursor): ClientHello {
  hello.skip(2 + 32)
  hello.vector(1, 32)
  const suites = hello.vector(2)
  if (suites.left === 0 || suites.left % 2 !== 0) throw new Malformed()
  if (hello.vector(1).left === 0) throw new Malformed()
  let sni: string | undefined
  let alpn: readonly string[] = []
  const seen = new Set<number>()
  // Before TLS 1.2 a client could leave extensions out altogether.
  const extensions = hello.left === 0 ? hello : hello.vector(2)
  while (extensions.left > 0) {
    const type = extensions.number(2)
    const body = extensions.vector(2)
    if (seen.has(type)) throw new Malformed()
    seen.add(type)
    if (type === serverNameExtension) sni = readServerName(body)
    else if (type === alpnExtension) alpn = readProtocols(body)
  }
  if (hello.left > 0) throw new Malformed()
  return { sni, alpn }
}

function readServerName(extension: Cursor): string | undefined {
  const names = extension.vector(2)
  if (names.left === 0 || extension.left > 0) throw new Malformed()
  let found: string | undefined
  while (names.left > 0) {
    const type = names.number(1)
    const name = names.vector(2)
    // There is no other type than that of a host's name, and it may stand there once.
    if (type !== 0 || found !== undefined) throw new Malformed()
    found = name.text()
  }
  if (found === undefined || !/^[\w.-]{1,255}$/.test(found)) throw new Malformed()
  return found.toLowerCase()
}

function readProtocols(extension: Cursor): string[] {
  const list = extension.vector(2)
  if (list.left === 0 || extension.left > 0) throw new Malformed()
  const protocols: string[] = []
  while (list.left > 0) {
    const name = list.vector(1)
    if (name.left === 0) throw new Malformed()
    protocols.push(name.text())
  }
  return protocols
}

class Malformed extends Error {}

/** Reads numbers and vectors, as TLS writes them, from the front of bytes. */
class Cursor {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** How many bytes are still to be read. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  skip(count: number): void {
    if (count > this.left) throw new Malformed()
    this.#at += count
  }

  number(size: number): number {
    const start = this.#at
    this.skip(size)
    let value = 0
    for (let at = start; at < this.#at; at++) value = value * 256 + this.#bytes[at]!
    return value
  }

  /** A vector with a length of so many bytes before it. */
  vector(lengthSize: number, most = Infinity): Cursor {
    const length = this.number(lengthSize)
    if (length > most) throw new Malformed()
    const start = this.#at
    this.skip(length)
    return new Cursor(this.#bytes.subarray(start, this.#at))
  }

  /** All that is left, as text of single bytes. */
  text(): string {
    return String.fromCharCode(...this.#bytes.subarray(this.#at))
  }
}
