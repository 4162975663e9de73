import type { Socket } from 'node:net'
import { activate } from './activation.js'
import type { Frontend } from './core/frontend.js'
import { Listener } from './net/listener.js'
import { InjectedServer } from './node-http/injected-server.js'
import { TcpCarrier } from './tcp/tcp-carrier.js'
import type { Address } from './util/address.js'

/** What a proxy asks of a carrier. */
interface Carrier {
  readonly size: number
  drain(): void
  destroy(): void
}

/** A frontend at its own addresses: the listeners, and the carrier that their connections go to. */
export class FrontendListener {
  readonly #carrier: Carrier
  readonly #listeners: readonly Listener[]
  readonly #release: () => void

  constructor(frontend: Frontend, binds: readonly Address[]) {
    const { carrier, accept } = carrierFor(frontend)
    this.#carrier = carrier
    this.#listeners = binds.map((bind) => new Listener(bind, frontend, accept))
    this.#release = activate(frontend)
  }

  async listen(): Promise<void> {
    for (const listener of this.#listeners) await listener.listen()
  }

  /** What was bound, in the order of the binds. */
  addresses(): NonNullable<ReturnType<Listener['address']>>[] {
    return this.#listeners.map((listener) => listener.address()).filter((address) => address !== undefined)
  }

  /** Open connections. */
  get size(): number {
    return this.#carrier.size
  }

  /** Accepts no more, and lets what is under way finish. */
  drain(): void {
    for (const listener of this.#listeners) listener.close()
    this.#carrier.drain()
  }

  /** Ends whatever is left, and lets go of the backends. */
  stop(): void {
    this.#carrier.destroy()
    this.#release()
  }
}

function carrierFor(frontend: Frontend): { carrier: Carrier; accept: (socket: Socket) => void } {
  if (frontend.settings.mode === 'tcp') {
    const carrier = new TcpCarrier(frontend)
    return { carrier, accept: (socket) => carrier.accept(socket) }
  }
  const injected = new InjectedServer(frontend)
  return { carrier: injected.carrier, accept: (socket) => injected.accept(socket) }
}
