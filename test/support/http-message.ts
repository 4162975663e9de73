import type { Wire } from './wire.js'

/** An HTTP/1 message as it stood on the wire, taken apart but not judged. Text is latin1. */
export class HttpMessage {
  body = ''
  /** Flat pairs, in the order received. */
  trailers: (readonly [name: string, value: string])[] = []
  readonly startLine: string
  readonly fields: readonly (readonly [name: string, value: string])[]

  constructor(readonly head: string) {
    const [startLine = '', ...lines] = head.slice(0, -4).split('\r\n')
    this.startLine = startLine
    this.fields = lines.map(splitField)
  }

  /** The values of all fields of that name, in any case. */
  all(name: string): string[] {
    return this.fields.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
  }

  /** The value of the only field of that name; undefined when there is none, all of them joined by ` AND ` otherwise. */
  get(name: string): string | undefined {
    const values = this.all(name)
    return values.length === 0 ? undefined : values.join(' AND ')
  }

  /** The status of a response. */
  get status(): number {
    return Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(this.startLine)?.[1])
  }

  /** Whether the body comes in chunks. */
  get isChunked(): boolean {
    return this.get('transfer-encoding')?.toLowerCase() === 'chunked'
  }
}

function splitField(line: string): readonly [string, string] {
  const colon = line.indexOf(': ')
  return colon < 0 ? [line.replace(/:$/, ''), ''] : [line.slice(0, colon), line.slice(colon + 2)]
}

/** Reads a head. */
export async function readHead(wire: Wire): Promise<HttpMessage> {
  return new HttpMessage(await wire.through('\r\n\r\n'))
}

/** Reads a whole request. */
export async function readRequest(wire: Wire): Promise<HttpMessage> {
  const request = await readHead(wire)
  if (request.isChunked) await readChunks(wire, request)
  else request.body = await wire.bytes(Number(request.get('content-length') ?? 0))
  return request
}

/** Reads a whole response to a request of that method; 1xx responses count as responses. */
export async function readResponse(wire: Wire, method = 'GET'): Promise<HttpMessage> {
  const response = await readHead(wire)
  const { status } = response
  const length = response.get('content-length')
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return response
  if (response.isChunked) await readChunks(wire, response)
  else response.body = length === undefined ? await wire.rest() : await wire.bytes(Number(length))
  return response
}

async function readChunks(wire: Wire, message: HttpMessage): Promise<void> {
  const pieces: string[] = []
  for (let piece = await readChunk(wire); piece !== ''; piece = await readChunk(wire)) pieces.push(piece)
  message.body = pieces.join('')
  for (let line = await wire.through('\r\n'); line !== '\r\n'; line = await wire.through('\r\n')) {
    message.trailers.push(splitField(line.slice(0, -2)))
  }
}

/** Reads one chunk; empty for the last one, whose trailers are left. */
export async function readChunk(wire: Wire): Promise<string> {
  const line = await wire.through('\r\n')
  if (!/^[0-9a-f]+\r\n$/i.test(line)) throw new Error(`no size of a chunk: ${JSON.stringify(line)}`)
  const size = Number.parseInt(line, 16)
  if (size === 0) return ''
  const piece = await wire.bytes(size + 2)
  if (!piece.endsWith('\r\n')) throw new Error(`a chunk of ${size} bytes does not end where it should`)
  return piece.slice(0, -2)
}

/** Text as one chunk. */
export function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`
}
