/** Where texts are copied through: longer ones take a buffer of their own. */
const room = Buffer.allocUnsafeSlow(256)

/**
 * Copies a text. To keep for long what was cut out of a longer text, such as a header's value out of a request head,
 * would keep the whole of that: V8 makes such a part a view. @internal
 */
export function ownText(text: string): string {
  const copy = text.length <= room.length ? shortCopy(text) : Buffer.from(text, 'latin1').toString('latin1')
  return copy === text ? copy : Buffer.from(text, 'utf16le').toString('utf16le')
}

function shortCopy(text: string): string {
  return room.toString('latin1', 0, room.write(text, 'latin1'))
}
