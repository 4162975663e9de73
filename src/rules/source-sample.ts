import { OptionError } from '../util/errors.js'
import { isAddress } from '../util/ip-address.js'
import { AddressSet, readRange } from '../util/network.js'
import { readArguments } from './call-arguments.js'
import { type Condition, described } from './condition.js'
import { caselessSample, type StringSample, singleSubject } from './string-matcher.js'
import { alternatives } from './wording.js'

/** The client's IP address, and the conditions that can be put on it. */
export interface SourceSample extends StringSample {
  /** It gives addresses: a hash takes their bytes. */
  readonly isAddress: true
  /**
   * The address lies in one of the ranges, given as `'10.0.0.0/8'`, `'2001:db8::/32'` or single addresses. An
   * IPv4-mapped IPv6 address is the same as its IPv4 address. Thousands of ranges are ordinary. HAProxy: `src`.
   */
  in(...ranges: string[]): Condition
  /** The address is one of these, however each is written. HAProxy: `src`. */
  is(...addresses: string[]): Condition
}

/** Makes the sample of the client's address. */
export function sourceSample(): SourceSample {
  const sample = caselessSample(singleSubject('source', (exchange) => exchange.source.address))
  const is = (...addresses: string[]): Condition =>
    within('is', readArguments('source.is', addresses, readSingleAddress))
  return {
    ...sample,
    isAddress: true,
    ignoreCase: { ...sample.ignoreCase, is },
    is,
    in(...ranges) {
      readArguments('source.in', ranges, readRange)
      return within('in', ranges)
    },
  }
}

function within(relation: string, ranges: readonly string[]): Condition {
  const set = new AddressSet(ranges, 'source')
  return described(`source ${relation} ${alternatives(ranges)}`, (exchange) => set.has(exchange.source.address))
}

function readSingleAddress(value: unknown, path: string): string {
  if (typeof value === 'string' && isAddress(value)) return value
  throw new OptionError(path, value, 'an IP address; ranges go to source.in')
}
