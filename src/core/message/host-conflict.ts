import { type Address, formatAddress } from '../../util/address.js'
import type { RequestHead } from './head.js'

/** `http://authority`, of whatever scheme. */
const absoluteForm = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i

/**
 * The value of a Host field: a name or an address, and a port. It may be empty (RFC 9110 7.2, RFC 3986 3.2.2). The name
 * has no user before it: who is asked is all that it says.
 */
const host =
  /^(?:[\w.~!$&'()*+,;=-]*(?:%[\da-f]{2}[\w.~!$&'()*+,;=-]*)*|\[(?:[\da-f]*:[\da-f:.]+|v[\da-f]+\.[\w.~!$&'()*+,;=:-]+)\])(?::\d*)?$/i

/** Whether text can be the value of a Host field (RFC 9112 3.2). */
export function isHost(text: string): boolean {
  return host.test(text)
}

/** An address as the value of a Host field: a path is no host, and a zone is this machine's own affair. */
export function hostOf(address: Address): string {
  return 'path' in address ? 'localhost' : formatAddress({ ...address, host: address.host.replace(/%.*/, '') })
}

/** Whom a target in absolute form names; undefined: it is in another form. */
export function authorityOf(target: string): string | undefined {
  if (target.startsWith('/')) return undefined
  return absoluteForm.exec(target)?.[2]
}

/** Whether a target in absolute form names another host than the Host field: two readers could route it two ways. */
export function contradictsHost(head: Pick<RequestHead, 'target' | 'get'>): boolean {
  if (head.target.startsWith('/')) return false
  const [, scheme, authority] = absoluteForm.exec(head.target) ?? []
  if (scheme === undefined || authority === undefined) return false
  const host = head.get('host')
  return host !== undefined && !sameAuthority(authority, host, scheme)
}

/** Whether two texts name the same host and port, where `scheme` says which port is meant if none is there. */
export function sameAuthority(one: string, other: string, scheme: string): boolean {
  return withoutDefaultPort(one, scheme) === withoutDefaultPort(other, scheme)
}

function withoutDefaultPort(authority: string, scheme: string): string {
  const port = scheme.toLowerCase() === 'https' ? ':443' : ':80'
  const lower = authority.toLowerCase()
  if (lower.endsWith(port)) return lower.slice(0, -port.length)
  return lower.endsWith(':') ? lower.slice(0, -1) : lower
}
