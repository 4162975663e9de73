/** The names that framing and forwarding must know, in lower case, found by length and first letter. */
const tellingNames: (string | undefined)[] = []
/** The first letters of those names, a bit each. */
let tellingLetters = 0
let longest = 0
for (const name of [
  'te',
  'host',
  'upgrade',
  'connection',
  'keep-alive',
  'content-length',
  'proxy-connection',
  'transfer-encoding',
]) {
  tellingNames[placeOf(name.length, letterAt(name, 0))] = name
  tellingLetters |= 1 << letterAt(name, 0)
  longest = Math.max(longest, name.length)
}

function placeOf(length: number, letter: number): number {
  return (length << 5) | letter
}

/** The same number below 32 for both cases of a letter; other characters may share it. */
export function letterAt(text: string, position: number): number {
  return text.charCodeAt(position) & 31
}

/** Whether a name that begins with this {@link letterAt} can be a telling one. */
export function isTellingLetter(letter: number): boolean {
  return (tellingLetters & (1 << letter)) !== 0
}

/** The telling name, in lower case, that stands at `at` in so many characters; undefined: it is another one. */
export function tellingNameAt(text: string, at: number, length: number): string | undefined {
  // User-Agent, Cookie and their like have the right letter and the wrong length.
  if (length > longest) return undefined
  const name = tellingNames[placeOf(length, letterAt(text, at))]
  return name !== undefined && isNameAt(text, at, name) ? name : undefined
}

/** Whether the name at `at`, of the same length, is `name`, which is in lower case. */
export function isNameAt(text: string, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = text.charCodeAt(at + i)
    const wanted = name.charCodeAt(i)
    if (code !== wanted && (code < 65 || code > 90 || (code | 32) !== wanted)) return false
  }
  return true
}
