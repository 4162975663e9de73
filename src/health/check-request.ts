import type { Socket } from 'node:net'

/** The request of an HTTP check, complete. */
export interface CheckRequest {
  readonly method: string
  readonly path: string
  readonly host: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** Who is told of the response to a check. Once it has seen enough, calls change nothing. */
export interface ResponseListener {
  /** The status of the final response. */
  head(status: number): void
  data(chunk: Buffer): void
  end(): void
  /** The response is no HTTP or was cut short, or the connection broke. Nothing follows. */
  failed(error: Error): void
}

/** Sends a check's request over a connected, paused socket. The result closes the socket. */
export type SendRequest = (socket: Socket, request: CheckRequest, listener: ResponseListener) => () => void
