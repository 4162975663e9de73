import type { ClientAddress } from '../../core/exchange-view.js'
import type { UnixAddress } from '../../util/address.js'
import { addressText } from './address-bytes.js'
import { type HeaderDefect, longestBinary, type ProxyEnd, type ProxyHeader } from './header.js'
import { readTlvs } from './read-tlvs.js'

/** Signature, command, family and length. */
const prologue = 16

/** A family and transport that is understood, by its byte: how long its two addresses are, and how one is read. */
interface Family {
  readonly length: number
  read(block: Buffer, half: 0 | 1): ProxyEnd
}

const families = new Map<number, Family>([
  [0x11, { length: 12, read: (block, half) => readInet(block, half, 4) }],
  [0x21, { length: 36, read: (block, half) => readInet(block, half, 16) }],
  [0x31, { length: 216, read: readUnix }],
])

/** Reads a header of version 2, of which the signature is there. */
export function parseBinary(bytes: Buffer): ProxyHeader | HeaderDefect | undefined {
  if (bytes.length > 12 && bytes[12]! >> 4 !== 2) return 'no-header'
  if (bytes.length < prologue) return undefined
  const length = prologue + bytes.readUInt16BE(14)
  if (length > longestBinary) return 'invalid'
  const command = bytes[12]! & 0x0f
  if (command > 1) return 'invalid'
  const family = families.get(bytes[13]!)
  if (command === 1 && (family === undefined || length < prologue + family.length)) return 'invalid'
  if (bytes.length < length) return undefined
  // The sender speaks for itself, such as to check our health: what else stands there is of no concern.
  if (command === 0) return { version: 2, length, source: undefined, destination: undefined }
  const header = bytes.subarray(0, length)
  const block = header.subarray(prologue, prologue + family!.length)
  const rest = readTlvs(header, prologue + family!.length)
  if (rest === undefined) return 'invalid'
  return { version: 2, length, source: family!.read(block, 0), destination: family!.read(block, 1), ...rest }
}

function readInet(block: Buffer, half: 0 | 1, size: number): ClientAddress {
  const address = addressText(block.subarray(half * size, (half + 1) * size))
  return { address, port: block.readUInt16BE(2 * size + half * 2) }
}

function readUnix(block: Buffer, half: 0 | 1): UnixAddress {
  const path = block.subarray(half * 108, (half + 1) * 108)
  const end = path.indexOf(0)
  return { path: path.toString('utf8', 0, end < 0 ? path.length : end) }
}
