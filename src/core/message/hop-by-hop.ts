import { isToken, trimBlanks } from './field-syntax.js'
import type { RequestHead } from './head.js'

/** The fields that concern one connection only (RFC 9110 7.6.1), in lower case. */
const hopByHop = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade'])

/** Options of Connection that are no names, and two fields that never concern one connection alone. */
const neverNominated = new Set(['close', 'keep-alive', 'host', 'content-length'])

/** Whether a field of this name, in lower case, must not pass to the next hop. */
export function isHopByHop(name: string): boolean {
  return hopByHop.has(name)
}

/** Whether a comma-separated list, such as the value of Connection, has that token, given in lower case. */
export function namesToken(list: string, token: string): boolean {
  if (list.length === token.length) return list.toLowerCase() === token
  return list.split(',').some((item) => trimBlanks(item).toLowerCase() === token)
}

/** The names, in lower case, of further fields that Connection takes off this hop; undefined: there are none. */
export function nominatedNames(connection: string): Set<string> | undefined {
  if (isHopByHop(connection) || neverNominated.has(connection)) return undefined
  const names = new Set<string>()
  for (const item of connection.split(',')) {
    const name = trimBlanks(item).toLowerCase()
    if (isToken(name) && !isHopByHop(name) && !neverNominated.has(name)) names.add(name)
  }
  return names.size > 0 ? names : undefined
}

/** Whether the connection may become a tunnel: its client offers to switch protocols, or asks for one outright. */
export function asksForTunnel({ upgrade, method }: Pick<RequestHead, 'upgrade' | 'method'>): boolean {
  return upgrade !== undefined || method === 'CONNECT'
}

/**
 * What a sender offers, or accepts, to switch to: the value of Upgrade when Connection names it. Never h2c: the other end
 * would speak HTTP/2 through the tunnel, and requests would pass that no rule sees (HAProxy ignores it likewise).
 */
export function upgradeOf(upgrade: string | undefined, connection: string): string | undefined {
  if (upgrade === undefined || !namesToken(connection, 'upgrade')) return undefined
  if (!/h2c/i.test(upgrade)) return upgrade
  const others = upgrade.split(',').filter((protocol) => !/^[\t ]*h2c\b/i.test(protocol))
  return others.length === 0 ? undefined : trimBlanks(others.join(','))
}
