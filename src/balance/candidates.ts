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

/** Names every server that is no candidate, and says why. */
export function explainExclusions(
  servers: readonly Server[],
  candidates: ReadonlySet<Server>,
): { readonly server: string; readonly reason: string }[] {
  return servers
    .filter((server) => !candidates.has(server))
    .map((server) => ({ server: server.name, reason: whyNot(server) }))
}

function whyNot(server: Server): string {
  if (server.administrative !== 'ready') return `in ${server.administrative}`
  if (server.operational !== 'running') return whyDown(server)
  if (server.weight === 0) return 'weight 0'
  return 'a backup that is not needed'
}

function whyDown({ lastCheck }: Server): string {
  if (lastCheck === undefined) return 'down'
  return ['down: ', lastCheck.status, lastCheck.reason && `, ${lastCheck.reason}`].join('')
}
