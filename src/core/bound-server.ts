import type { PickContext } from '../balance/balancer.js'
import { RequestView } from './exchange-view.js'
import { Server } from './server.js'

/**
 * The server that knows the client by a connection that it has to it (NTLM, Negotiate): nobody else would know the
 * client. Undefined: there is none, or it can't be taken. HAProxy does the same: its `prefer-last-server`, which such an
 * authentication switches on. What persistence says comes before.
 */
export function boundServer({ exchange, avoid, explain }: PickContext): Server | undefined {
  const server = exchange instanceof RequestView ? exchange.session?.boundTo : undefined
  if (!(server instanceof Server) || server === avoid || !server.isUsable) return undefined
  explain?.('a connection to it carries the client’s authentication')
  return server
}
