import {
  type BodyLength,
  chunked,
  framingDefect,
  isBodyless,
  isLengthless,
  untilClose,
} from '../core/message/framing.js'
import type { RequestDefect, RequestHead, ResponseHead } from '../core/message/head.js'
import type { HeadEdits } from '../core/message/head-edits.js'
import { defaultRequestLimits } from '../core/message/head-limits.js'
import { contradictsHost } from '../core/message/host-conflict.js'
import type { TextFields } from './text-fields.js'

/** The head of a request, from its text. */
export class TextRequestHead implements RequestHead {
  readonly bodyLength: BodyLength
  readonly defect: RequestDefect | undefined
  /** As HAProxy does: what has a body is no offer to switch, as its body would have to come first. */
  readonly upgrade: string | undefined
  readonly expectsContinue: boolean

  constructor(
    readonly fields: TextFields,
    readonly method: string,
    readonly target: string,
    readonly minorVersion: number,
    /** Bytes from the first to the end of the empty line. */
    readonly length: number,
    maxHeaders = defaultRequestLimits.maxHeaders,
  ) {
    this.defect = this.#findDefect(maxHeaders)
    this.bodyLength = fields.codings !== undefined ? chunked : fields.contentLength
    this.upgrade = this.bodyLength === 0 ? fields.upgrade : undefined
    this.expectsContinue = minorVersion === 1 && fields.get('expect')?.toLowerCase() === '100-continue'
  }

  /** What makes two readers disagree about where the message ends or whom it is for (RFC 9112 3.2, 6.1, 6.3). */
  #findDefect(maxHeaders: number): RequestDefect | undefined {
    const { codings, contentLength, lengths, hosts, count } = this.fields
    if (count > maxHeaders) return 'head-too-large'
    if (codings !== undefined || lengths > 0) {
      const defect = framingDefect(codings, contentLength, lengths, this.minorVersion)
      if (defect !== undefined) return defect
    }
    if (hosts !== 1) return hosts > 1 || this.minorVersion === 1 ? 'bad-request' : undefined
    return this.fields.hasValidHost && !contradictsHost(this) ? undefined : 'bad-request'
  }

  get version(): string {
    return `HTTP/1.${this.minorVersion}`
  }

  /** Whether the client wants the connection kept. */
  get keepsAlive(): boolean {
    return this.fields.isKept(this.minorVersion)
  }

  get(name: string): string | undefined {
    return this.fields.get(name)
  }

  getAll(name: string): string[] {
    return this.fields.getAll(name)
  }

  forwardedText(edits: readonly HeadEdits[]): string {
    return this.fields.forwardedText(edits)
  }

  forwardedList(edits: readonly HeadEdits[]): string[] {
    return this.fields.forwardedList(edits)
  }
}

/** The head of a response, from its text. */
export class TextResponseHead implements ResponseHead {
  readonly bodyLength: BodyLength
  /** The framing could be read in two ways: the response must not be forwarded. */
  readonly isAmbiguous: boolean
  /** Whether the server keeps the connection. */
  readonly keepsAlive: boolean
  /** Those that go on, which may be fewer than were received. */
  readonly #forwarded: TextFields

  constructor(
    readonly fields: TextFields,
    readonly status: number,
    readonly reason: string,
    minorVersion: number,
    method: string,
    /** Bytes from the first to the end of the empty line. */
    readonly length: number,
    /** The text that it was read from, with what had come after it. */
    readonly received: string,
  ) {
    const { codings, contentLength, lengths } = fields
    this.keepsAlive = fields.isKept(minorVersion)
    this.isAmbiguous = framingDefect(codings, contentLength, lengths, minorVersion) !== undefined
    this.#forwarded = lengths > 0 && isLengthless(method, status) ? fields.without('content-length') : fields
    if (isBodyless(method, status)) this.bodyLength = 0
    else if (codings !== undefined) this.bodyLength = chunked
    else this.bodyLength = lengths === 0 ? untilClose : contentLength
  }

  get upgrade(): string | undefined {
    return this.fields.upgrade
  }

  get(name: string): string | undefined {
    return this.fields.get(name)
  }

  getAll(name: string): string[] {
    return this.fields.getAll(name)
  }

  forwardedText(edits: readonly HeadEdits[]): string {
    return this.#forwarded.forwardedText(edits)
  }

  forwardedList(edits: readonly HeadEdits[]): string[] {
    return this.#forwarded.forwardedList(edits)
  }
}
