import { OptionError } from './errors.js'
import { parseAddress } from './ip-address.js'

/** The first and the last address of a range, each as four words of 32 bits. */
export interface AddressRange {
  readonly first: Uint32Array
  readonly last: Uint32Array
}

/**
 * A set of IP addresses, given as addresses and ranges. An IPv4-mapped IPv6 address (`::ffff:192.0.2.7`) is the same
 * as its IPv4 address, and so lies in `::/0` too. A look-up costs O(log n) in the number of ranges.
 *
 * @example
 * ```ts
 * const set = new AddressSet(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32'], 'trustedProxies')
 * set.has('10.1.2.3') // true
 * set.has('::ffff:192.0.2.7') // true
 * ```
 */
export class AddressSet {
  /** The first and last addresses of the ranges, four words each, sorted, none within another. */
  readonly #first: Uint32Array
  readonly #last: Uint32Array
  #latestText = ''
  #latestResult = false

  /** Takes addresses and ranges with a prefix length. A bad one throws an {@link OptionError} that names `path[index]`. */
  constructor(entries: readonly unknown[], path: string) {
    const ranges = outermost(entries.map((entry, index) => readRange(entry, `${path}[${index}]`)))
    this.#first = joined(ranges.map((range) => range.first))
    this.#last = joined(ranges.map((range) => range.last))
  }

  /** Whether the address is in the set. What is no IP address is in none; a zone (`%eth0`) is left out of account. */
  has(address: string): boolean {
    // The conditions of one exchange, and the exchanges of one connection, ask about the same client again and again.
    if (address !== this.#latestText) {
      this.#latestText = address
      this.#latestResult = parseAddress(address, parsed) && this.#covers(parsed)
    }
    return this.#latestResult
  }

  #covers(address: Uint32Array): boolean {
    let low = 0
    let high = this.#first.length / 4
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compare(this.#first, middle, address) <= 0) low = middle + 1
      else high = middle
    }
    return low > 0 && compare(this.#last, low - 1, address) >= 0
  }
}

/** Where addresses to look up are parsed to, so that a look-up allocates nothing. */
const parsed = new Uint32Array(4)

/** Compares the address at `index` of a row of them with another one: below 0, 0 or above. */
function compare(row: Uint32Array, index: number, address: Uint32Array): number {
  for (let word = 0; word < 4; word++) {
    const difference = row[index * 4 + word]! - address[word]!
    if (difference !== 0) return difference
  }
  return 0
}

/** Sorts ranges and drops those within others. Ranges that come from prefixes never overlap in any other way. */
function outermost(ranges: AddressRange[]): AddressRange[] {
  ranges.sort((a, b) => compare(a.first, 0, b.first) || compare(b.last, 0, a.last))
  const kept: AddressRange[] = []
  for (const range of ranges) {
    const before = kept.at(-1)
    if (before === undefined || compare(before.last, 0, range.first) < 0) kept.push(range)
  }
  return kept
}

function joined(addresses: readonly Uint32Array[]): Uint32Array {
  const row = new Uint32Array(addresses.length * 4)
  for (const [index, address] of addresses.entries()) row.set(address, index * 4)
  return row
}

/**
 * Reads an address, or a range as an address and a prefix length; bits after the prefix may be anything, as in HAProxy.
 * Throws an {@link OptionError} that names `path`.
 */
export function readRange(value: unknown, path: string): AddressRange {
  const range = typeof value === 'string' ? parseRange(value) : undefined
  if (range !== undefined) return range
  throw new OptionError(path, value, "an IP address or range, such as '192.0.2.7', '10.0.0.0/8' or '2001:db8::/32'")
}

function parseRange(text: string): AddressRange | undefined {
  const match = /^([^/%]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text)
  const first = new Uint32Array(4)
  if (match === null || !parseAddress(match[1]!, first)) return undefined
  // An IPv4 address is the end of a mapped one.
  const start = match[1]!.includes(':') ? 0 : 96
  const prefix = match[2] === undefined ? 128 : start + Number(match[2])
  if (prefix > 128) return undefined
  // In ::ffff:10.0.0.0/8 the 8 was meant for the IPv4 address: as it stands it would take in every IPv4 address.
  if (prefix < 96 && isMapped(first)) return undefined
  const last = first.slice()
  for (let word = 0; word < 4; word++) {
    const kept = Math.min(Math.max(prefix - 32 * word, 0), 32)
    const hostBits = kept === 32 ? 0 : 0xffff_ffff >>> kept
    first[word]! &= ~hostBits
    last[word]! |= hostBits
  }
  return { first, last }
}

/** Writes an IPv4-mapped IPv6 address (`::ffff:192.0.2.7`) as its IPv4 address, and leaves every other text alone. */
export function normalizeAddress(text: string): string {
  if (!text.includes(':') || !parseAddress(text, parsed)) return text
  if (!isMapped(parsed)) return text
  const address = parsed[3]!
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`
}

/** Whether it is an IPv4 address in its place among the IPv6 ones. */
function isMapped(address: Uint32Array): boolean {
  return address[0] === 0 && address[1] === 0 && address[2] === 0xffff
}
