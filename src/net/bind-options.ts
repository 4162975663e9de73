import { type Address, readBindRange } from '../util/address.js'
import { OptionError } from '../util/errors.js'
import { OptionReader } from '../util/options.js'
import { type AcceptProxyOption, type AcceptProxySettings, readAcceptProxy } from './proxy-protocol/accept-options.js'
import { readTlsContext, type TlsContext, type TlsOptions } from './tls-context.js'

/** Where a frontend listens, and how. HAProxy: `bind` and its keywords. */
export interface BindOptions {
  /** A port, `host:port`, `*:port`, `[ipv6]:port`, `unix:/path`, or a range of ports: `host:8000-8010`. */
  readonly address: number | string
  /**
   * How many connections the system keeps that were not accepted yet; and how many accepted ones wait while the frontend
   * has no room. Default: the frontend's `maxConnections`, or 1024. HAProxy: `backlog`.
   */
  readonly backlog?: number
  /**
   * Whose connections begin with a PROXY protocol header, of either version: `true` for everybody's, `{ from }` for those
   * from the given addresses and networks. What it names is the client then, for everything. Default: nobody's. HAProxy:
   * `accept-proxy`, `expect-proxy layer4`.
   */
  readonly acceptProxy?: AcceptProxyOption
  /** Speaks TLS with clients. Default: no. HAProxy: `ssl`. */
  readonly tls?: TlsOptions | TlsContext
}

/**
 * Where a frontend listens: a port, `host:port`, `*:port`, `unix:/path`, a range such as `host:8000-8010`,
 * {@link BindOptions}, or a list of these. HAProxy: `bind`.
 */
export type Bind = number | string | BindOptions | readonly (number | string | BindOptions)[]

/** One address to listen at, and how: read and complete. */
export interface BindSettings {
  readonly address: Address
  /** Undefined: by the frontend's limit. */
  readonly backlog: number | undefined
  /** Undefined: nobody brings a PROXY protocol header. */
  readonly acceptProxy: AcceptProxySettings | undefined
  readonly tls: TlsContext | undefined
}

/** Reads the `bind` option: settings for every address that it names. */
export function readBinds(value: unknown, path: string): BindSettings[] {
  if (!Array.isArray(value)) return readBindEntry(value, path)
  if (value.length === 0) throw new OptionError(path, value, 'a port, an address, or a list of them')
  return value.flatMap((entry: unknown, index) => readBindEntry(entry, `${path}[${index}]`))
}

function readBindEntry(value: unknown, path: string): BindSettings[] {
  if (typeof value !== 'object' || value === null) {
    const none = { backlog: undefined, acceptProxy: undefined, tls: undefined }
    return readBindRange(value, path).map((address) => ({ address, ...none }))
  }
  const reader = new OptionReader(value, path)
  const addresses = readBindRange(reader.raw('address'), reader.pathOf('address'))
  const settings = {
    backlog: reader.integer('backlog', 1, 65_535),
    acceptProxy: reader.read('acceptProxy', readAcceptProxy),
    tls: reader.read('tls', readTlsContext),
  }
  reader.end()
  return addresses.map((address) => ({ address, ...settings }))
}
