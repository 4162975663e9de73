const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const length = 5

/** How much of a moment a date in a cookie keeps, in seconds. */
const grain = 4

/** Dates so far ahead, in seconds, are not believed: clocks that go wrong by less pass. */
const tolerance = 86_400

/**
 * A moment, in milliseconds since 1970, as HAProxy writes it into cookies: the next multiple of four seconds, as five
 * digits of base 64.
 */
export function cookieDate(ms: number): string {
  const count = Math.ceil(Math.floor(ms / 1000) / grain)
  let text = ''
  for (let i = 0; i < length; i++) text = digits[Math.floor(count / 64 ** i) % 64] + text
  return text
}

/** Reads a date from the start of a text, as milliseconds since 1970; undefined: there is none. */
export function readCookieDate(text: string): number | undefined {
  if (text.length < length) return undefined
  let count = 0
  for (let i = 0; i < length; i++) {
    const digit = digits.indexOf(text[i]!)
    if (digit < 0) return undefined
    count = count * 64 + digit
  }
  return count === 0 ? undefined : count * grain * 1000
}

/** Whether more than `age`, in milliseconds, has passed since a date, or the date is too far ahead to be true. */
export function isOutdated(date: number, age: number, now: number): boolean {
  const passed = Math.floor(now / 1000) * 1000 - date
  return passed > age || -passed > tolerance * 1000
}
