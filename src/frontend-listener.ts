import { activate } from './activation.js'
import { Carriers } from './carriers.js'
import type { Frontend } from './core/frontend.js'
import type { BindSettings } from './net/bind-options.js'
import type { Bound } from './net/listen-at.js'
import { Listener } from './net/listener.js'
import type { Opening } from './net/openings.js'
import { proxyHeaderStep } from './proxy-header-step.js'

/** A frontend at its own addresses: the listeners, and the carriers that their connections go to. */
export class FrontendListener {
  readonly #carriers: Carriers
  readonly #listeners: readonly Listener[]
  readonly #release: () => void

  constructor(frontend: Frontend, binds: readonly BindSettings[]) {
    this.#carriers = new Carriers(frontend)
    this.#listeners = binds.map(
      (bind) => new Listener(bind, frontend, openingsOf(frontend, bind), (arrival) => this.#carriers.accept(arrival)),
    )
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

/** What a connection to this bind goes through before it is served, in order. */
function openingsOf(frontend: Frontend, { acceptProxy }: BindSettings): readonly Opening[] {
  return acceptProxy === undefined ? [] : [proxyHeaderStep(frontend, acceptProxy)]
}
