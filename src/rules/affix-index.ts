/** Finds whether a text begins with any of many values, in O(log n) comparisons. */
export function prefixIndex(values: readonly string[]): (text: string) => boolean {
  return affixIndex(values, compareFromStart, (text, value) => text.startsWith(value))
}

/** Finds whether a text ends with any of many values, in O(log n) comparisons. */
export function suffixIndex(values: readonly string[]): (text: string) => boolean {
  return affixIndex(values, compareFromEnd, (text, value) => text.endsWith(value))
}

/**
 * Sorts the values and drops each that begins with another one. Of what is left, only the greatest that is not above
 * the text can be its beginning: whatever stands between a beginning of the text and the text has that beginning too.
 * The same holds for endings, read backwards.
 */
function affixIndex(
  values: readonly string[],
  compare: (a: string, b: string) => number,
  fits: (text: string, value: string) => boolean,
): (text: string) => boolean {
  const sorted: string[] = []
  for (const value of [...values].sort(compare)) {
    const before = sorted.at(-1)
    if (before === undefined || !fits(value, before)) sorted.push(value)
  }
  return (text) => {
    let low = 0
    let high = sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compare(sorted[middle]!, text) <= 0) low = middle + 1
      else high = middle
    }
    return low > 0 && fits(text, sorted[low - 1]!)
  }
}

function compareFromStart(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function compareFromEnd(a: string, b: string): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 1; i <= shared; i++) {
    const difference = a.charCodeAt(a.length - i) - b.charCodeAt(b.length - i)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
