import { OptionError } from './errors.js'
import { isAddress } from './ip-address.js'

/** Where a server listens, or where a frontend shall: a host with a port, or a Unix socket. */
export type Address = InetAddress | UnixAddress

/** A host name or IP address, with a port. */
export interface InetAddress {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

/** The path of a Unix socket. */
export interface UnixAddress {
  readonly path: string
}

const expectation = "'host:port', '[ipv6]:port' or 'unix:/path'"

/** Reads a server's address: `host:port`, `[ipv6]:port` or `unix:/path`. */
export function readAddress(value: unknown, path: string): Address {
  const address = typeof value === 'string' ? parse(value, path) : undefined
  if (address === undefined) throw new OptionError(path, value, expectation)
  if ('port' in address && address.port === 0) throw new OptionError(path, value, 'a port from 1 to 65535')
  if ('host' in address && address.host === '*') throw new OptionError(path, value, expectation)
  return address
}

/** Reads one bind: as a server's address, or a port alone, or `*:port` for every interface. Port 0 means any free one. */
export function readBind(value: unknown, path: string): Address {
  if (typeof value === 'number') {
    if (Number.isInteger(value) && value >= 0 && value <= 65_535) return { host: '*', port: value }
    throw new OptionError(path, value, 'a port from 0 to 65535')
  }
  const address = typeof value === 'string' ? parse(value.startsWith(':') ? `*${value}` : value, path) : undefined
  if (address === undefined) throw new OptionError(path, value, `a port, '*:port', ${expectation}`)
  return address
}

/** Reads a bind that may name a range of ports, such as `host:8000-8010`: an address for each of them. */
export function readBindRange(value: unknown, path: string): Address[] {
  const range = typeof value === 'string' ? /^(?!unix:)(.*:)(\d{1,5})-(\d{1,5})$/.exec(value) : null
  if (range === null) return [readBind(value, path)]
  const [, host, first, last] = range
  const low = readBind(`${host}${first}`, path) as InetAddress
  const high = readBind(`${host}${last}`, path) as InetAddress
  if (low.port === 0 || low.port > high.port) {
    throw new OptionError(path, value, "a range of ports, the lower one first, such as 'host:8000-8010'")
  }
  return Array.from({ length: high.port - low.port + 1 }, (_, index) => ({ host: low.host, port: low.port + index }))
}

function parse(text: string, path: string): Address | undefined {
  if (text.startsWith('unix:')) return text.length > 5 ? { path: text.slice(5) } : undefined
  const match = /^(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([^\s:[\]/]+)):(\d{1,9})$/.exec(text)
  if (match === null) return undefined
  const port = Number(match[3])
  if (port > 65_535) throw new OptionError(path, text, 'a port up to 65535')
  if (match[1] !== undefined && !isAddress(match[1])) return undefined
  return { host: match[1] ?? match[2]!, port }
}

/** The address as a person writes it, which {@link readAddress} reads again. */
export function formatAddress(address: Address): string {
  if ('path' in address) return `unix:${address.path}`
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}
