const equals = 0x3d
const semicolon = 0x3b
const comma = 0x2c
const quote = 0x22
const backslash = 0x5c
const dollar = 0x24

/**
 * Walks over the cookies of one Cookie field by their places in it, as HAProxy does: cookies end at `;` or `,` outside
 * quotes, and there may be blanks around names and values. The first cookie of a Set-Cookie field can be read by it too.
 */
export class CookieScanner {
  /** Where the delimiter before the cookie stands; 0 for the first. */
  start = 0
  nameStart = 0
  nameEnd = 0
  /** Whether it has a `=`. What has none is no cookie, but a part of the field all the same. */
  hasValue = false
  valueStart = 0
  valueEnd = 0
  /** Where the delimiter after it stands, or the field ends. */
  end = -1

  /** Neither quotes nor commas: then only `;` ends a cookie, and the search for it need not look at each character. */
  readonly #isPlain: boolean

  constructor(readonly text: string) {
    this.#isPlain = !text.includes('"') && !text.includes(',')
  }

  /** Goes on to the next cookie; false: there is none. */
  next(): boolean {
    const { text } = this
    if (this.end >= text.length) return false
    this.start = Math.max(this.end, 0)
    this.nameStart = skipBlanks(text, this.end + 1)
    const stop = this.#isPlain ? plainEnd(text, this.nameStart) : nameStop(text, this.nameStart)
    const equal = this.#isPlain ? text.indexOf('=', this.nameStart) : stop
    this.hasValue = equal >= 0 && equal <= stop && text.charCodeAt(equal) === equals
    this.nameEnd = withoutBlanks(text, this.nameStart, this.hasValue ? equal : stop)
    this.valueStart = this.hasValue ? skipBlanks(text, equal + 1) : stop
    this.end = this.hasValue && !this.#isPlain ? cookieEnd(text, this.valueStart) : stop
    this.valueEnd = withoutBlanks(text, this.valueStart, this.end)
    return true
  }

  /** Whether it is a cookie of that name; case counts. */
  isNamed(name: string): boolean {
    if (!this.hasValue || this.nameEnd - this.nameStart !== name.length) return false
    return this.text.startsWith(name, this.nameStart)
  }

  /** Whether it says something about the cookie before it (RFC 2965): such go where that one goes. */
  get isAttribute(): boolean {
    return this.text.charCodeAt(this.nameStart) === dollar
  }

  get value(): string {
    return this.text.slice(this.valueStart, this.valueEnd)
  }
}

/**
 * A Cookie field without the cookies of that name: each goes with the delimiter before it, so that the others stay as
 * they are. Empty when nothing is left; the text itself when there is nothing to take out.
 */
export function withoutCookie(text: string, name: string): string {
  if (!text.includes(name)) return text
  const scanner = new CookieScanner(text)
  let kept = ''
  let hasOther = false
  /** How far the field has been copied or left out. */
  let done = 0
  /** Where what goes begins; -1: nothing does. */
  let cut = -1
  while (scanner.next()) {
    if (scanner.isNamed(name)) {
      if (cut < 0) cut = scanner.start
      continue
    }
    if (scanner.isAttribute) continue
    hasOther = true
    if (cut < 0) continue
    kept += text.slice(done, withoutBlanks(text, done, cut))
    // What follows keeps its own delimiter, unless it comes first now.
    if (kept !== '') kept += `${text[scanner.start]} `
    done = skipBlanks(text, scanner.start + 1)
    cut = -1
  }
  if (cut < 0) return kept + text.slice(done)
  return hasOther ? kept + text.slice(done, withoutBlanks(text, done, cut)) : ''
}

/** The value of the last cookie of that name in a Cookie field; undefined: it has none. */
export function lastCookie(text: string, name: string): string | undefined {
  if (!text.includes(name)) return undefined
  const scanner = new CookieScanner(text)
  let value: string | undefined
  while (scanner.next()) if (scanner.isNamed(name)) value = scanner.value
  return value
}

/** Where a name ends that begins there. */
function nameStop(text: string, nameStart: number): number {
  let at = nameStart
  while (at < text.length && !isNameStop(text.charCodeAt(at))) at++
  return at
}

function isNameStop(code: number): boolean {
  return code === equals || code === semicolon || code === comma
}

function plainEnd(text: string, from: number): number {
  const end = text.indexOf(';', from)
  return end < 0 ? text.length : end
}

/** Where the cookie ends whose value begins there. A quote that is not closed reaches to the field's end. */
function cookieEnd(text: string, valueStart: number): number {
  let isQuoted = false
  for (let at = valueStart; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) isQuoted = !isQuoted
    else if (isQuoted && code === backslash) at++
    else if (!isQuoted && (code === semicolon || code === comma)) return at
  }
  return text.length
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (isBlank(text.charCodeAt(at))) at++
  return Math.min(at, text.length)
}

/** Where the part that starts and ends there ends without the blanks at its end. */
function withoutBlanks(text: string, from: number, to: number): number {
  let end = to
  while (end > from && isBlank(text.charCodeAt(end - 1))) end--
  return end
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
