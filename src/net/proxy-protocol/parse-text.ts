import type { ClientAddress } from '../../core/exchange-view.js'
import { isAddress } from '../../util/ip-address.js'
import { canonicalAddress } from './address-bytes.js'
import { type HeaderDefect, longestText, type ProxyHeader } from './header.js'

const lineFeed = 10
const protocol = /^PROXY (TCP4 |TCP6 |UNKNOWN\r\n$)/
const line = /^PROXY TCP([46]) ([^ ]+) ([^ ]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})\r\n$/

/** Reads a header of version 1: `PROXY TCP4 192.0.2.7 198.51.100.1 56324 443` and a line end. */
export function parseText(bytes: Buffer): ProxyHeader | HeaderDefect | undefined {
  const end = bytes.indexOf(lineFeed)
  if (end < 0) return bytes.length < longestText ? undefined : 'invalid'
  if (end >= longestText) return 'invalid'
  const text = bytes.toString('latin1', 0, end + 1)
  const named = protocol.exec(text)
  if (named === null) return text.endsWith('\r\n') ? 'unknown-protocol' : 'invalid'
  const length = text.length
  if (named[1] === 'UNKNOWN\r\n') return { version: 1, length, source: undefined, destination: undefined }
  const [, family, source, destination, sourcePort, destinationPort] = line.exec(text) ?? []
  if (family === undefined) return 'invalid'
  const client = readEnd(family, source!, sourcePort!)
  const server = readEnd(family, destination!, destinationPort!)
  return client && server ? { version: 1, length, source: client, destination: server } : 'invalid'
}

function readEnd(family: string, address: string, port: string): ClientAddress | undefined {
  const isOfFamily = address.includes(':') === (family === '6')
  if (!isOfFamily || address.includes('%') || !isAddress(address) || Number(port) > 65_535) return undefined
  return { address: canonicalAddress(address), port: Number(port) }
}
