import type { RequestHead } from './message/head.js'
import type { ProxiedConnection } from './proxied-connection.js'
import type { ResponseView } from './response-view.js'
import type { TlsView } from './tls-view.js'

/** The client's end of a connection. */
export interface ClientAddress {
  /** The IP address as text, IPv4-mapped IPv6 written as IPv4; empty for a Unix socket. */
  readonly address: string
  readonly port: number
}

/** What conditions, actions and balancers may see of an exchange. In TCP mode everything of HTTP is empty. */
export interface ExchangeView {
  /** The request's method, as received; empty in TCP mode. */
  readonly method: string
  /** The request target exactly as received. */
  readonly target: string
  /** The target's path, as received: no query, no scheme and authority, nothing decoded. HAProxy: `path`. */
  readonly path: string
  /** The target's query as received, without `?`; empty when there is none. HAProxy: `query`. */
  readonly query: string
  /** The host asked for, in lower case and without port; IPv6 in brackets. HAProxy: `req.hdr(host),host_only`. */
  readonly host: string
  /** The value of the first field of that name, in any case; `undefined` when there is none. */
  header(name: string): string | undefined
  /** The values of all fields of that name, in the order received. */
  headers(name: string): readonly string[]
  /** Where the request comes from: the client of the connection, or the one that a trusted proxy named. */
  readonly source: ClientAddress
  /** Whether the client's connection is TLS. */
  readonly secure: boolean
  /** What is known of the TLS of the client's connection; undefined when it is not TLS. */
  readonly tls?: TlsView | undefined
  /**
   * What a PROXY protocol header told of the client's connection, beside its address; undefined when it came with none.
   * HAProxy: `fc_rcvd_proxy`, `fc_pp_authority`, `fc_pp_unique_id`.
   */
  readonly proxied?: ProxiedConnection | undefined
  /**
   * The first bytes of the request's body, in TCP mode of the connection, as far as a balancer wanted to see them before
   * it chose; undefined when none did. HAProxy: `req.body`, `req.payload`.
   */
  readonly payload?: Uint8Array | undefined
  /**
   * For a condition that can't tell before more of the payload is there: in TCP mode the choice of a route waits for it,
   * as long as the frontend's `inspectDelay` allows, and asks again; what the condition says now does not count. When
   * there is nothing more to come, that counts.
   */
  awaitPayload?(): void
  /** The server's response, for what is asked when it is there: stick rules that store from it. */
  readonly response?: ResponseView | undefined
}

/** The view over a request's head. Parts are worked out when somebody looks at them, once. */
export class RequestView implements ExchangeView {
  response: ResponseView | undefined = undefined
  payload: Uint8Array | undefined = undefined
  /** A condition could not tell, for want of payload. */
  isPayloadAwaited = false
  #path: string | undefined
  #query = ''
  #host: string | undefined

  constructor(
    readonly head: RequestHead | undefined,
    readonly source: ClientAddress,
    readonly secure: boolean,
    /** The client's connection, as far as it says which server knows the client, and what TLS and a header in front tell. */
    readonly session?: {
      readonly boundTo: object | undefined
      readonly tls?: TlsView | undefined
      readonly proxied?: ProxiedConnection | undefined
    },
  ) {}

  get proxied(): ProxiedConnection | undefined {
    return this.session?.proxied
  }

  get tls(): TlsView | undefined {
    return this.session?.tls
  }

  awaitPayload(): void {
    this.isPayloadAwaited = true
  }

  get method(): string {
    return this.head?.method ?? ''
  }

  get target(): string {
    return this.head?.target ?? ''
  }

  get path(): string {
    if (this.#path === undefined) this.#splitTarget()
    return this.#path!
  }

  get query(): string {
    if (this.#path === undefined) this.#splitTarget()
    return this.#query
  }

  get host(): string {
    this.#host ??= hostOf(authorityOf(this.method, this.target) ?? this.head?.get('host') ?? '')
    return this.#host
  }

  header(name: string): string | undefined {
    return this.head?.get(name.toLowerCase())
  }

  headers(name: string): readonly string[] {
    return this.head?.getAll(name.toLowerCase()) ?? []
  }

  #splitTarget(): void {
    const target = this.target.startsWith('/') ? this.target : afterAuthority(this.target)
    const mark = target.indexOf('?')
    this.#path = mark < 0 ? target : target.slice(0, mark)
    this.#query = mark < 0 ? '' : target.slice(mark + 1)
  }
}

/** A view of nothing. */
export const noExchange: ExchangeView = new RequestView(undefined, { address: '', port: 0 }, false)

const absoluteForm = /^[a-z][a-z0-9+.-]*:\/\/([^/?]*)/i

/** What an absolute-form target has after its authority; nothing of `*` and of CONNECT's `host:port`. */
function afterAuthority(target: string): string {
  const absolute = absoluteForm.exec(target)
  if (absolute === null) return ''
  const rest = target.slice(absolute[0].length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** RFC 9112 3.2.2 and 3.2.3: where the target has an authority, that counts, not the Host field. */
function authorityOf(method: string, target: string): string | undefined {
  if (target.startsWith('/')) return undefined
  const authority = absoluteForm.exec(target)?.[1] ?? (method === 'CONNECT' ? target : undefined)
  return authority?.slice(authority.lastIndexOf('@') + 1)
}

function hostOf(authority: string): string {
  const lower = authority.toLowerCase()
  const colon = lower.lastIndexOf(':')
  // A colon before `]` is one of an IPv6 address.
  return colon > lower.lastIndexOf(']') ? lower.slice(0, colon) : lower
}
