/** How far an exchange has come. HAProxy's second letter of the termination state. */
export type Phase =
  /** Its head is being looked at: rules and routes. R */
  | 'request'
  /** It waits for a free slot. Q */
  | 'queue'
  /** It is connecting to a server. C */
  | 'connect'
  /** It waits for the response's head. H */
  | 'response'
  /** Data is passing. D */
  | 'data'

/** What went wrong. Each kind has one row in the table of `outcome.ts`. */
export type FailureKind =
  | 'client-aborted'
  | 'client-timeout'
  | 'request-timeout'
  | 'bad-request'
  | 'target-too-long'
  | 'head-too-large'
  | 'unsupported'
  | 'no-route'
  | 'no-server'
  | 'queue-full'
  | 'queue-timeout'
  | 'connect-refused'
  | 'connect-timeout'
  | 'server-closed'
  | 'server-timeout'
  | 'bad-response'
  | 'server-lost'
  | 'shutdown'
  | 'server-down'
  | 'active-server-up'
  | 'callback-failed'
  | 'internal'

/** A try to a server that came to nothing, as its transport tells it. Retry safety rests on these facts. */
export interface TryFailure {
  readonly kind: 'connect-refused' | 'connect-timeout' | 'server-closed' | 'bad-response' | 'unsupported' | 'internal'
  /** Whether any byte of the request may have reached the server. */
  readonly sent: boolean
  /** Whether the connection had served an earlier request: then its death says little about the server. */
  readonly reused: boolean
  /** The system's or the parser's error, for the log. */
  readonly cause?: Error | undefined
}
