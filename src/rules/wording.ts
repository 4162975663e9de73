/** How many values a description spells out. */
const mostShown = 6

/** Joins values as a description shows them: `/static or /images`. Of many, only the first are spelled out. */
export function alternatives(values: readonly string[]): string {
  const shown = values.length > mostShown ? values.slice(0, mostShown - 1) : values
  const others = values.length - shown.length
  return [...shown.map(quoted), ...(others === 0 ? [] : [`${others} others`])].join(' or ')
}

/** Quotes what a reader could not tell from the words around it. */
function quoted(value: string): string {
  return /^[!-~]+$/.test(value) && !/[,"]/.test(value) ? value : JSON.stringify(value)
}
