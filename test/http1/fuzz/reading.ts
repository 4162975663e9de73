import type { RawRequestHead, RawResponseHead } from '../../../src/core/message/raw-head.js'
import type { TextRequestHead, TextResponseHead } from '../../../src/http1/text-head.js'

/** One message as a parser understood it. Text is latin1. */
export interface Message {
  /** Method, target and version, or version, status and reason. */
  readonly start: string
  readonly head: TextRequestHead | TextResponseHead | RawRequestHead | RawResponseHead
  /** How many fields its head has. */
  readonly count: number
  body: string
  /** Flat: name, value, name, value. */
  trailers: readonly string[]
  isComplete: boolean
  /** All its bytes, as far as they are known. */
  raw: string
}

/** What a parser made of the bytes of one connection. */
export interface Reading {
  readonly messages: Message[]
  /** Why it stopped: the engine's defect, or Node's code of the error. */
  refusal: string | undefined
  /** Bytes that are left over after the last message, which ended the connection or turned it into a tunnel. */
  hasEnded: boolean
  /** A head has begun and is not whole. */
  isInHead: boolean
}

export function newReading(): Reading {
  return { messages: [], refusal: undefined, hasEnded: false, isInHead: false }
}
