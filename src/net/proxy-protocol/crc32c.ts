/** Castagnoli's polynomial, its bits reversed. */
const polynomial = 0x82f6_3b78

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? polynomial : 0)
  return remainder
})

/** The CRC32C of the bytes (RFC 3720, B.4), as an unsigned number. */
export function crc32c(bytes: Uint8Array): number {
  let checksum = 0xffff_ffff
  for (const byte of bytes) checksum = table[(checksum ^ byte) & 0xff]! ^ (checksum >>> 8)
  return ~checksum >>> 0
}
