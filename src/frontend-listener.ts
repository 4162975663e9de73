import { activate } from './activation.js'
import type { Frontend } from './core/frontend.js'
import { Http1Carrier } from './http1/http1-carrier.js'
import type { ConnectionSet } from './net/connection-set.js'
import type { Bound } from './net/listen-at.js'
import { Listener } from './net/listener.js'
import { TcpCarrier } from './tcp/tcp-carrier.js'
import type { Address } from './util/address.js'

/** A frontend at its own addresses: the listeners, and the carrier that their connections go to. */
export class FrontendListener {
  readonly #connections: ConnectionSet
  readonly #listeners: readonly Listener[]
  readonly #release: () => void

  constructor(frontend: Frontend, binds: readonly Address[]) {
    const carrier = frontend.settings.mode === 'tcp' ? new TcpCarrier(frontend) : new Http1Carrier(frontend)
    this.#connections = carrier.connections
    this.#listeners = binds.map((bind) => new Listener(bind, frontend, (socket) => carrier.accept(socket)))
    this.#release = activate(frontend)
  }

  async listen(): Promise<void> {
    for (const listener of this.#listeners) await listener.listen()
  }

  /** What was bound, in the order of the binds. */
  addresses(): Bound[] {
    return this.#listeners.map((listener) => listener.address()).filter((address) => address !== undefined)
  }

  /** Accepts no more, and lets what is under way finish; resolves when it has. */
  drain(): Promise<void> {
    for (const listener of this.#listeners) listener.close()
    this.#connections.drain()
    return this.#connections.emptied()
  }

  /** Ends whatever is left, and lets go of the backends. */
  stop(): void {
    for (const listener of this.#listeners) listener.close()
    this.#connections.shutDown()
    this.#release()
  }
}
