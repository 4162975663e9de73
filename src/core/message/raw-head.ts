import { type BodyLength, chunked, isBodyless, untilClose } from './framing.js'
import type { RequestHead, ResponseHead } from './head.js'
import type { HeadEdits } from './head-edits.js'
import { isHopByHop, namesToken } from './hop-by-hop.js'

/** A head held as a flat list of names and values, as `node:http`, undici and HTTP/2 give it. */
abstract class RawHead {
  /** Positions in `list` of fields that stay on this hop. */
  readonly #hopByHop: number[] = []
  /** Every value of Connection, joined. */
  protected connection = ''
  protected contentLength: string | undefined
  protected isChunked = false
  protected hostCount = 0
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
        if (name.toLowerCase() === 'host') this.hostCount++
        return
      case 14:
        if (name.toLowerCase() === 'content-length') this.contentLength = this.list[position + 1]!
        return
      default:
        return
    }
    const lower = name.toLowerCase()
    if (!isHopByHop(lower)) return
    this.#hopByHop.push(position)
    const value = this.list[position + 1]!
    if (lower === 'connection') this.connection = this.connection === '' ? value : `${this.connection},${value}`
    else if (lower === 'transfer-encoding') this.isChunked = true
    else if (lower === 'upgrade') this.#upgrade = this.#upgrade === undefined ? value : `${this.#upgrade}, ${value}`
  }

  #markNominated(): void {
    for (const token of this.connection.split(',')) {
      const name = token.trim().toLowerCase()
      if (name === '' || isNeverNominated(name)) continue
      for (let i = 0; i < this.list.length; i += 2) {
        if (this.list[i]!.length === name.length && this.list[i]!.toLowerCase() === name) this.#markHop(i)
      }
    }
  }

  #markHop(position: number): void {
    if (!this.#hopByHop.includes(position)) this.#hopByHop.push(position)
  }

  get upgrade(): string | undefined {
    return this.#upgrade !== undefined && namesToken(this.connection, 'upgrade') ? this.#upgrade : undefined
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

  forwardedList(edits: readonly HeadEdits[]): string[] {
    const { list } = this
    const fields: string[] = []
    for (let i = 0; i < list.length; i += 2) {
      if (this.#hopByHop.includes(i) || isRemoved(list[i]!, edits, 0)) continue
      fields.push(list[i]!, list[i + 1]!)
    }
    for (let layer = 0; layer < edits.length; layer++) {
      const { added } = edits[layer]!
      for (let i = 0; i < added.length; i += 2) {
        if (!isRemoved(added[i]!, edits, layer + 1)) fields.push(added[i]!, added[i + 1]!)
      }
    }
    return fields
  }

  forwardedText(edits: readonly HeadEdits[]): string {
    const fields = this.forwardedList(edits)
    let text = ''
    for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`
    return text
  }
}

/** Two options of the connection that are no names, and two fields that never concern one connection alone. */
function isNeverNominated(token: string): boolean {
  return token === 'close' || token === 'keep-alive' || token === 'host' || token === 'content-length'
}

/** Whether an edit layer from `first` on takes out fields of that name. */
function isRemoved(name: string, edits: readonly HeadEdits[], first: number): boolean {
  for (let layer = first; layer < edits.length; layer++) {
    const { removed } = edits[layer]!
    for (let i = 0; i < removed.length; i++) {
      if (removed[i]!.length === name.length && removed[i] === name.toLowerCase()) return true
    }
  }
  return false
}

/** The most fields that a request may have. */
const maxRequestFields = 100

function withoutDefaultPort(authority: string): string {
  return authority.toLowerCase().replace(/:(?:80|443)?$/, '')
}

/** A request's head from a flat list of fields. Whoever gives the list has checked its syntax. */
export class RawRequestHead extends RawHead implements RequestHead {
  constructor(
    readonly method: string,
    readonly target: string,
    readonly minorVersion: number,
    fields: readonly string[],
  ) {
    super(fields)
  }

  get bodyLength(): BodyLength {
    if (this.isChunked) return chunked
    return this.contentLength === undefined ? 0 : Number(this.contentLength)
  }

  get defect(): 'bad-request' | 'head-too-large' | undefined {
    if (this.list.length > 2 * maxRequestFields) return 'head-too-large'
    if (this.hostCount > 1) return 'bad-request'
    return this.target.startsWith('/') || !this.#contradictsHost() ? undefined : 'bad-request'
  }

  /** Whether a target in absolute form names another host than the Host field: two readers could route it two ways. */
  #contradictsHost(): boolean {
    const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(this.target)?.[1]
    const host = this.get('host')
    return authority !== undefined && host !== undefined && withoutDefaultPort(authority) !== withoutDefaultPort(host)
  }

  get expectsContinue(): boolean {
    return this.minorVersion === 1 && this.get('expect')?.toLowerCase() === '100-continue'
  }
}

/** A response's head from a flat list of fields. */
export class RawResponseHead extends RawHead implements ResponseHead {
  readonly bodyLength: BodyLength

  constructor(
    readonly status: number,
    readonly reason: string,
    fields: readonly string[],
    /** The request's method: some have no body in their response whatever its fields say. */
    method: string,
  ) {
    super(fields)
    if (isBodyless(method, status)) this.bodyLength = 0
    else if (this.isChunked) this.bodyLength = chunked
    else this.bodyLength = this.contentLength === undefined ? untilClose : Number(this.contentLength)
  }
}
