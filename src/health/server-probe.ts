import type { ProbeResult } from '../core/check-result.js'
import type { Target } from '../net/target.js'

/** A probe of the library's own, which connects as exchanges do. */
export type ServerProbe = (target: Target, signal: AbortSignal) => Promise<ProbeResult>
