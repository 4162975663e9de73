import type { Backend } from './backend.js'
import type { Downstream, OutgoingRequest } from './carrier.js'
import type { ExchangeView, RequestView } from './exchange-view.js'
import type { FrontendSettings } from './frontend-options.js'
import { applyForwarding } from './message/forwarded.js'
import type { RequestHead } from './message/head.js'
import { HeadEdits } from './message/head-edits.js'
import { hostOf } from './message/host-conflict.js'
import { RawResponseHead } from './message/raw-head.js'
import { Payload, type PayloadAsker, type PayloadDone } from './payload.js'
import type { Server } from './server.js'
import type { Session } from './session.js'

/** What goes out of a request: the received head, and over it the edits made once and those made for each try. */
export class Outgoing implements OutgoingRequest {
  mayReuse = false
  isRetry = false
  closes = false
  /** What came before a server was chosen, where the choice wanted to see it: every try begins with it. */
  payload: Payload | undefined
  /** The client waits for a 100 that the server is to send. */
  awaitsContinue = false
  /** The client waits for a 100, and the transport can't ask the server for it. */
  #answersContinue = false
  readonly #edits = new HeadEdits()
  readonly #tryEdits = new HeadEdits()
  readonly requestEdits: readonly HeadEdits[] = [this.#edits, this.#tryEdits]
  readonly #isFirst: boolean

  constructor(
    readonly head: RequestHead | undefined,
    readonly session: Session,
  ) {
    this.#isFirst = session.exchangeBegan()
  }

  /** Makes the edits that hold for every try. */
  prepare(
    head: RequestHead,
    view: ExchangeView,
    settings: FrontendSettings,
    persistence: Backend['persistence'],
  ): void {
    const { client, localPort } = this.session
    applyForwarding(this.#edits, head, view, client, localPort, settings)
    persistence?.clean(head, this.#edits)
    this.closes = settings.httpServerClose || settings.httpClose
  }

  /**
   * Settles which connections the next try may ride on. Of a later request than its first a client knows that a kept
   * connection may be gone; the first one must be fit to be sent again.
   */
  ride(isReplayable: boolean, retries: number): void {
    this.mayReuse = !this.#isFirst || isReplayable
    this.isRetry = retries > 0
  }

  /** Makes those for a try with `server`, afresh. */
  address(server: Server, settings: Backend['settings'], carriesExpect: boolean): void {
    const { host, sendServerName } = settings
    this.#tryEdits.clear()
    if (settings.httpServerClose || settings.httpClose) this.closes = true
    if (host !== 'client') this.#tryEdits.set('Host', host === 'server' ? hostOf(server.address) : host)
    if (sendServerName !== undefined) this.#tryEdits.set(sendServerName, server.name)
    const { head } = this
    if (this.payload !== undefined) this.#tryEdits.remove('expect')
    else if (head !== undefined && (head.bodyLength !== 0 || !carriesExpect)) this.#expect(head, carriesExpect)
  }

  /** Lets the client send what `asker` wants to see, until `due` at most: see {@link Payload.read}. */
  readPayload(client: Downstream, view: RequestView, asker: PayloadAsker, due: number, done: PayloadDone): void {
    this.payload ??= new Payload(client, view)
    if (this.head?.expectsContinue) client.informational(continueResponse)
    this.payload.read(asker, due, done)
  }

  /** What the next try is to begin with: what came before a server was chosen, and what was kept since. */
  payloadAnd(kept: Buffer | undefined): Buffer | undefined {
    return this.payload === undefined ? kept : this.payload.followedBy(kept)
  }

  #expect(head: RequestHead, carriesExpect: boolean): void {
    this.awaitsContinue = carriesExpect && head.expectsContinue
    this.#answersContinue = !carriesExpect && head.expectsContinue
    if (!carriesExpect && head.get('expect') !== undefined) this.#tryEdits.remove('expect')
  }

  /** Lets the request's body come from a client that has been told to send it, if it waits for that. */
  letBodyCome(client: Downstream): void {
    if (this.#answersContinue) client.informational(continueResponse)
    client.resumeBody()
  }
}

const continueResponse = new RawResponseHead(100, 'Continue', [], '')
