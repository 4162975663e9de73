import { isAddressSample, readSample, type Sample } from '../../rules/sample.js'
import { compositeKey } from '../../sticky-table/composite-key.js'
import { isLatin1 } from '../../sticky-table/sample-casts.js'
import type { StickyKey } from '../../sticky-table/sticky-key.js'
import { OptionError } from '../../util/errors.js'
import { parseAddress } from '../../util/ip-address.js'
import type { OptionReader } from '../../util/options.js'
import type { HashInput } from './hash-input.js'
import type { HashOptions } from './hash-options.js'

/** Options of the algorithm `hash`. */
export interface SampleHashOptions extends HashOptions {
  /**
   * What to hash: a sample such as `header('x-user')`, or a function of the exchange. As in HAProxy, texts and bytes are
   * hashed as they are, the sample `source` as the 4 or 16 bytes of the address, and whole numbers as 8 bytes, the
   * highest first. Several values at once are hashed as one JSON text.
   */
  readonly key: Sample
}

/** Any value of the exchange. Missing when the sample gives none. HAProxy: `balance hash`. */
export function readSampleInput(reader: OptionReader): HashInput {
  const key = reader.raw('key')
  if (key === undefined) throw new OptionError(reader.pathOf('key'), key, "a sample such as header('x-user')")
  const sample = readSample(key, reader.pathOf('key'))
  const toText = isAddressSample(key) ? addressText : textOf
  return {
    name: 'sample',
    read(exchange) {
      const value = sample(exchange)
      return value === undefined ? undefined : toText(value)
    },
  }
}

/** One character for each byte of a value. */
function textOf(value: StickyKey): string | undefined {
  if (typeof value === 'string') return isLatin1(value) ? value : latin1(Buffer.from(value))
  if (typeof value === 'number') return Number.isFinite(value) ? latin1(int64Bytes(value)) : undefined
  if (value instanceof Uint8Array) return latin1(value)
  const composite = compositeKey(value, Infinity)
  return composite === undefined ? undefined : textOf(composite)
}

function addressText(value: StickyKey): string | undefined {
  if (typeof value !== 'string' || !parseAddress(value, words)) return undefined
  const bytes = Buffer.alloc(16)
  for (const [index, word] of words.entries()) bytes.writeUInt32BE(word, index * 4)
  const isIpv4 = words[0] === 0 && words[1] === 0 && words[2] === 0xffff
  return bytes.toString('latin1', isIpv4 ? 12 : 0)
}

const words = new Uint32Array(4)

function int64Bytes(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt.asIntN(64, BigInt(Math.trunc(value))))
  return bytes
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}
