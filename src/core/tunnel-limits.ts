import type { BackendSettings } from './backend-options.js'
import type { TunnelLimits } from './carrier.js'
import type { FrontendSettings } from './frontend-options.js'

/** The limits of a tunnel between a client of the one and a server of the other. */
export function tunnelLimits(
  { timeout: entering }: FrontendSettings,
  { timeout: serving }: BackendSettings,
): TunnelLimits {
  return { idle: serving.tunnel, clientFin: entering.clientFin, serverFin: serving.serverFin }
}
