import { EvenkeelError } from '../../util/errors.js'
import { isFieldValue, isToken } from './field-syntax.js'

/** What shall become of one received field, which keeps its place and the case of its name. */
export interface FieldRewrite {
  /** In lower case. */
  readonly name: string
  /** Which of the received fields of that name, from 0. */
  readonly nth: number
  /** Its new value; undefined: it does not go out. */
  readonly value: string | undefined
}

/**
 * What shall go out differently from what was received. An exchange has one set that its rules made, and every try to a
 * server has one of its own, so that a second try never sees what was meant for the first.
 */
export class HeadEdits {
  #removed: string[] | undefined
  #added: string[] | undefined
  #rewritten: FieldRewrite[] | undefined

  /** Names, in lower case, of which no received field and no earlier edit goes out. */
  get removed(): readonly string[] {
    return this.#removed ?? nothing
  }

  /** Fields to append, flat: name, value, name, value. */
  get added(): readonly string[] {
    return this.#added ?? nothing
  }

  /** Received fields that change where they stand. */
  get rewritten(): readonly FieldRewrite[] {
    return this.#rewritten ?? noRewrites
  }

  /**
   * Appends a field. Throws for a name or a value that would not stay one: with a line break in it, what is meant as one
   * field would be two, or the end of the head.
   */
  add(name: string, value: string): void {
    if (!isToken(name) || !isFieldValue(value)) {
      throw new EvenkeelError('ERR_EVENKEEL_CALLBACK', `${JSON.stringify(`${name}: ${value}`)} is no field`)
    }
    if (this.#added === undefined) this.#added = [name, value]
    else this.#added.push(name, value)
  }

  /** Takes out every field of that name. */
  remove(name: string): void {
    const lower = name.toLowerCase()
    if (this.#removed === undefined) this.#removed = [lower]
    else if (!this.#removed.includes(lower)) this.#removed.push(lower)
    const added = this.#added
    if (added === undefined) return
    for (let i = added.length - 2; i >= 0; i -= 2) {
      if (added[i]!.toLowerCase() === lower) added.splice(i, 2)
    }
  }

  /** Puts one field in the place of all of that name. */
  set(name: string, value: string): void {
    this.remove(name)
    this.add(name, value)
  }

  /**
   * Gives the received field of that name and number, from 0, another value where it stands; undefined takes it out.
   * Throws for a value that would not stay one.
   */
  rewrite(name: string, nth: number, value: string | undefined): void {
    if (value !== undefined && !isFieldValue(value)) {
      throw new EvenkeelError('ERR_EVENKEEL_CALLBACK', `${JSON.stringify(value)} is no value of a field`)
    }
    this.#rewritten ??= []
    this.#rewritten.push({ name: name.toLowerCase(), nth, value })
  }

  /** Forgets everything, for the next try. */
  clear(): void {
    this.#removed = undefined
    this.#added = undefined
    this.#rewritten = undefined
  }
}

const nothing: readonly string[] = []
const noRewrites: readonly FieldRewrite[] = []

/** Whether an edit layer from `first` on takes out fields of that name. */
export function isRemoved(name: string, edits: readonly HeadEdits[], first: number): boolean {
  for (let layer = first; layer < edits.length; layer++) {
    const { removed } = edits[layer]!
    for (let i = 0; i < removed.length; i++) {
      if (removed[i]!.length === name.length && removed[i] === name.toLowerCase()) return true
    }
  }
  return false
}

/** Received fields, of which each has a place of its own. */
export interface ReceivedFields {
  /** Where the field of that name, in lower case, and number, from 0, stands; below 0: there is none. */
  placeOf(name: string, nth: number): number
}

/** The new values of received fields by their places, the last layer's where several change one; undefined: no layer changes any. */
export function rewritesOf(
  fields: ReceivedFields,
  edits: readonly HeadEdits[],
): ReadonlyMap<number, string | undefined> | undefined {
  let rewrites: Map<number, string | undefined> | undefined
  for (let layer = 0; layer < edits.length; layer++) {
    const { rewritten } = edits[layer]!
    for (let i = 0; i < rewritten.length; i++) {
      const { name, nth, value } = rewritten[i]!
      rewrites ??= new Map()
      rewrites.set(fields.placeOf(name, nth), value)
    }
  }
  return rewrites
}

/** Appends what the edits add to a flat list: less what a later layer takes out again. */
export function appendAdded(list: string[], edits: readonly HeadEdits[]): void {
  for (let layer = 0; layer < edits.length; layer++) {
    const { added } = edits[layer]!
    for (let i = 0; i < added.length; i += 2) {
      if (!isRemoved(added[i]!, edits, layer + 1)) list.push(added[i]!, added[i + 1]!)
    }
  }
}

/** The same as lines of text. */
export function addedText(edits: readonly HeadEdits[]): string {
  let text = ''
  for (let layer = 0; layer < edits.length; layer++) {
    const { added } = edits[layer]!
    for (let i = 0; i < added.length; i += 2) {
      if (!isRemoved(added[i]!, edits, layer + 1)) text += `${added[i]}: ${added[i + 1]}\r\n`
    }
  }
  return text
}
