import type { Sample } from '../../rules/sample.js'
import { hashFunctions } from '../../util/hash.js'
import type { OptionReader } from '../../util/options.js'
import type { HashInput } from './hash-input.js'
import type { HashSettings } from './hash-options.js'
import { MaglevPlacement } from './maglev-placement.js'
import { readSampleInput } from './sample-input.js'
import { sourceInput } from './source-input.js'
import { readTableSize } from './table-size.js'

/** Options of the algorithm `maglev`, which is `hashType: 'maglev'` for a key of any kind. */
export interface MaglevOptions {
  /** What to hash: a sample such as `header('x-user')`, or a function of the exchange. Default: the client's address. */
  readonly key?: Sample
  /**
   * How many places the table has: a prime number up to 5,000,011. A hundred times the number of servers or more keeps
   * shares within a few percent of the weights; of more servers than places some get nothing. Default 65,537.
   */
  readonly tableSize?: number
}

/** Reads {@link MaglevOptions}: what is hashed, and how. */
export function readMaglev(reader: OptionReader): [HashInput, HashSettings] {
  const input = reader.raw('key') === undefined ? sourceInput : readSampleInput(reader)
  const placement = new MaglevPlacement(reader.read('tableSize', readTableSize))
  return [input, { hash: hashFunctions.sdbm, isMixed: true, isStatic: false, placement }]
}
