import { trimBlanks, trimSpaces } from '../core/message/field-syntax.js'
import { readLength } from '../core/message/framing.js'
import {
  addedText,
  appendAdded,
  type HeadEdits,
  isRemoved,
  type ReceivedFields,
  rewritesOf,
} from '../core/message/head-edits.js'
import { isHopByHop, namesToken, nominatedNames, upgradeOf } from '../core/message/hop-by-hop.js'
import { isHost } from '../core/message/host-conflict.js'
import { isNameAt, isTellingLetter, letterAt, tellingNameAt } from './telling-names.js'

const space = 32
const colon = 58

/**
 * The fields of a head, kept as the text that was received. Its syntax has been checked; one walk over its lines finds
 * what framing and forwarding must know, looking only at lines whose first letter can matter. What nobody touches goes
 * out as it came, by slices of the text.
 */
export class TextFields implements ReceivedFields {
  /** Lines that stay on this hop, flat and in order: from, to, from, to. Most heads have one or none. */
  #dropped: number[] | undefined
  /** The first letters of all names, a bit each: most questions for a field end here. */
  #letters = 0
  /** Where the value of the only Host field starts and ends, blanks included. */
  #hostFrom = 0
  #hostTo = 0
  #upgrade: string | undefined
  /** Every value of Connection, joined, in lower case. */
  #connection: string | undefined
  /** What goes on where no edit takes anything away, once somebody has asked for it. */
  #keptText: string | undefined
  #hasValidHost: boolean | undefined
  /** Every value of Transfer-Encoding, joined. */
  codings: string | undefined
  /** What Content-Length says; NaN: no length. 0 where there is none. */
  contentLength = 0
  lengths = 0
  hosts = 0
  /** How many fields there are. */
  readonly count: number

  /** `text` is all lines of the fields, without the empty one that ends a head. */
  constructor(readonly text: string) {
    const end = text.length
    let letters = 0
    let count = 0
    for (let line = 0; line < end; count++) {
      const next = text.indexOf('\n', line) + 1
      const letter = letterAt(text, line)
      letters |= 1 << letter
      if (isTellingLetter(letter)) this.#index(line, next)
      line = next
    }
    this.#letters = letters
    this.count = count
    if (this.#connection !== undefined) this.#dropNominated(this.#connection)
  }

  /** Looks at a line whose name may be one of the telling ones. */
  #index(line: number, next: number): void {
    const { text } = this
    const end = text.indexOf(':', line)
    const name = tellingNameAt(text, line, end - line)
    if (name === undefined) return
    if (name === 'host') {
      this.hosts++
      this.#hostFrom = end + 1
      this.#hostTo = next - 2
    } else if (name === 'content-length') {
      this.lengths++
      this.contentLength = readLength(text, end + 1, next - 2)
    } else {
      if (this.#dropped === undefined) this.#dropped = [line, next]
      else this.#dropped.push(line, next)
      this.#hopByHop(name, end + 1, next - 2)
    }
  }

  #hopByHop(name: string, from: number, to: number): void {
    if (name === 'connection') this.#connection = joined(this.#connection, this.#options(from, to))
    else if (name === 'transfer-encoding') this.codings = joined(this.codings, trimSpaces(this.text, from, to))
    else if (name === 'upgrade') this.#upgrade = joined(this.#upgrade, trimBlanks(this.text, from, to))
  }

