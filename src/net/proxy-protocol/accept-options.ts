import { OptionError } from '../../util/errors.js'
import { AddressSet } from '../../util/network.js'
import { OptionReader } from '../../util/options.js'

/**
 * Whose connections begin with a PROXY protocol header: everybody's, or those from the given addresses and networks.
 * HAProxy: `accept-proxy`, `tcp-request connection expect-proxy layer4 if { src ... }`.
 */
export type AcceptProxyOption = boolean | { readonly from: string | readonly string[] }

/** The same, read: everybody, or a set of addresses. */
export type AcceptProxySettings = true | AddressSet

/** Reads the `acceptProxy` option; undefined: nobody's. */
export function readAcceptProxy(value: unknown, path: string): AcceptProxySettings | undefined {
  if (typeof value === 'boolean') return value || undefined
  if (typeof value !== 'object' || value === null) {
    throw new OptionError(path, value, 'true, false, or { from } with addresses or networks')
  }
  const reader = new OptionReader(value, path)
  const from = reader.raw('from')
  reader.end()
  const entries = typeof from === 'string' ? [from] : from
  if (!Array.isArray(entries) || entries.length === 0) {
    throw new OptionError(reader.pathOf('from'), from, 'an address or network, or a list of them')
  }
  return new AddressSet(entries, reader.pathOf('from'))
}
