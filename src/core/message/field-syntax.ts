/** A token, which every field name is (RFC 9110 5.6.2). */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** What no field value has: controls, and what is no byte, which would turn into another one when it is written. */
const foreign = /[^\t\x20-\x7e\x80-\xff]/

/** Whether text can be a field's name, a method or the like. */
export function isToken(text: string): boolean {
  return token.test(text)
}

/** Whether text can be a field's value: it can't end its line or begin another one. */
export function isFieldValue(text: string): boolean {
  return !foreign.test(text)
}

/**
 * A part of `text` without blanks at its ends. Blanks are space and tab, nothing else: what `String.trim` removes beyond
 * them belongs to the value, and a reader who drops it sees another value than one who does not.
 */
export function trimBlanks(text: string, from = 0, to = text.length): string {
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

/**
 * The same for a field that says where the message ends: spaces alone. A tab there is lawful, but nobody writes one, and
 * parsers are known that take it for a part of the value and so see another end.
 */
export function trimSpaces(text: string, from = 0, to = text.length): string {
  while (from < to && text.charCodeAt(from) === 32) from++
  while (to > from && text.charCodeAt(to - 1) === 32) to--
  return text.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}
