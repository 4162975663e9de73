import type { Server } from '../core/server.js'

/**
 * The servers that new traffic may go to: the usable active ones; without any, the first usable backup, or with
 * `allBackups` every usable backup.
 */
export function selectCandidates(servers: readonly Server[], allBackups: boolean): Server[] {
  const usable = servers.filter((server) => server.isUsable)
  const active = usable.filter((server) => !server.backup)
  if (active.length > 0) return active
  return allBackups ? usable : usable.slice(0, 1)
}
