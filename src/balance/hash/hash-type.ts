import { leadingInteger } from '../../sticky-table/sample-casts.js'
import { type HashFunction, hashFunctions } from '../../util/hash.js'
import type { OptionReader } from '../../util/options.js'

/** How a hash finds its server. HAProxy: the method of `hash-type`. */
export type HashMethod = 'map-based' | 'consistent' | 'maglev'

/** What makes a number of a text. HAProxy: the function of `hash-type`. */
export type HashFunctionName = 'sdbm' | 'djb2' | 'wt6' | 'crc32' | 'none'

/** How a hash is made, and how it finds its server. HAProxy: `hash-type`. */
export interface HashTypeOptions {
  /**
   * `map-based`: a list of slots by the weights that servers were made with. Smooth and static: one server more or less
   * moves most hashes, and weights don't change while it runs. `consistent`: points on a circle. One server more or less
   * moves its own share alone, and weights may change at any time. `maglev`: a table of a fixed size. As little moves, to
   * within a percent, with shares as even as on a map; proxies that know the same names place alike. Not in HAProxy.
   * Default `map-based`.
   */
  readonly method?: HashMethod
  /**
   * `sdbm`, `djb2`, `wt6`, `crc32`, or `none`: the text is a whole number already, of which the low 32 bits count.
   * Default `sdbm`. HAProxy has `none` since 2.9.
   */
  readonly function?: HashFunctionName
  /** Mixes the hash once more, so that texts that differ little land far apart. Default: false for `map-based` or with a function. */
  readonly avalanche?: boolean
}

/** A {@link HashTypeOptions}, read and complete. */
export interface HashType {
  readonly method: HashMethod
  readonly function: HashFunctionName
  readonly avalanche: boolean
}

const functions: Readonly<Record<HashFunctionName, HashFunction>> = { ...hashFunctions, none: numberOf }

/** Reads the option `hashType`: a method, or more. */
export function readHashType(reader: OptionReader): HashType {
  if (typeof reader.raw('hashType') === 'string') return complete({ method: reader.oneOf('hashType', methods) })
  return reader.nested('hashType', readParts) ?? complete({})
}

const methods = ['map-based', 'consistent', 'maglev'] as const

function readParts(reader: OptionReader): HashType {
  return complete({
    method: reader.oneOf('method', methods),
    function: reader.oneOf('function', Object.keys(functions) as HashFunctionName[]),
    avalanche: reader.boolean('avalanche'),
  })
}

/** HAProxy's defaults. */
function complete(given: { [Name in keyof HashTypeOptions]: HashTypeOptions[Name] | undefined }): HashType {
  const { method = 'map-based', function: name = 'sdbm' } = given
  const isMethodAlone = method !== 'map-based' && given.function === undefined
  return { method, function: name, avalanche: given.avalanche ?? isMethodAlone }
}

/** The function of a hash type. */
export function functionOf(type: HashType): HashFunction {
  return functions[type.function]
}

function numberOf(text: string): number {
  return (leadingInteger(text) ?? 0) >>> 0
}
