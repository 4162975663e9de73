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

/**
 * The candidates of a backend. Who is usable is noted at every change, in O(1); the list is made when somebody asks, so
 * that a thousand changes at once cost little more than one.
 */
export class Candidates {
  readonly #servers: ReadonlyMap<string, Server>
  readonly #allBackups: boolean
  readonly #active = new Set<Server>()
  readonly #backup = new Set<Server>()
  #list: readonly Server[] | undefined

  /** `servers`: all that there are, by name. */
  constructor(servers: ReadonlyMap<string, Server>, allBackups: boolean) {
    this.#servers = servers
    this.#allBackups = allBackups
  }

  /** Takes in that a server came, left or changed. Whether others may have become candidates by it: backups. */
  update(server: Server): boolean {
    const hadActive = this.#active.size > 0
    const usable = server.backup ? this.#backup : this.#active
    const isUsable = server.isUsable && this.#servers.get(server.name) === server
    if (isUsable !== usable.has(server)) {
      if (isUsable) usable.add(server)
      else usable.delete(server)
      this.#list = undefined
    }
    return this.#active.size === 0 && (hadActive || !this.#allBackups)
  }

  /** In the order in which servers joined. */
  get list(): readonly Server[] {
    this.#list ??= selectCandidates([...this.#servers.values()], this.#allBackups)
    return this.#list
  }

  has(server: Server): boolean {
    if (this.#active.size > 0) return this.#active.has(server)
    return this.#allBackups ? this.#backup.has(server) : this.list[0] === server
  }

  get areNone(): boolean {
    return this.#active.size === 0 && this.#backup.size === 0
  }
}

/** Names every server that is no candidate, and says why. */
export function explainExclusions(
  servers: readonly Server[],
  candidates: Pick<Candidates, 'has'>,
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
