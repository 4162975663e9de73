import type { Duplex } from 'node:stream'
import type { TrackedEntry } from '../sticky-table/tracked-entry.js'
import type { ClientAddress } from './exchange-view.js'
import type { ProxiedConnection } from './proxied-connection.js'
import type { TlsView } from './tls-view.js'

/** Who counts sessions: a frontend. */
export interface SessionOwner {
  sessionClosed(): void
}

/** What is known of a connection beside its client: servers may be told of it. */
export interface ConnectionOrigin {
  readonly socket: Duplex
  /** The IP address that the client connected to; empty for a Unix socket. */
  readonly localAddress: string
  /** What its PROXY protocol header told, where it came with one. */
  readonly proxied?: ProxiedConnection | undefined
  /** What is known of its TLS; undefined: it is not TLS. */
  readonly tls?: TlsView | undefined
}

/** An idle server connection that serves one client connection alone. */
export interface OwnConnection {
  /** Who made it, and takes it up again. */
  readonly owner: object
  /** The server that knows the client by it; undefined: it is one like others. */
  readonly boundTo: object | undefined
  destroy(): void
}

/** How many of them one client connection may have. HAProxy's. */
const mostOwn = 5

/** One client connection. */
export class Session {
  /** The entries of stick tables that follow the connection. */
  tracked: readonly TrackedEntry[] = none
  #isOpen = true
  #hasExchanges = false
  /** The idle server connections that are this client's alone; the youngest stand last. */
  #own: OwnConnection[] | undefined

  constructor(
    private readonly owner: SessionOwner,
    /** The other end of the connection. */
    readonly client: ClientAddress,
    /** The port that the client connected to; 0 for a Unix socket. */
    readonly localPort: number,
    readonly secure: boolean,
    /** Undefined for a session that no connection is behind. */
    readonly origin?: ConnectionOrigin,
  ) {}

  /** What is known of its TLS, where it is TLS and somebody knows. */
  get tls(): TlsView | undefined {
    return this.origin?.tls
  }

  /** What the PROXY protocol header told that it came with, if it did. */
  get proxied(): ProxiedConnection | undefined {
    return this.origin?.proxied
  }

  /** Says whether it is the session's first exchange that begins. */
  exchangeBegan(): boolean {
    const isFirst = !this.#hasExchanges
    this.#hasExchanges = true
    return isFirst
  }

  /** Keeps an idle server connection for this client alone. False: there is no client any more, or it has enough. */
  keep(connection: OwnConnection): boolean {
    this.#own ??= []
    if (!this.#isOpen || this.#own.length === mostOwn) return false
    this.#own.push(connection)
    return true
  }

  /** Takes up again the youngest that `owner` made. */
  takeOwn(owner: object): OwnConnection | undefined {
    const place = this.#own?.findLastIndex((connection) => connection.owner === owner) ?? -1
    return place < 0 ? undefined : this.#own!.splice(place, 1)[0]
  }

  /** The server that knows this client by a connection that it has. */
  get boundTo(): object | undefined {
    return this.#own?.findLast(({ boundTo }) => boundTo !== undefined)?.boundTo
  }

  /** Forgets a server connection that is gone. */
  forget(connection: OwnConnection): void {
    const place = this.#own?.indexOf(connection) ?? -1
    if (place >= 0) this.#own!.splice(place, 1)
  }

  /** The connection is gone; a second call does nothing. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    for (const entry of this.tracked) entry.release()
    this.owner.sessionClosed()
    for (const connection of this.#own?.splice(0) ?? []) connection.destroy()
  }
}

const none: readonly TrackedEntry[] = []
