import { lstat, rm } from 'node:fs/promises'
import { type AddressInfo, connect, type Server } from 'node:net'
import { type Address, formatAddress } from '../util/address.js'
import { EvenkeelError } from '../util/errors.js'

/** What a server is bound to, with the port that the system chose for port 0. */
export type Bound = AddressInfo | { readonly path: string }

/** Makes a server listen at an address; resolves when it does, rejects with `ERR_EVENKEEL_BIND`. */
export async function listenAt(server: Server, bind: Address, backlog?: number): Promise<void> {
  try {
    await open(server, bind, backlog).catch(async (error: unknown) => {
      if (!(await removeStaleSocket(bind, error))) throw error
      await open(server, bind, backlog)
    })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new EvenkeelError('ERR_EVENKEEL_BIND', `can't listen at ${formatAddress(bind)}: ${reason}`, { cause })
  }
}

function open(server: Server, bind: Address, backlog: number | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const listening = (): void => {
      server.off('error', reject)
      resolve()
    }
    if ('path' in bind) return server.listen({ path: bind.path }, listening)
    const { host, port } = bind
    return server.listen(
      { port, ...(host === '*' ? {} : { host }), ...(backlog === undefined ? {} : { backlog }) },
      listening,
    )
  })
}

/** A Unix socket outlives a process that was killed: one where nobody answers may go. */
async function removeStaleSocket(bind: Address, error: unknown): Promise<boolean> {
  if (!('path' in bind) || (error as { code?: string }).code !== 'EADDRINUSE') return false
  // A plain file refuses connections too.
  if (!(await isSocket(bind.path))) return false
  const isStale = await new Promise<boolean>((resolve) => {
    const probe = connect({ path: bind.path })
    probe.once('connect', () => {
      probe.destroy()
      resolve(false)
    })
    probe.once('error', (refused: Error & { code?: string }) => resolve(refused.code === 'ECONNREFUSED'))
  })
  if (isStale) await rm(bind.path, { force: true })
  return isStale
}

async function isSocket(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSocket()
  } catch {
    return false
  }
}

/** What a server is bound to; undefined while it does not listen. */
export function boundTo(server: Server): Bound | undefined {
  const address = server.address()
  return typeof address === 'string' ? { path: address } : (address ?? undefined)
}
