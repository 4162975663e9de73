import { type BodyLength, chunked, framingDefect, isBodyless, isLengthless, readLength, untilClose } from './framing.js'
import type { RequestDefect, RequestHead, ResponseHead } from './head.js'
import { appendAdded, type HeadEdits, isRemoved, type ReceivedFields, rewritesOf } from './head-edits.js'
import { defaultRequestLimits, type RequestLimits } from './head-limits.js'
import { isHopByHop, nominatedNames, upgradeOf } from './hop-by-hop.js'
import { contradictsHost, isHost } from './host-conflict.js'

/** A head held as a flat list of names and values, as `node:http`, undici and HTTP/2 give it. */
abstract class RawHead implements ReceivedFields {
  /** Positions in `list` of fields that stay on this hop. */
  readonly #hopByHop: number[] = []
  /** Every value of Connection, joined. */
  protected connection = ''
  /** What Content-Length says; NaN: no length. 0 where there is none. */
  protected contentLength = 0
  /** Every value of Transfer-Encoding, joined. */
  protected coding: string | undefined
  protected lengths = 0
  protected hosts = 0
  #upgrade: string | undefined

  constructor(protected readonly list: readonly string[]) {
    for (let i = 0; i < list.length; i += 2) this.#index(i, list[i]!)
    if (this.connection !== '') this.#markNominated()
  }

