import type { Backend } from './backend.js'
import type { OutgoingRequest } from './carrier.js'
import type { ExchangeView } from './exchange-view.js'
import type { FrontendSettings } from './frontend-options.js'
import { applyForwarding } from './message/forwarded.js'
import type { RequestHead } from './message/head.js'
import { HeadEdits } from './message/head-edits.js'
import { hostOf } from './message/host-conflict.js'
import type { Server } from './server.js'
import type { Session } from './session.js'

/** What goes out of a request: the received head, and over it the edits made once and those made for each try. */
export class Outgoing implements OutgoingRequest {
  /**
   * A session's first request rides on a connection that served before only if it could be sent again; of a later one
   * its client knows that a kept connection may be gone. HAProxy: `http-reuse safe`, and a little more.
   */
  mayReuse = false
  readonly #edits = new HeadEdits()
  readonly #tryEdits = new HeadEdits()
  readonly requestEdits: readonly HeadEdits[] = [this.#edits, this.#tryEdits]

  constructor(readonly head: RequestHead | undefined) {}

  /** Makes the edits that hold for every try. */
  prepare(
    head: RequestHead,
    view: ExchangeView,
    { client, localPort }: Session,
    settings: FrontendSettings,
    persistence: Backend['persistence'],
  ): void {
    applyForwarding(this.#edits, head, view, client, localPort, settings)
    persistence?.clean(head, this.#edits)
  }

  /** Makes those for a try with `server`, afresh. */
  address(server: Server, { host, sendServerName }: Backend['settings'], carriesExpect: boolean): void {
    this.#tryEdits.clear()
    if (host !== 'client') this.#tryEdits.set('Host', host === 'server' ? hostOf(server.address) : host)
    if (sendServerName !== undefined) this.#tryEdits.set(sendServerName, server.name)
    if (!carriesExpect && this.head?.expectsContinue) this.#tryEdits.remove('expect')
  }
}
