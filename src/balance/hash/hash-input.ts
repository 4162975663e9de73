import type { ExchangeView } from '../../core/exchange-view.js'
import type { HashFunction } from '../../util/hash.js'

/** What of an exchange is hashed. */
export interface HashInput {
  /** In words: `uri`, `header x-user`. */
  readonly name: string
  /** The text to hash, one character for each byte; undefined when the exchange has none. */
  read(exchange: ExchangeView): string | undefined
  /** What makes a number of the text where it is not the hash type's function. */
  readonly hash?: HashFunction
  /** Whether more of what the client sends must be seen to tell. */
  wantsPayload?(exchange: ExchangeView): boolean
}
