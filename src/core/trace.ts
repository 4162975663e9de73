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
    }
