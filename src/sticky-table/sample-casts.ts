/** HAProxy holds integers in 64 bits. */
const mostInteger = 2n ** 63n - 1n
const leastInteger = -(2n ** 63n)

/** A text of so few characters has a number that a JavaScript number has exactly. */
const exactLength = 15

/** The low 32 bits of a number, fractions cut off; undefined for what is no number, or has no end. @internal */
export function low32Bits(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value | 0 : undefined
}

/** The low 32 bits of the whole number that a text begins with: 0 without one, undefined for an empty text. @internal */
export function leadingInteger(text: string): number | undefined {
  if (text === '') return undefined
  const digits = /^[+-]?\d+/.exec(text)?.[0] ?? '0'
  if (digits.length <= exactLength) return Number(digits) | 0
  const value = BigInt(digits)
  const held = value > mostInteger ? mostInteger : value < leastInteger ? leastInteger : value
  return Number(BigInt.asIntN(32, held))
}

/** Whether every character of the text stands for one byte. @internal */
export function isLatin1(text: string): boolean {
  return !/[\u0100-\uffff]/.test(text)
}
