import type { Bond } from '../persistence/bond.js'
import type { Backend } from './backend.js'
import type { ResponseHead } from './message/head.js'
import { HeadEdits } from './message/head-edits.js'
import type { Server } from './server.js'

const noEdits: readonly HeadEdits[] = []

/**
 * The edits of a server's response, and what is to be remembered of it. `head` is undefined in TCP mode, `bond` where the
 * backend has no persistence. A callback that fails there is reported, and its response goes on.
 */
export function responseEdits(
  head: ResponseHead | undefined,
  via: string | undefined,
  bond: Bond | undefined,
  backend: Backend,
  server: Server,
): readonly HeadEdits[] {
  if (via === undefined && bond === undefined) return noEdits
  const edits = new HeadEdits()
  if (via !== undefined) edits.add('Via', `1.1 ${via}`)
  if (bond === undefined) return [edits]
  try {
    backend.persistence?.answered(bond, server, head, edits)
  } catch (thrown) {
    backend.fault(thrown, `persistence of backends.${backend.name}`)
  }
  return [edits]
}
