import type { SendProxySettings } from '../core/send-proxy-options.js'
import type { Address } from '../util/address.js'
import type { ServerTls } from './server-tls.js'

/** A server as it is connected to. */
export interface Target {
  readonly address: Address
  /** What every connection begins with, if anything. */
  readonly sendProxy?: SendProxySettings | undefined
  /** Undefined: connections are not TLS. */
  readonly tls?: ServerTls | undefined
}
