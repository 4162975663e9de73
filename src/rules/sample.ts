import type { ExchangeView } from '../core/exchange-view.js'
import type { StickyKey } from '../sticky-table/sticky-key.js'
import { OptionError } from '../util/errors.js'

/** Reads a value of an exchange; `undefined` when it has none. Pure, and answers at once. */
export type SampleFunction = (exchange: ExchangeView) => StickyKey | undefined

/** A value of an exchange, to hash or to look up: a function, or a sample such as `source` or `header('x-user')`. */
export type Sample = SampleFunction | { readonly value: SampleFunction; readonly isAddress?: true }

/** The functions that read responses. */
const ofResponse = new WeakSet<SampleFunction>()

/** Marks a function as one that finds something only where a response is. @internal */
export function fromResponse<T extends SampleFunction>(read: T): T {
  ofResponse.add(read)
  return read
}

/** Whether a function that {@link readSample} gave is known to find something only where a response is. @internal */
export function isOfResponse(read: SampleFunction): boolean {
  return ofResponse.has(read)
}

/** Reads an option that is a {@link Sample}. @internal */
export function readSample(option: unknown, path: string): SampleFunction {
  const read: unknown = typeof option === 'object' && option !== null && 'value' in option ? option.value : option
  if (typeof read === 'function') return read as SampleFunction
  throw new OptionError(path, option, "a sample such as source or header('x-user'), or a function of the exchange")
}

/** Whether an option is a sample of IP addresses: what takes bytes takes theirs, not those of their text. @internal */
export function isAddressSample(option: unknown): boolean {
  return typeof option === 'object' && option !== null && 'isAddress' in option && option.isAddress === true
}
