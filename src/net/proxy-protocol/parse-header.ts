import { type HeaderDefect, type ProxyHeader, signature } from './header.js'
import { parseBinary } from './parse-binary.js'
import { parseText } from './parse-text.js'

/**
 * Reads the PROXY protocol header, of either version, that a connection begins with. Undefined: it may be one, and is
 * not whole yet; call again with all bytes from the first on when more are there.
 */
export function parseHeader(bytes: Buffer): ProxyHeader | HeaderDefect | undefined {
  const isText = startsAlike(bytes, word)
  if (!isText && !startsAlike(bytes, signature)) return 'no-header'
  if (bytes.length < (isText ? word : signature).length) return undefined
  return isText ? parseText(bytes) : parseBinary(bytes)
}

const word = Buffer.from('PROXY ', 'latin1')

/** Whether the bytes, as far as there are any, are those of the mark. */
function startsAlike(bytes: Buffer, mark: Buffer): boolean {
  const length = Math.min(bytes.length, mark.length)
  return bytes.compare(mark, 0, length, 0, length) === 0
}
