/** Makes 32 bits, without sign, of a text whose every character stands for one byte. */
export type HashFunction = (text: string) => number

/** HAProxy's hash functions (its `hash-type`). */
export const hashFunctions = { sdbm, djb2, wt6, crc32 } satisfies Record<string, HashFunction>

function sdbm(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (text.charCodeAt(i) + (hash << 6) + (hash << 16) - hash) | 0
  return hash >>> 0
}

function djb2(text: string): number {
  let hash = 5381
  for (let i = 0; i < text.length; i++) hash = ((hash << 5) + hash + text.charCodeAt(i)) | 0
  return hash >>> 0
}

/** Turns two words by amounts that come of the bytes before. */
function wt6(text: string): number {
  let low = 0xa53c965a
  let high = 0x5ca6953a
  let lowTurn = 6
  let highTurn = 18
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const turned = rotate(~(high + code), lowTurn)
    high = rotate(~(low ^ code), highTurn)
    low = turned
    const turns = (low >>> 16) ^ (high & 0xffff)
    lowTurn = turns & 31
    highTurn = turns >>> 11
  }
  return (low ^ high) >>> 0
}

function crc32(text: string): number {
  let rest = -1
  for (let i = 0; i < text.length; i++) rest = crcTable[(rest ^ text.charCodeAt(i)) & 0xff]! ^ (rest >>> 8)
  return ~rest >>> 0
}

/** What each byte adds to the remainder of a division by the polynomial. */
const crcTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte
  for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0)
  return rest
})

/** Lets every bit of a number change half of the others; no two numbers become the same one. HAProxy: `avalanche`. */
export function avalanche(hash: number): number {
  let mixed = (hash + 0x7ed55d16 + (hash << 12)) | 0
  mixed ^= 0xc761c23c ^ (mixed >>> 19)
  mixed = (mixed + 0x165667b1 + (mixed << 5)) | 0
  mixed = ((mixed + 0xd3a2646c) ^ (mixed << 9)) | 0
  mixed = (mixed + 0xfd7046c5 + (mixed << 3)) | 0
  mixed ^= 0xb55a4f09 ^ (mixed >>> 16)
  return Math.imul(mixed, 3_221_225_473) >>> 0
}

/** XXH32 of sixteen bytes, which is what an IPv6 address has: its one round and no remainder. */
export function xxh32Of16(bytes: Uint8Array, seed: number): number {
  const words = new DataView(bytes.buffer, bytes.byteOffset, 16)
  const round = (start: number, word: number, turn: number): number => {
    const lane = start + Math.imul(words.getUint32(word * 4, true), prime2)
    return rotate(Math.imul(rotate(lane, 13), prime1), turn)
  }
  const lanes = round(seed + prime1 + prime2, 0, 1) + round(seed + prime2, 1, 7)
  let hash = (lanes + round(seed, 2, 12) + round(seed - prime1, 3, 18) + 16) | 0
  hash = Math.imul(hash ^ (hash >>> 15), prime2)
  hash = Math.imul(hash ^ (hash >>> 13), prime3)
  return (hash ^ (hash >>> 16)) >>> 0
}

const prime1 = 0x9e3779b1
const prime2 = 0x85ebca77
const prime3 = 0xc2b2ae3d

/** Turns 32 bits to the left. */
function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by))
}
