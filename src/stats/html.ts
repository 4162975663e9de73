/** Text that is HTML already: the result of a template, or a text of our own. */
export class Html {
  constructor(readonly text: string) {}
}

/** What a template takes: text is escaped, HTML stays, a list is joined, nothing is left out. */
type Part = string | number | Html | undefined | readonly Part[]

/** Makes HTML of a template. Whatever is put into it is escaped unless it is the result of another template. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(String.raw({ raw: strings }, ...parts.map(write)))
}

function write(part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Html) return part.text
  if (typeof part === 'object') return part.map(write).join('')
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
