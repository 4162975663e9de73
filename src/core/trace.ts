/** One step on the way to a decision, and why it went as it did. */
export type TraceStep =
  | {
      readonly step: 'route'
      /** Its place among the frontend's routes, from 0. */
      readonly index: number
      readonly backend: string
      /** What its condition asks, in words. */
      readonly condition: string
      readonly matched: boolean
    }
  | { readonly step: 'default-backend'; readonly backend: string | undefined }
  | { readonly step: 'persistence'; readonly result: 'none'; readonly reason: string }
  | PersistenceStep
  | {
      readonly step: 'balance'
      readonly algorithm: string
      /** The names of the servers that could be chosen. */
      readonly candidates: readonly string[]
      /** Those of them that have no free slot: most algorithms pass over them. */
      readonly full: readonly string[]
      /** The others, and why they could not. */
      readonly excluded: readonly { readonly server: string; readonly reason: string }[]
      /** The chosen server; undefined when none had room or none was usable. */
      readonly server: string | undefined
      /** What the algorithm went by: its turn, load, slot or draw. */
      readonly reason: string
    }
  | {
      /** The exchange would wait: for the chosen server, or for any of the backend's. */
      readonly step: 'queue'
      readonly of: 'server' | 'backend'
      /** Whose queue it is. */
      readonly name: string
      /** How many wait there already. */
      readonly ahead: number
      /** Whether nobody else may wait there: the exchange is refused, or balanced where persistence led it there. */
      readonly isFull: boolean
    }

/** Something that could have kept the exchange on a server, and what came of it. */
export interface PersistenceStep {
  readonly step: 'persistence'
  /** What was looked at. */
  readonly kind: 'use-server' | 'cookie' | 'app-session' | 'stick'
  /** What was looked up: the value of the cookie, the session's id, the key; undefined for a rule that has none. */
  readonly key: unknown
  /** The name of the server that it stands for. */
  readonly server: string | undefined
  /**
   * `matched`: the exchange goes to that server. `down`: that server takes no traffic. `unknown`: it stands for no
   * server. `expired`: it is too old. `ignored`: it does not count here.
   */
  readonly result: 'matched' | 'down' | 'unknown' | 'expired' | 'ignored'
  readonly reason: string
}
