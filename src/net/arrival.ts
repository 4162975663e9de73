import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { ClientAddress } from '../core/exchange-view.js'
import type { ConnectionOrigin } from '../core/session.js'
import { normalizeAddress } from '../util/network.js'
import { ClientTls } from './client-tls.js'

/** An accepted connection on its way to its carrier, with what its session is told of it. */
export interface Arrival extends ConnectionOrigin {
  readonly socket: Socket
  /** Who connected. */
  readonly client: ClientAddress
  /** The port that the client connected to; 0 for a Unix socket. */
  readonly localPort: number
}

/** A connection as its socket tells of it. */
export function arrivalOf(socket: Socket): Arrival {
  const client = { address: normalizeAddress(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 }
  const localAddress = normalizeAddress(socket.localAddress ?? '')
  const tls = socket instanceof TLSSocket ? new ClientTls(socket) : undefined
  return { socket, client, localAddress, localPort: socket.localPort ?? 0, tls }
}
