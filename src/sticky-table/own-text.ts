/**
 * Copies a text. To keep for long what was cut out of a longer text, such as a header's value out of a request head,
 * would keep the whole of that: V8 makes such a part a view. @internal
 */
export function ownText(text: string): string {
  const copy = Buffer.from(text, 'latin1').toString('latin1')
  return copy === text ? copy : Buffer.from(text, 'utf16le').toString('utf16le')
}
