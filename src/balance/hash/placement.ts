import type { Server } from '../../core/server.js'

/** Where on the servers a hash lies. HAProxy: the method of `hash-type`. */
export interface Placement {
  /** Takes in who takes part now, of all the servers there are. It may wait with the work until somebody asks. */
  update(candidates: readonly Server[], servers: readonly Server[]): void
  /** The server of a hash, full or not; undefined when there is none at all. */
  at(hash: number, avoid: Server | undefined): Server | undefined
  /** The next server in turn that has room, for exchanges that have nothing to hash; `avoid` only if no other has. */
  next(avoid: Server | undefined): Server | undefined
  /** A slot of a server was taken. */
  onTake?(server: Server): void
  /** A slot of a server was given back. */
  onRelease(server: Server): void
  /** A server that may have been full has room again. */
  onRoom(server: Server): void
  /** Where a hash lies, in words, right after `at`. */
  describe(hash: number): string
}
