import { activate } from './activation.js'
import { Carriers } from './carriers.js'
import type { Frontend } from './core/frontend.js'
import type { BindSettings } from './net/bind-options.js'
import type { Bound } from './net/listen-at.js'
import { Listener } from './net/listener.js'
import type { Opening } from './net/openings.js'
import { TlsGate } from './net/tls-gate.js'
import { proxyHeaderStep } from './proxy-header-step.js'

/** A frontend at its own addresses: the listeners, and the carriers that their connections go to. */
export class FrontendListener {
  readonly #carriers: Carriers
  readonly #listeners: readonly Listener[]
  readonly #release: () => void

  constructor(frontend: Frontend, binds: readonly BindSettings[]) {
    this.#carriers = new Carriers(frontend)
    this.#listeners = binds.map(
      (bind) =>
        new Listener(bind, frontend, this.#openingsOf(bind, frontend), (arrival) => this.#carriers.accept(arrival)),
    )
    this.#release = activate(frontend)
  }

  /** What a connection to this bind goes through before it is served, in order. */
  #openingsOf({ acceptProxy, tls }: BindSettings, frontend: Frontend): readonly Opening[] {
    const { settings, clock, counters } = frontend
    const steps: Opening[] = []
    if (acceptProxy !== undefined) steps.push(proxyHeaderStep(frontend, acceptProxy))
    if (tls !== undefined) {
      const { protocols } = this.#carriers
      steps.push(new TlsGate(tls, { clock, timeout: settings.timeout.clientHandshake, protocols, counters }).open)
    }
    return steps
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
    this.#carriers.drain()
    return this.#carriers.emptied()
  }

  /** Ends whatever is left, and lets go of the backends. */
  stop(): void {
    for (const listener of this.#listeners) listener.close()
    this.#carriers.shutDown()
    this.#release()
  }
}
