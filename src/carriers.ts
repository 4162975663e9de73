import type { Frontend } from './core/frontend.js'
import { Http1Carrier } from './http1/http1-carrier.js'
import { Http2Carrier } from './http2/http2-carrier.js'
import type { Arrival } from './net/arrival.js'
import type { Carrier } from './net/carrier.js'
import { TcpCarrier } from './tcp/tcp-carrier.js'

/**
 * The carriers of one frontend, by the protocol that each serves. They don't know each other: whatever hands a
 * connection from one to another does so here.
 */
export class Carriers {
  /** By the protocol's name in ALPN, the preferred first; none in TCP mode, where every protocol is the same. */
  readonly #byProtocol: ReadonlyMap<string, Carrier>
  /** Serves what names no protocol. */
  readonly #usual: Carrier

  constructor(frontend: Frontend) {
    const isTcp = frontend.settings.mode === 'tcp'
    const http2 = isTcp || frontend.settings.http2 === undefined ? undefined : new Http2Carrier(frontend)
    this.#usual = isTcp
      ? new TcpCarrier(frontend)
      : new Http1Carrier(frontend, http2 && ((arrival, session) => http2.accept(arrival, session)))
    const byProtocol = new Map<string, Carrier>()
    if (http2 !== undefined) byProtocol.set('h2', http2)
    if (!isTcp) byProtocol.set('http/1.1', this.#usual)
    this.#byProtocol = byProtocol
  }

  /** The names of the protocols, the preferred first. */
  get protocols(): readonly string[] {
    return [...this.#byProtocol.keys()]
  }

  /** Hands a connection to the carrier of `protocol`: by default that which client and server agreed on by ALPN. */
  accept(arrival: Arrival, protocol = agreedProtocol(arrival)): void {
    const carrier = protocol === undefined ? undefined : this.#byProtocol.get(protocol)
    ;(carrier ?? this.#usual).accept(arrival)
  }

  /** Lets what is under way finish. */
  drain(): void {
    for (const { connections } of this.#all) connections.drain()
  }

  /** Resolves as soon as no connection is open. */
  async emptied(): Promise<void> {
    await Promise.all(this.#all.map(({ connections }) => connections.emptied()))
  }

  /** Ends every connection now. */
  shutDown(): void {
    for (const { connections } of this.#all) connections.shutDown()
  }

  get #all(): readonly Carrier[] {
    return [...new Set([this.#usual, ...this.#byProtocol.values()])]
  }
}

function agreedProtocol({ tls }: Arrival): string | undefined {
  return tls?.alpn || undefined
}
