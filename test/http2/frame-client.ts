import type { TestContext } from 'node:test'
import { connect, type Target } from '../support/raw-client.js'
import type { Wire } from '../support/wire.js'

/** Types of frames (RFC 9113 6). */
export const frameTypes = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

/** Flags of frames. */
export const flags = { endStream: 1, ack: 1, endHeaders: 4 } as const

/** Codes of errors (RFC 9113 7). */
export const codes = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  refused: 7,
  cancel: 8,
  compression: 9,
  connect: 10,
  calm: 11,
} as const

export const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** A frame as it stood on the wire. */
export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

/** The bytes of a frame; `length` may lie. */
export function frame(
  type: number,
  flag: number,
  stream: number,
  payload: string | Buffer = '',
  length?: number,
): Buffer {
  const body = Buffer.from(payload as string, 'latin1')
  const head = Buffer.alloc(9)
  head.writeUIntBE(length ?? body.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flag, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, body])
}

/** Fields in HPACK: each a literal that no table keeps, in plain text. */
export function literals(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]))
}

function text(value: string): Buffer {
  return Buffer.concat([integer(value.length, 7), Buffer.from(value, 'latin1')])
}

/** A number in HPACK with a prefix of so many bits (RFC 7541 5.1). */
export function integer(value: number, bits: number, high = 0): Buffer {
  const most = 2 ** bits - 1
  if (value < most) return Buffer.from([high | value])
  const bytes = [high | most]
  let left = value - most
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) | 128)
  bytes.push(left)
  return Buffer.from(bytes)
}

/** The pseudo fields of a request, with what a test adds or changes; undefined leaves one out. */
export function request(
  pseudo: Readonly<Record<string, string | undefined>> = {},
  ...fields: readonly (readonly [string, string])[]
): Buffer {
  const all: Record<string, string | undefined> = {
    ':method': 'GET',
    ':scheme': 'http',
    ':authority': 'a.test',
    ':path': '/',
    ...pseudo,
  }
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return literals([...given, ...fields])
}

/** A client that writes every frame by hand. */
export class FrameClient {
  private constructor(readonly wire: Wire) {}

  /** Connects, and sends preface and settings. */
  static async connect(t: TestContext, target: Target, settings = ''): Promise<FrameClient> {
    const client = new FrameClient(await connect(t, target))
    client.wire.send(preface, frame(frameTypes.settings, 0, 0, Buffer.from(settings, 'hex')))
    return client
  }

  send(...frames: readonly Buffer[]): this {
    this.wire.send(Buffer.concat(frames))
    return this
  }

  /** Sends a request's head. */
  ask(stream: number, head: Buffer = request(), isWhole = true): this {
    return this.send(frame(frameTypes.headers, flags.endHeaders | (isWhole ? flags.endStream : 0), stream, head))
  }

  /** The next frame, whatever it is. */
  async next(): Promise<Frame> {
    const head = Buffer.from(await this.wire.bytes(9), 'latin1')
    const payload = Buffer.from(await this.wire.bytes(head.readUIntBE(0, 3)), 'latin1')
    return { type: head[3]!, flags: head[4]!, stream: head.readUInt32BE(5), payload }
  }

  /** The next frame of that type; others before it are passed over. */
  async until(type: keyof typeof frameTypes, stream?: number): Promise<Frame> {
    for (;;) {
      const next = await this.next()
      if (next.type === frameTypes[type] && (stream === undefined || next.stream === stream)) return next
    }
  }

  /** The code with which a stream was reset; with which the connection was given up, as for 0, and by newer nghttp2. */
  async errorOf(stream: number): Promise<number> {
    for (;;) {
      const next = await this.next()
      if (next.type === frameTypes.goaway) return next.payload.readUInt32BE(4)
      if (next.type === frameTypes.reset && next.stream === stream) return next.payload.readUInt32BE(0)
    }
  }

  /** What has come of a response until its end. */
  async response(stream: number): Promise<{ status: number | undefined; body: string; reset: number | undefined }> {
    let status: number | undefined
    let body = ''
    for (;;) {
      const { type, flags: flag, payload, stream: other } = await this.next()
      if (other !== stream) continue
      if (type === frameTypes.reset) return { status, body, reset: payload.readUInt32BE(0) }
      if (type === frameTypes.headers) status ??= statusOf(payload)
      if (type === frameTypes.data) body += payload.toString('latin1')
      if ((flag & flags.endStream) !== 0 && type <= frameTypes.headers) return { status, body, reset: undefined }
    }
  }
}

/** The status that a block of fields begins with: one of HPACK's table, or digits. */
export function statusOf(block: Buffer): number {
  const known: Readonly<Record<number, number>> = {
    136: 200,
    137: 204,
    138: 206,
    139: 304,
    140: 400,
    141: 404,
    142: 500,
  }
  const status = known[block[0]!]
  if (status !== undefined) return status
  // A literal of the field whose name stands at 8: digits, or where that is shorter Huffman's code, in which 0 to 2 have
  // five bits and the others six.
  if (block[1] === 3) return Number(block.toString('latin1', 2, 5))
  let bits = [block[2]!, block[3]!].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  let digits = ''
  while (digits.length < 3) {
    const short = Number.parseInt(bits.slice(0, 5), 2)
    digits += short < 3 ? short : Number.parseInt(bits.slice(0, 6), 2) - 0x16
    bits = bits.slice(short < 3 ? 5 : 6)
  }
  return Number(digits)
}
