import type { Children } from '../children.js'
import type { Line } from '../lines.js'
import type { Origin } from '../origin/origin.js'

/** Whether a peer is this library, another Node proxy, or a program of its own. */
export type PeerKind = 'evenkeel' | 'node' | 'native'

/** A proxy that can be measured. */
export interface Peer {
  readonly name: string
  readonly kind: PeerKind
  readonly version: string
  /** Starts it in front of the origin. Throws when it does not come up. */
  start(origin: Origin, folder: string, children: Children): Promise<RunningPeer>
}

/** A proxy that accepts connections. */
export interface RunningPeer {
  readonly peer: Peer
  /** Where it takes which kind of line; those that have no port here are not for it. */
  readonly ports: Partial<Readonly<Record<Line['mode'], number>>>
  /** The one process that does the work. */
  readonly pid: number
}
