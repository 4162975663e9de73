import { isFieldValue, isToken } from '../core/message/field-syntax.js'

/** Fields as undici parses them: by name, in lower case; a list where there are several of one name. */
export type ParsedFields = Readonly<Record<string, string | string[] | undefined>>

/** Fields as they came, flat: undici's own parser has checked their syntax. */
export function receivedFields(raw: unknown): string[] {
  const fields: string[] = []
  // Those of HTTP/2 are no list: they have no case and no order to keep.
  const list = Array.isArray(raw) ? (raw as readonly Buffer[]) : []
  for (const text of list) fields.push(withoutTrailingSpace(text.toString('latin1')))
  return fields
}

/** undici leaves the space behind a field's value, which is no part of it (RFC 9112 5). */
function withoutTrailingSpace(text: string): string {
  let end = text.length
  while (end > 0 && (text.charCodeAt(end - 1) === 0x20 || text.charCodeAt(end - 1) === 0x09)) end--
  return end === text.length ? text : text.slice(0, end)
}

/**
 * Fields that have passed interceptors, flat: in their case and order as far as they are what came, which `parsed` says.
 * Undefined: something among them is no field; nobody has checked what an interceptor, or a mock, made up.
 */
export function passedFields(raw: unknown, parsed: ParsedFields): string[] | undefined {
  const received = receivedFields(raw)
  const left = new Map(Object.entries(parsed).map(([name, value]) => [name.toLowerCase(), listOf(value)]))
  const fields: string[] = []
  for (let i = 0; i < received.length; i += 2) {
    const value = left.get(received[i]!.toLowerCase())?.shift()
    if (value !== undefined) fields.push(received[i]!, value)
  }
  for (const [name, values] of left) {
    for (const value of values) fields.push(name, value)
  }
  for (let i = 0; i < fields.length; i += 2) {
    if (!isToken(fields[i]!) || !isFieldValue(fields[i + 1]!)) return undefined
  }
  return fields
}

function listOf(value: unknown): string[] {
  if (value === undefined) return []
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  return values.map((one) => withoutTrailingSpace(String(one)))
}
