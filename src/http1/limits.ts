import { maxRequestFields } from '../core/message/head-limits.js'

/** The sizes that the engine accepts. */
export const limits = {
  /** Bytes of a request's head, start line included: 431 above. */
  requestHead: 16 * 1024,
  /** Fields of a request: 431 above. */
  requestFields: maxRequestFields,
  /** Bytes of a request's target: 414 above. */
  target: 8 * 1024,
  /** Bytes of a response's head: 502 above. */
  responseHead: 64 * 1024,
  /** Bytes of one chunk's size line, extensions included. */
  chunkLine: 1024,
  /** Bytes of a message's trailer fields. */
  trailers: 16 * 1024,
} as const
