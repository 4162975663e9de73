/** The server that every proxy forwards to: one process, three ports. */
export interface Origin {
  readonly name: string
  readonly version: string
  readonly ports: readonly number[]
}
