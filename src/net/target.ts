import type { SendProxySettings } from '../core/send-proxy-options.js'
import type { Address } from '../util/address.js'
import type { ServerTls } from './server-tls.js'

/** A server as it is connected to. */
export interface Target {
  readonly address: Address
  /** What every connection begins with, if anything. */
  readonly sendProxy?: SendProxySettings | undefined
  /** The IP address that connections come from; undefined: as the system says. */
  readonly source?: string | undefined
  /** Undefined: connections are not TLS. */
  readonly tls?: ServerTls | undefined
}
