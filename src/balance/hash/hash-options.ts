import { OptionError } from '../../util/errors.js'
import type { HashFunction } from '../../util/hash.js'
import type { OptionReader } from '../../util/options.js'
import { functionOf, type HashMethod, type HashTypeOptions, readHashType } from './hash-type.js'
import { LoadBound } from './load-bound.js'
import { MaglevPlacement } from './maglev-placement.js'
import { MapPlacement } from './map-placement.js'
import type { Placement } from './placement.js'
import { RingPlacement } from './ring-placement.js'
import type { HashKey } from './server-key.js'
import { readTableSize } from './table-size.js'

/** Options of every algorithm that hashes. */
export interface HashOptions {
  /** How the hash is made and finds its server; a method alone, or more. Default `map-based`. HAProxy: `hash-type`. */
  readonly hashType?: HashMethod | HashTypeOptions
  /**
   * Lets no server have more than so many percent of its share of the exchanges under way: what comes on top goes to the
   * servers that follow on the circle. 101 to 65535, or 0 for no limit; only with `consistent`. Default 0. HAProxy:
   * `hash-balance-factor`.
   */
  readonly hashBalanceFactor?: number
  /**
   * What of a server says where its points on the circle lie: its `id`, or its IP `address`, alone or with the port, so
   * that proxies with servers in another order agree. Servers without an IP address are taken by their id. Only with
   * `consistent`. Default `id`. HAProxy: `hash-key` of each server, since 3.0.
   */
  readonly hashKey?: HashKey
  /**
   * How many places the table of `maglev` has: a prime number up to 5,000,011. A hundred times the number of servers or
   * more keeps shares within a few percent of the weights; of more servers than places some get nothing. Only with
   * `maglev`. Default 65,537.
   */
  readonly tableSize?: number
}

/** {@link HashOptions}, read: what makes the hash, and what finds its server. */
export interface HashSettings {
  readonly hash: HashFunction
  /** Whether an avalanche follows. */
  readonly isMixed: boolean
  /** Whether weights stay as servers were made with. */
  readonly isStatic: boolean
  readonly placement: Placement
}

/** Reads the options of every algorithm that hashes. */
export function readHashOptions(reader: OptionReader): HashSettings {
  const type = readHashType(reader)
  const factor = reader.read('hashBalanceFactor', readFactor)
  const hashKey = reader.oneOf('hashKey', ['id', 'address', 'address-port'])
  const tableSize = reader.read('tableSize', readTableSize)
  if (type.method !== 'consistent') {
    refuse(reader, 'hashBalanceFactor', factor, 'consistent')
    refuse(reader, 'hashKey', hashKey, 'consistent')
  }
  if (type.method !== 'maglev') refuse(reader, 'tableSize', tableSize, 'maglev')
  const hash = { hash: functionOf(type), isMixed: type.avalanche, isStatic: type.method === 'map-based' }
  return { ...hash, placement: makePlacement(type.method, hashKey, factor, tableSize) }
}

function makePlacement(method: HashMethod, hashKey?: HashKey, factor?: number, tableSize?: number): Placement {
  if (method === 'map-based') return new MapPlacement()
  return method === 'maglev' ? new MaglevPlacement(tableSize) : makeRing(hashKey, factor)
}

function makeRing(hashKey: HashKey = 'id', factor = 0): RingPlacement {
  return new RingPlacement(hashKey, factor === 0 ? undefined : new LoadBound(factor))
}

function readFactor(value: unknown, path: string): number {
  if (value === 0) return 0
  if (Number.isInteger(value) && (value as number) > 100 && (value as number) <= 65_535) return value as number
  throw new OptionError(path, value, 'a percentage from 101 to 65535, or 0 for no limit')
}

function refuse(reader: OptionReader, name: string, value: unknown, without: HashMethod): void {
  if (value === undefined) return
  throw new OptionError(reader.pathOf(name), value, `nothing without hashType '${without}'`)
}
