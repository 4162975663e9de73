/** The sizes that the engine accepts, beside those of heads, which are options. */
export const limits = {
  /** Bytes of one chunk's size line, extensions included. */
  chunkLine: 1024,
  /** Bytes of a message's trailer fields. */
  trailers: 16 * 1024,
} as const
