import { type CarrierLimit, carrierLimits } from '../../src/carrier-limits.js'
import {
  attachedHttp,
  attachedHttps,
  attachedNet,
  attachedTls,
  ownBind,
  requestListener,
  type Setup,
  throughDispatcher,
  throughUndici,
} from '../support/setups.js'

/** A way for requests to come in, and the carriers that they pass. */
export interface Combination {
  readonly name: string
  readonly setup: Setup
  /** Limits of any of them apply. */
  readonly carriers: readonly CarrierLimit['carrier'][]
}

function combine(setup: Setup, ...carriers: CarrierLimit['carrier'][]): Combination {
  return { name: `${setup.name} (${carriers.join(', ')})`, setup, carriers }
}

/** Every combination of a downstream carrier, as it can be set up, and a transport. */
export const combinations: readonly Combination[] = [
  combine(ownBind, 'http1'),
  combine(throughUndici(ownBind), 'http1', 'undici'),
  combine(throughDispatcher(ownBind), 'http1', 'undici', 'dispatcher'),
  combine(attachedNet, 'http1'),
  combine(attachedTls, 'http1'),
  combine(attachedHttp, 'node-http', 'http1'),
  combine(throughUndici(attachedHttps), 'node-http', 'undici'),
  combine(requestListener, 'handler', 'node-http', 'http1'),
]

/** The first limit that keeps a combination from any of these. */
export function limitOf({ carriers }: Combination, needs: readonly string[] = []): CarrierLimit | undefined {
  for (const missing of needs) {
    const limit = carrierLimits.find((row) => row.missing === missing && carriers.includes(row.carrier))
    if (limit !== undefined) return limit
  }
  return undefined
}
