import type { OptionReader } from '../../util/options.js'
import type { HashInput } from './hash-input.js'
import type { HashOptions } from './hash-options.js'

/** Options of the algorithm `uri`. */
export interface UriHashOptions extends HashOptions {
  /** Hashes the query too. Default false. HAProxy: `whole`. */
  readonly whole?: boolean
  /** Leaves scheme and host of a target in absolute form out. Default false. HAProxy: `path-only`. */
  readonly pathOnly?: boolean
  /** How many characters to hash at most; 0: all. Default 0. HAProxy: `len`. */
  readonly length?: number
  /** How many directories to hash at most, so that `/a/b/c` at depth 2 is `/a/b`; 0: all. Default 0. HAProxy: `depth`. */
  readonly depth?: number
}

/** The request target, up to where an option says; missing in TCP mode. HAProxy: `balance uri`. */
export function readUriInput(reader: OptionReader): HashInput {
  const isWhole = reader.boolean('whole') ?? false
  const isPathOnly = reader.boolean('pathOnly') ?? false
  const length = reader.integer('length', 0, Number.MAX_SAFE_INTEGER) || Infinity
  const depth = reader.integer('depth', 0, Number.MAX_SAFE_INTEGER) || Infinity
  return {
    name: 'uri',
    read({ target }) {
      if (target === '') return undefined
      const uri = isPathOnly ? afterAuthority(target) : target
      return uri.slice(0, endOf(uri, isWhole, length, depth))
    },
  }
}

/** What a target in absolute form has from the first slash after its authority on; nothing of `*`. */
function afterAuthority(target: string): string {
  if (target.startsWith('/')) return target
  const scheme = target.indexOf('://')
  const slash = scheme < 0 ? -1 : target.indexOf('/', scheme + 3)
  return slash < 0 ? '' : target.slice(slash)
}

/** Where the part to hash ends: at the length, at the query, before the slash that is one too many. */
function endOf(uri: string, isWhole: boolean, length: number, depth: number): number {
  const query = isWhole ? -1 : uri.indexOf('?')
  let end = Math.min(length, query < 0 ? uri.length : query)
  if (depth === Infinity) return end
  let slash = uri.indexOf('/')
  for (let slashes = 0; slash >= 0 && slashes < depth; slashes++) slash = uri.indexOf('/', slash + 1)
  if (slash >= 0) end = Math.min(end, slash)
  return end
}
