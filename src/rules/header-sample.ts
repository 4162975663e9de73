import type { ExchangeView } from '../core/exchange-view.js'
import { type StringSample, type Subject, stringSample } from './string-matcher.js'
import type { TextTest } from './text-test.js'

/** The fields of one name, and the conditions that can be put on them. */
export interface HeaderSample extends StringSample {
  /**
   * The same conditions on each field's whole value, commas included: for dates, user agents and other fields that are
   * no lists. HAProxy: `req.fhdr`.
   */
  readonly whole: StringSample
}

/** Where fields are looked for: a request or a response. */
export interface FieldSource {
  header(name: string): string | undefined
  headers(name: string): readonly string[]
}

/** Makes the sample of the request's fields of that name. */
export function headerSample(name: string): HeaderSample {
  const field = name.toLowerCase()
  return sampleOfFields({
    name: `header ${field}`,
    call: `header('${name}')`,
    field,
    sourceOf: (exchange) => exchange,
  })
}

/** Fields of one name, and what they are called in descriptions and in code. */
export interface FieldKind {
  readonly name: string
  readonly call: string
  /** The field's name in lower case. */
  readonly field: string
  readonly sourceOf: (exchange: ExchangeView) => FieldSource | undefined
}

/** Makes the sample of fields. */
export function sampleOfFields(kind: FieldKind): HeaderSample {
  const whole = { ...kind, name: `${kind.name} (whole)`, call: `${kind.call}.whole` }
  return {
    ...stringSample(fieldSubject(kind, someElement, lastElement)),
    whole: stringSample(fieldSubject(whole, testWhole, wholeOf)),
  }
}

function fieldSubject(
  { name, call, field, sourceOf }: FieldKind,
  someOf: (value: string, test: TextTest) => boolean,
  standIn: (value: string) => string,
): Subject {
  const some = (exchange: ExchangeView, test: TextTest): boolean => {
    const source = sourceOf(exchange)
    const first = source?.header(field)
    if (source === undefined || first === undefined) return false
    if (someOf(first, test)) return true
    const values = source.headers(field)
    for (let i = 1; i < values.length; i++) {
      if (someOf(values[i]!, test)) return true
    }
    return false
  }
  const value = (exchange: ExchangeView): string | undefined => {
    const last = sourceOf(exchange)?.headers(field).at(-1)
    return last === undefined ? undefined : standIn(last)
  }
  return { name, call, some, value }
}

function testWhole(value: string, test: TextTest): boolean {
  return test(value)
}

function wholeOf(value: string): string {
  return value
}

/** Tries the elements of a list, empty ones too, as HAProxy's `hdr` does. */
function someElement(list: string, test: TextTest): boolean {
  let end = elementEnd(list, 0)
  if (end === list.length) return test(list)
  let start = 0
  while (!test(trimmed(list, start, end))) {
    if (end === list.length) return false
    start = end + 1
    end = elementEnd(list, start)
  }
  return true
}

/** The last element of a list: the one that HAProxy's `hdr` gives where it is to give one. */
function lastElement(list: string): string {
  let start = 0
  for (let end = elementEnd(list, 0); end < list.length; end = elementEnd(list, start)) start = end + 1
  return trimmed(list, start, list.length)
}

/** The first element of a list: the one that HAProxy's `balance hdr` takes. @internal */
export function firstElement(list: string): string {
  return trimmed(list, 0, elementEnd(list, 0))
}

/** The place of the next comma outside quotes, or the end. */
function elementEnd(list: string, start: number): number {
  const comma = list.indexOf(',', start)
  if (comma < 0) return list.length
  const quote = list.indexOf('"', start)
  return quote < 0 || quote > comma ? comma : quotedElementEnd(list, quote)
}

function quotedElementEnd(list: string, start: number): number {
  let isQuoted = false
  for (let i = start; i < list.length; i++) {
    const character = list[i]
    if (character === '"') isQuoted = !isQuoted
    else if (isQuoted && character === '\\') i++
    else if (!isQuoted && character === ',') return i
  }
  return list.length
}

/** Cuts an element out, without the blanks around it. (`trim` would take the byte A0 of UTF-8 text for a blank.) */
function trimmed(list: string, start: number, end: number): string {
  let from = start
  let to = end
  while (from < to && isBlank(list.charCodeAt(from))) from++
  while (to > from && isBlank(list.charCodeAt(to - 1))) to--
  return list.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