  /** A value of Connection in lower case: nearly always this one, which costs no new text. */
  #options(from: number, to: number): string {
    const { text } = this
    if (to - from === 11 && text.charCodeAt(from) === space && isNameAt(text, from + 1, 'keep-alive'))
      return 'keep-alive'
    return trimBlanks(text, from, to).toLowerCase()
  }

  /** Takes out what Connection names too: one more walk, as the names may stand before it. */
  #dropNominated(connection: string): void {
    const names = nominatedNames(connection)
    if (names === undefined) return
    const { text } = this
    const dropped: number[] = []
    for (let line = 0; line < text.length; ) {
      const next = text.indexOf('\n', line) + 1
      const name = text.slice(line, text.indexOf(':', line)).toLowerCase()
      if (isHopByHop(name) || names.has(name)) dropped.push(line, next)
      line = next
    }
    this.#dropped = dropped
  }

  /** The same fields, of which those of that name, given in lower case, do not go on. */
  without(name: string): TextFields {
    const fields = new TextFields(this.text)
    fields.#dropped = fields.#withLinesOf(name, fields.#dropped, undefined)
    return fields
  }

  /** Where the next line with that name starts, from the line at `from` on; -1: there is none. */
  #find(name: string, from: number): number {
    const letter = letterAt(name, 0)
    if ((this.#letters & (1 << letter)) === 0) return -1
    const { text } = this
    for (let line = from; line < text.length; line = text.indexOf('\n', line) + 1) {
      if (letterAt(text, line) !== letter || text.charCodeAt(line + name.length) !== colon) continue
      if (isNameAt(text, line, name)) return line
    }
    return -1
  }

  get(name: string): string | undefined {
    if (name === 'host' && this.hosts === 1) return trimBlanks(this.text, this.#hostFrom, this.#hostTo)
    const line = this.#find(name, 0)
    return line < 0 ? undefined : this.#valueAt(line, name)
  }

  getAll(name: string): string[] {
    const values: string[] = []
    for (let line = this.#find(name, 0); line >= 0; line = this.#find(name, this.#lineAfter(line))) {
      values.push(this.#valueAt(line, name))
    }
    return values
  }

  placeOf(name: string, nth: number): number {
    let line = this.#find(name, 0)
    for (let passed = 0; line >= 0 && passed < nth; passed++) line = this.#find(name, this.#lineAfter(line))
    return line
  }

  #valueAt(line: number, name: string): string {
    return trimBlanks(this.text, line + name.length + 1, this.#lineAfter(line) - 2)
  }

  #lineAfter(line: number): number {
    return this.text.indexOf('\n', line) + 1
  }

  /** Whether the only Host field can be one (RFC 9112 3.2). */
  get hasValidHost(): boolean {
    this.#hasValidHost ??= isHost(this.get('host') ?? '')
    return this.#hasValidHost
  }

  get upgrade(): string | undefined {
    return this.#upgrade === undefined ? undefined : upgradeOf(this.#upgrade, this.#connection ?? '')
  }

  /** Whether the sender wants the connection kept; `close` counts more than anything else (RFC 9112 9.3). */
  isKept(minorVersion: number): boolean {
    const connection = this.#connection
    if (connection === undefined) return minorVersion === 1
    if (connection === 'keep-alive') return true
    return !namesToken(connection, 'close') && (minorVersion === 1 || namesToken(connection, 'keep-alive'))
  }

  forwardedText(edits: readonly HeadEdits[]): string {
    return this.#kept(edits) + addedText(edits)
  }

  /** The received lines that go on. */
  #kept(edits: readonly HeadEdits[]): string {
    const dropped = this.#droppedWith(edits)
    const rewrites = rewritesOf(this, edits)
    if (rewrites !== undefined) return this.#rewritten(rewrites, dropped ?? [])
    if (dropped === undefined) return this.text
    if (dropped !== this.#dropped) return this.#without(dropped)
    this.#keptText ??= this.#without(dropped)
    return this.#keptText
  }

  #without(dropped: readonly number[]): string {
    const { text } = this
    let kept = ''
    let from = 0
    for (let i = 0; i < dropped.length; i += 2) {
      if (dropped[i]! > from) kept += text.slice(from, dropped[i])
      from = dropped[i + 1]!
    }
    return kept + text.slice(from)
  }

  /** The received lines that go on, some of which have new values. What is dropped has none. */
  #rewritten(rewrites: ReadonlyMap<number, string | undefined>, dropped: readonly number[]): string {
    const { text } = this
    const lines = dropped.slice()
    for (const line of rewrites.keys()) if (line >= 0) insertLine(lines, line, this.#lineAfter(line))
    let kept = ''
    let from = 0
    for (let i = 0, passed = 0; i < lines.length; i += 2) {
      const line = lines[i]!
      if (line > from) kept += text.slice(from, line)
      from = lines[i + 1]!
      if (dropped[passed] === line) passed += 2
      else if (rewrites.get(line) !== undefined) {
        kept += `${text.slice(line, text.indexOf(':', line))}: ${rewrites.get(line)}\r\n`
      }
    }
    return kept + text.slice(from)
  }

  /** The lines that stay here, with those that edits remove. */
  #droppedWith(edits: readonly HeadEdits[]): readonly number[] | undefined {
    let dropped = this.#dropped
    for (let layer = 0; layer < edits.length; layer++) {
      const { removed } = edits[layer]!
      for (let i = 0; i < removed.length; i++) dropped = this.#withLinesOf(removed[i]!, dropped, this.#dropped)
    }
    return dropped
  }

  /** Puts the lines of a name among others, which are copied first when they are `shared`. */
  #withLinesOf(name: string, lines: number[] | undefined, shared: number[] | undefined): number[] | undefined {
    let list = lines
    for (let line = this.#find(name, 0); line >= 0; line = this.#find(name, this.#lineAfter(line))) {
      if (list === undefined) list = []
      else if (list === shared) list = list.slice()
      insertLine(list, line, this.#lineAfter(line))
    }
    return list
  }

  forwardedList(edits: readonly HeadEdits[]): string[] {
    const list: string[] = []
    const { text } = this
    const dropped = this.#dropped ?? []
    const rewrites = rewritesOf(this, edits)
    let passed = 0
    for (let line = 0; line < text.length; line = this.#lineAfter(line)) {
      if (dropped[passed] === line) {
        passed += 2
        continue
      }
      const end = text.indexOf(':', line)
      const name = text.slice(line, end)
      if (isRemoved(name, edits, 0)) continue
      const value = rewrites?.has(line) ? rewrites.get(line) : trimBlanks(text, end + 1, this.#lineAfter(line) - 2)
      if (value !== undefined) list.push(name, value)
    }
    appendAdded(list, edits)
    return list
  }
}

/** Puts a line in its place in the order, unless it is there. */
function insertLine(lines: number[], from: number, to: number): void {
  let place = lines.length
  while (place > 0 && lines[place - 2]! > from) place -= 2
  if (place === 0 || lines[place - 2] !== from) lines.splice(place, 0, from, to)
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`
}
