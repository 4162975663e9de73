import type { Frontend } from './core/frontend.js'
import type { Opening } from './net/openings.js'
import type { AcceptProxySettings } from './net/proxy-protocol/accept-options.js'
import { receiveHeader } from './net/proxy-protocol/receive-header.js'

/** The step that reads the PROXY protocol headers of a frontend's connections. */
export function proxyHeaderStep(frontend: Frontend, accepted: AcceptProxySettings): Opening {
  const { clock, counters, settings } = frontend
  return receiveHeader(accepted, {
    clock,
    timeout: settings.timeout.clientHandshake,
    refused: (client, reason) => {
      counters.proxyHeaderErrors++
      frontend.notify('connection:refused', { frontend, client, reason })
    },
  })
}
