/** Something that the engine and Node see differently, for a reason. */
export interface KnownDifference {
  /** What it is, and why the engine sees it so. */
  readonly reason: string
  /** What the comparison says of it. */
  readonly claims: RegExp
  /** Whether the bytes of a message that the engine accepted have it. */
  readonly concerns: (raw: string) => boolean
}

function headOf(raw: string): string {
  return raw.slice(0, raw.indexOf('\r\n\r\n'))
}

/** A line of a chunk's size. */
const sizeLine = /(?:^|\r\n)[0-9a-f]+[\t ]*;[^\r\n]*\r\n/gi

/**
 * All of them: whatever else the engine accepts and Node refuses, or both accept and read differently, is a defect of the
 * one or the other.
 */
export const knownDifferences: readonly KnownDifference[] = [
  {
    reason: "blanks in a chunk's extensions, which RFC 9112 7.1.1 has recipients take; none of them go on",
    claims: /^Node refuses: HPE_(?:STRICT|INVALID_CHUNK_SIZE)$/,
    concerns: (raw) => raw.match(sizeLine)?.some((line) => /[\t ]+[;=]|[;=][\t ]+/.test(line)) ?? false,
  },
  {
    reason: 'framing and Connection among the trailers, which the engine drops and Node obeys',
    claims: /^Node refuses: HPE_(?:(?:INVALID|UNEXPECTED)_CONTENT_LENGTH|INVALID_TRANSFER_ENCODING|CLOSED_CONNECTION)$/,
    concerns: (raw) => /\r\n(?:Content-Length|Transfer-Encoding|Connection):/i.test(raw.slice(headOf(raw).length)),
  },
  {
    reason: 'digits and signs in the scheme of a target, as RFC 3986 3.1 has it; Node knows letters alone',
    claims: /^Node refuses: HPE_INVALID_URL$/,
    concerns: (raw) => /^\S+ [a-z]+[0-9+.-][a-z0-9+.-]*:\/\//i.test(raw),
  },
  {
    reason:
      'more after an informational response with Connection: close, which counts for the final one (RFC 9112 9.6)',
    claims: /^Node refuses: HPE_CLOSED_CONNECTION$/,
    concerns: (raw) => /^HTTP\/1\.1 1/.test(raw) && /\r\nConnection:.*close/i.test(headOf(raw)),
  },
  {
    reason: 'a tab after an option of Connection, which Node takes for a part of it',
    claims: /^(?:only Node sees a message|Node refuses: HPE_CLOSED_CONNECTION)$/,
    concerns: (raw) => /\r\nConnection:.*(?:close|keep-alive) *\t/i.test(headOf(raw)),
  },
  {
    reason: 'close together with keep-alive in HTTP/1.0, where close counts (RFC 9112 9.3) and Node goes on',
    claims: /^only Node sees a message$/,
    concerns: (raw) => /^\S+ \S+ HTTP\/1\.0\r\n/.test(raw) && /\r\nConnection:.*close/i.test(headOf(raw)),
  },
]
