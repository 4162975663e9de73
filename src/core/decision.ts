import type { Backend } from './backend.js'
import type { Server } from './server.js'
import type { TraceStep } from './trace.js'

/** Where an exchange goes, and why. */
export interface Decision {
  /** The backend; undefined when no route matched and there is no default. */
  readonly backend: Backend | undefined
  /** The server; undefined when there is no backend, no usable server, or the exchange would wait in a queue. */
  readonly server: Server | undefined
  /** Whether the exchange would wait for a free slot. */
  readonly queued: boolean
  /** The status that the client would get at once; undefined when a server or the queue takes the exchange. */
  readonly status: number | undefined
  /** The steps that led here, in order. */
  readonly trace: readonly TraceStep[]
}
