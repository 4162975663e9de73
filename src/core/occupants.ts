import type { FailureKind } from './failure.js'

/** An exchange that is with a server. */
export interface Occupant {
  /** Ends it for that reason. */
  shutDown(reason: FailureKind): void
}

/** The exchanges that are with one server. Kept only where somebody may want to send them away. */
export class Occupants {
  readonly #present = new Set<Occupant>()

  add(occupant: Occupant): void {
    this.#present.add(occupant)
  }

  delete(occupant: Occupant): void {
    this.#present.delete(occupant)
  }

  /** Ends all that are there now. */
  shutDown(reason: FailureKind): void {
    for (const occupant of [...this.#present]) occupant.shutDown(reason)
  }
}

/** What {@link endSessions} looks at of a server. */
interface Occupied {
  readonly isUp: boolean
  readonly isUsable: boolean
  readonly backup: boolean
  readonly endsSessionsWhenDown: boolean
  readonly endsBackupSessionsWhenUp: boolean
  readonly occupants: Occupants | undefined
}

/** A server changed its state: ends the exchanges that have no place any more, by what servers say about that. */
export function endSessions(server: Occupied, all: Iterable<Occupied>): void {
  if (!server.isUp && server.endsSessionsWhenDown) server.occupants?.shutDown('server-down')
  if (!server.isUsable || server.backup || !server.endsBackupSessionsWhenUp) return
  for (const { backup, occupants } of all) if (backup) occupants?.shutDown('active-server-up')
}