  /** Looks only at names whose length is one that matters: most fields cost one comparison. */
  #index(position: number, name: string): void {
    switch (name.length) {
      case 2:
      case 7:
      case 10:
      case 16:
      case 17:
        break
      case 4:
        if (name.toLowerCase() === 'host') this.hosts++
        return
      case 14:
        if (name.toLowerCase() === 'content-length') this.#length(position)
        return
      default:
        return
    }
    const lower = name.toLowerCase()
    if (!isHopByHop(lower)) return
    this.#hopByHop.push(position)
    const value = this.list[position + 1]!
    if (lower === 'connection') this.connection = this.connection === '' ? value : `${this.connection},${value}`
    else if (lower === 'transfer-encoding') this.coding = this.coding === undefined ? value : `${this.coding},${value}`
    else if (lower === 'upgrade') this.#upgrade = this.#upgrade === undefined ? value : `${this.#upgrade}, ${value}`
  }

  #length(position: number): void {
    this.contentLength = readLength(this.list[position + 1]!)
    this.lengths++
  }

  #markNominated(): void {
    const names = nominatedNames(this.connection)
    if (names === undefined) return
    for (let i = 0; i < this.list.length; i += 2) {
      if (names.has(this.list[i]!.toLowerCase())) this.#hopByHop.push(i)
    }
  }

  /** Keeps the length from going on: the message must not have one. */
  protected dropLength(): void {
    for (let i = 0; i < this.list.length; i += 2) {
      if (this.list[i]!.toLowerCase() === 'content-length') this.#hopByHop.push(i)
    }
  }

  /** Whether the body is coded for this hop by something else than chunks: nobody here could undo it. */
  get hasForeignCoding(): boolean {
    return this.coding !== undefined && this.coding.toLowerCase() !== 'chunked'
  }

  /** How many fields there are. */
  get count(): number {
    return this.list.length / 2
  }

  /** Bytes of the fields as lines, and of the empty line after them. */
  protected get fieldsLength(): number {
    return this.list.reduce((bytes, text) => bytes + text.length + 2, 2)
  }

  get upgrade(): string | undefined {
    return upgradeOf(this.#upgrade, this.connection)
  }

  get(name: string): string | undefined {
    for (let i = 0; i < this.list.length; i += 2) {
      if (this.list[i]!.length === name.length && this.list[i]!.toLowerCase() === name) return this.list[i + 1]
    }
    return undefined
  }

  getAll(name: string): string[] {
    const values: string[] = []
    for (let i = 0; i < this.list.length; i += 2) {
      if (this.list[i]!.length === name.length && this.list[i]!.toLowerCase() === name) values.push(this.list[i + 1]!)
    }
    return values
  }

  placeOf(name: string, nth: number): number {
    let passed = 0
    for (let i = 0; i < this.list.length; i += 2) {
      if (this.list[i]!.length === name.length && this.list[i]!.toLowerCase() === name && passed++ === nth) return i
    }
    return -1
  }

  forwardedList(edits: readonly HeadEdits[]): string[] {
    const { list } = this
    const fields: string[] = []
    const rewrites = rewritesOf(this, edits)
    for (let i = 0; i < list.length; i += 2) {
      if (this.#hopByHop.includes(i) || isRemoved(list[i]!, edits, 0)) continue
      const value = rewrites?.has(i) ? rewrites.get(i) : list[i + 1]
      if (value !== undefined) fields.push(list[i]!, value)
    }
    appendAdded(fields, edits)
    return fields
  }

  forwardedText(edits: readonly HeadEdits[]): string {
    const fields = this.forwardedList(edits)
    let text = ''
    for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`
    return text
  }
}

/** A request's head from a flat list of fields. Whoever gives the list has checked its syntax. */
export class RawRequestHead extends RawHead implements RequestHead {
  constructor(
    readonly method: string,
    readonly target: string,
    readonly minorVersion: number,
    fields: readonly string[],
    readonly limits: RequestLimits = defaultRequestLimits,
  ) {
    super(fields)
  }

  get version(): string {
    return `HTTP/1.${this.minorVersion}`
  }

  get length(): number {
    return this.method.length + this.target.length + ' '.length * 2 + 'HTTP/1.1\r\n'.length + this.fieldsLength
  }

  get bodyLength(): BodyLength {
    if (this.coding !== undefined) return chunked
    return this.contentLength
  }

  /** As HAProxy does: what has a body is no offer to switch, as its body would have to come first. */
  override get upgrade(): string | undefined {
    return this.bodyLength === 0 ? super.upgrade : undefined
  }

  get defect(): RequestDefect | undefined {
    if (this.target.length > this.limits.maxTargetBytes) return 'target-too-long'
    if (this.list.length > 2 * this.limits.maxHeaders || this.#bytes > this.limits.maxHeaderBytes)
      return 'head-too-large'
    const defect = framingDefect(this.coding, this.contentLength, this.lengths, this.minorVersion)
    if (defect !== undefined) return defect
    if (this.hosts !== 1 && (this.hosts > 1 || this.minorVersion === 1)) return 'bad-request'
    if (this.hosts === 1 && !isHost(this.get('host')!)) return 'bad-request'
    return contradictsHost(this) ? 'bad-request' : undefined
  }

  /** What the head took on the wire, if nobody wrote more blanks than there need be. */
  get #bytes(): number {
    let bytes = this.method.length + this.target.length + '  HTTP/1.1\r\n\r\n'.length
    for (let i = 0; i < this.list.length; i += 2) bytes += this.list[i]!.length + this.list[i + 1]!.length + 4
    return bytes
  }

  get expectsContinue(): boolean {
    return this.minorVersion === 1 && this.get('expect')?.toLowerCase() === '100-continue'
  }
}

/** A response's head from a flat list of fields. */
export class RawResponseHead extends RawHead implements ResponseHead {
  readonly bodyLength: BodyLength

  get length(): number {
    return 'HTTP/1.1 200 \r\n'.length + this.reason.length + this.fieldsLength
  }

  constructor(
    readonly status: number,
    readonly reason: string,
    fields: readonly string[],
    /** The request's method: some have no body in their response whatever its fields say. */
    method: string,
  ) {
    super(fields)
    if (this.lengths > 0 && isLengthless(method, status)) this.dropLength()
    if (isBodyless(method, status)) this.bodyLength = 0
    else if (this.coding !== undefined) this.bodyLength = chunked
    else this.bodyLength = this.lengths === 0 ? untilClose : this.contentLength
  }
}
