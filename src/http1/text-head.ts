import {
  type BodyLength,
  chunked,
  framingDefect,
  isBodyless,
  isLengthless,
  untilClose,
} from '../core/message/framing.js'
import type { RequestHead, ResponseHead } from '../core/message/head.js'
import { contradictsHost, isHost } from '../core/message/host-conflict.js'
import { limits } from './limits.js'
import { TextFields } from './text-fields.js'

/** Why a request's head is refused. */
export type RequestDefect = 'bad-request' | 'target-too-long' | 'head-too-large' | 'unsupported'

/** The head of a request, from its text. */
export class TextRequestHead extends TextFields implements RequestHead {
  readonly bodyLength: BodyLength
  readonly defect: 'bad-request' | 'head-too-large' | 'unsupported' | undefined

  constructor(
    text: string,
    start: number,
    end: number,
    readonly method: string,
    readonly target: string,
    readonly minorVersion: number,
  ) {
    super(text, start, end)
    this.defect = this.#findDefect()
    if (this.codings !== undefined) this.bodyLength = chunked
    else this.bodyLength = this.contentLength
  }

  /** Bytes from the first to the end of the empty line. */
  get length(): number {
    return this.end + 2
  }

  /** What makes two readers disagree about where the message ends or whom it is for (RFC 9112 3.2, 6.1, 6.3). */
  #findDefect(): 'bad-request' | 'head-too-large' | 'unsupported' | undefined {
    if (this.count > limits.requestFields) return 'head-too-large'
    if (this.codings !== undefined || this.lengths > 0) {
      const defect = framingDefect(this.codings, this.contentLength, this.lengths, this.minorVersion)
      if (defect !== undefined) return defect
    }
    if (this.hosts !== 1) return this.hosts > 1 || this.minorVersion === 1 ? 'bad-request' : undefined
    return isHost(this.get('host')!) && !contradictsHost(this) ? undefined : 'bad-request'
  }

  get expectsContinue(): boolean {
    return this.minorVersion === 1 && this.get('expect')?.toLowerCase() === '100-continue'
  }

  /** Whether the client wants the connection kept. */
  get keepsAlive(): boolean {
    return this.isKept(this.minorVersion)
  }
}

/** The head of a response, from its text. */
export class TextResponseHead extends TextFields implements ResponseHead {
  readonly bodyLength: BodyLength
  /** The framing could be read in two ways: the response must not be forwarded. */
  readonly isAmbiguous: boolean
  readonly #minorVersion: number

  constructor(
    text: string,
    start: number,
    end: number,
    readonly status: number,
    readonly reason: string,
    minorVersion: number,
    method: string,
  ) {
    super(text, start, end)
    this.#minorVersion = minorVersion
    this.isAmbiguous = framingDefect(this.codings, this.contentLength, this.lengths, minorVersion) !== undefined
    if (this.lengths > 0 && isLengthless(status)) this.drop('content-length')
    if (isBodyless(method, status)) this.bodyLength = 0
    else if (this.codings !== undefined) this.bodyLength = chunked
    else this.bodyLength = this.lengths === 0 ? untilClose : this.contentLength
  }

  /** Bytes from the first to the end of the empty line. */
  get length(): number {
    return this.end + 2
  }

  /** Whether the server keeps the connection. */
  get keepsAlive(): boolean {
    return this.isKept(this.#minorVersion)
  }
}
