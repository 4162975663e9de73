import type { Server, Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import { type Arrival, arrivalOf } from './arrival.js'
import type { Admission } from './listener.js'
import { type Opening, Openings } from './openings.js'

/** Takes the connections of a server that the application owns, after `steps`, in order, until the returned function is called. */
export function acceptFrom(
  server: Server,
  admission: Admission,
  steps: readonly Opening[],
  accept: (arrival: Arrival) => void,
): () => void {
  const openings = new Openings(steps, admission.limits, accept)
  const event = server instanceof TlsServer ? 'secureConnection' : 'connection'
  const listener = (socket: Socket): void => {
    if (admission.hasRoom) return openings.begin(arrivalOf(socket))
    // The application's server has accepted it already: over the limit there is nothing but to close.
    admission.counters.refusedConnections++
    socket.destroy()
  }
  server.on(event, listener)
  return () => {
    server.off(event, listener)
    openings.close()
  }
}
