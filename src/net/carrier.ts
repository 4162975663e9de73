import type { Arrival } from './arrival.js'
import type { ConnectionSet } from './connection-set.js'

/** Serves one protocol on connections that somebody else accepted. */
export interface Carrier {
  readonly connections: ConnectionSet
  /** Takes one connection; one that is gone already is none. */
  accept(arrival: Arrival): void
}
