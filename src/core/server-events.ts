import type { Server, ServerChange } from './server.js'

/** What is told of a change of a server's state. A server that leaves maintenance is taken to be up, and told as up. */
export function stateEvents({ event, before }: Extract<ServerChange, { what: 'state' }>, server: Server) {
  if (event === 'rose') return ['server:up'] as const
  if (event === 'fell') return ['server:down'] as const
  const cameBack = before.operational === 'stopped' && server.operational === 'running'
  return cameBack ? ([`server:${event}`, 'server:up'] as const) : ([`server:${event}`] as const)
}
