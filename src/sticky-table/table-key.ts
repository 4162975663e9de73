import { parseAddress } from '../util/ip-address.js'
import { ipv4Text, ipv6Text } from './address-text.js'
import { compositeKey, readCompositeKey } from './composite-key.js'
import { isLatin1, leadingInteger, low32Bits } from './sample-casts.js'
import type { CompositeSample, StickyKey, StickySample } from './sticky-key.js'
import type { StoredKey } from './sticky-store.js'

/**
 * What kind of keys a stick table has. HAProxy: the `type` of a `stick-table`; `composite` is evenkeel's own.
 *
 * - `ip`: IPv4 addresses. An IPv6 address is a key when an IPv4 one is mapped to it (`::ffff:192.0.2.7`).
 * - `ipv6`: IPv6 addresses; IPv4 addresses as mapped to them.
 * - `integer`: the low 32 bits of a whole number, without sign. Of a text the number that it begins with, else 0.
 * - `string`: texts, cut to the table's length.
 * - `binary`: bytes, cut to the table's length or filled up with zeros.
 * - `composite`: several samples, each cut to the table's length.
 */
export type StickyKeyType = 'ip' | 'ipv6' | 'integer' | 'string' | 'binary' | 'composite'

/** The two ways between samples and the keys of one table. */
export interface TableKey {
  /** The sample in the form that the table compares and stores; undefined when it gives no key. */
  encode(sample: unknown): StoredKey | undefined
  /** A sample that gives this key. */
  decode(key: StoredKey): StickyKey
}

/** Makes the keys of each type for a length, which only some of them have. @internal */
export const tableKeys: Readonly<Record<StickyKeyType, (length: number) => TableKey>> = {
  ip: () => ({ encode: encodeIp, decode: (key) => ipv4Text(Number(key)) }),
  ipv6: () => ({ encode: encodeIpv6, decode: (key) => ipv6Text(Buffer.from(String(key), 'latin1')) }),
  integer: () => ({ encode: encodeInteger, decode: (key) => Number(key) >>> 0 }),
  string: (length) => ({ encode: (sample) => encodeString(sample, length), decode: String }),
  binary: (length) => ({
    encode: (sample) => encodeBinary(sample, length),
    decode: (key) => Buffer.from(String(key), 'latin1'),
  }),
  composite: (length) => ({
    encode: (sample) => encodeComposite(sample, length),
    decode: (key) => readCompositeKey(String(key)),
  }),
}

/** Where addresses are parsed to, so that a look-up allocates nothing for it. */
const words = new Uint32Array(4)

/** IPv4 addresses and integers are signed while they are stored: V8 makes no objects for those. */
function encodeIp(sample: unknown): number | undefined {
  if (typeof sample !== 'string') return low32Bits(sample)
  if (!parseAddress(sample, words)) return undefined
  return words[0] === 0 && words[1] === 0 && words[2] === 0xffff ? words[3]! | 0 : undefined
}

/** Sixteen characters, one for each byte. */
function encodeIpv6(sample: unknown): string | undefined {
  if (typeof sample !== 'string') {
    const address = low32Bits(sample)
    return address === undefined ? undefined : encodeIpv6(ipv4Text(address))
  }
  if (!parseAddress(sample, words)) return undefined
  return wordText(words[0]!) + wordText(words[1]!) + wordText(words[2]!) + wordText(words[3]!)
}

function wordText(word: number): string {
  return String.fromCharCode(word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff)
}

function encodeInteger(sample: unknown): number | undefined {
  return typeof sample === 'string' ? leadingInteger(sample) : low32Bits(sample)
}

function encodeString(sample: unknown, length: number): string | undefined {
  if (typeof sample === 'string') return sample.length > length ? sample.slice(0, length) : sample
  if (typeof sample === 'number') return Number.isFinite(sample) ? String(sample).slice(0, length) : undefined
  return sample instanceof Uint8Array ? latin1(sample, length) : undefined
}

function encodeBinary(sample: unknown, length: number): string | undefined {
  if (typeof sample === 'number' && Number.isFinite(sample)) return encodeBinary(int64Bytes(sample), length)
  if (sample instanceof Uint8Array) return latin1(sample, length).padEnd(length, '\0')
  if (typeof sample !== 'string' || !isLatin1(sample)) return undefined
  return sample.slice(0, length).padEnd(length, '\0')
}

function encodeComposite(sample: unknown, length: number): string | undefined {
  if (typeof sample !== 'object') return compositeKey([sample as StickySample], length)
  if (sample === null) return undefined
  return compositeKey(sample instanceof Uint8Array ? [sample] : (sample as CompositeSample), length)
}

function latin1(bytes: Uint8Array, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, length)).toString('latin1')
}

function int64Bytes(value: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(8))
  bytes.setBigInt64(0, BigInt(Math.trunc(value)))
  return new Uint8Array(bytes.buffer)
}
