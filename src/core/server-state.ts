/**
 * What a server is able to do, as checks measured it. (HAProxy's `SRV_ST_*`; its STARTING and STOPPING come with slow
 * start and with checks that ask for them.)
 */
export type OperationalState = 'running' | 'stopped'

/** What a person ordered. It says nothing of the server's health. HAProxy: `set server state`. */
export type AdministrativeState =
  /** Normal service. */
  | 'ready'
  /** No new traffic but that which persistence sends here; checks go on. */
  | 'drain'
  /** No traffic at all, and no checks. */
  | 'maintenance'

/** A server's two states. They change through {@link transition} alone. */
export interface ServerState {
  readonly operational: OperationalState
  readonly administrative: AdministrativeState
}

/** What can happen to a server. */
export type ServerEvent = 'rose' | 'fell' | AdministrativeState

/**
 * The state after an event; the same object when nothing changed. A server that leaves maintenance is taken to be up:
 * checks were off, so what they last said is stale.
 */
export function transition(state: ServerState, event: ServerEvent): ServerState {
  switch (event) {
    case 'rose':
      return state.operational === 'running' ? state : { ...state, operational: 'running' }
    case 'fell':
      return state.operational === 'stopped' ? state : { ...state, operational: 'stopped' }
    case 'ready':
    case 'drain':
    case 'maintenance':
      if (state.administrative === event) return state
      if (state.administrative === 'maintenance') return { operational: 'running', administrative: event }
      return { ...state, administrative: event }
  }
}
