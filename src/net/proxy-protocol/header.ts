import type { ClientAddress } from '../../core/exchange-view.js'
import type { ProxiedConnection } from '../../core/proxied-connection.js'
import type { UnixAddress } from '../../util/address.js'

/** One end of a connection that a header tells of. */
export type ProxyEnd = ClientAddress | UnixAddress

/** What a PROXY protocol header says of the connection that somebody in front of us took. */
export interface ProxyHeader extends ProxiedConnection {
  /** Its length in bytes: what follows is the client's. */
  readonly length: number
  /** Who connected; undefined where the header names nobody (`UNKNOWN`, `LOCAL`): then the connection's own ends count. */
  readonly source: ProxyEnd | undefined
  /** What the client connected to. */
  readonly destination: ProxyEnd | undefined
}

/** What is wrong with the bytes in the place of a header, in HAProxy's distinctions. */
export type HeaderDefect = 'no-header' | 'invalid' | 'unknown-protocol'

/** The most bytes that a header of version 1 has, its line end included. */
export const longestText = 107

/** The most bytes that are taken for a header of version 2. Senders stay far below: the protocol asks for 536. */
export const longestBinary = 4096

/** What a header of version 2 begins with. */
export const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
