/** HAProxy's word for how a check ended: layer and outcome. */
export type CheckStatus =
  /** An error of our own before or after the exchange, such as a probe that threw. */
  | 'SOCKERR'
  /** The TCP connection stands; timed out; was refused or the server is unreachable. */
  | 'L4OK'
  | 'L4TOUT'
  | 'L4CON'
  /** TLS stands; came too late; came to nothing, such as by a certificate that is not good. */
  | 'L6OK'
  | 'L6TOUT'
  | 'L6RSP'
  /** The application answered well; too late; unreadably or not as expected; with another status. */
  | 'L7OK'
  | 'L7TOUT'
  | 'L7RSP'
  | 'L7STS'

/** What a probe found. */
export interface ProbeResult {
  readonly passed: boolean
  readonly status: CheckStatus
  /** The response's status code, for an HTTP check that got one. */
  readonly code?: number | undefined
  /** What was found, in words: `HTTP status 500`, `connection refused`. */
  readonly reason: string
}

/** What one check found, and how long it took. */
export interface CheckResult extends ProbeResult {
  /** Milliseconds from its start to its end. */
  readonly duration: number
}
