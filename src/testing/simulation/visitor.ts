import type { Frontend, RouteRequest } from '../../index.js'
import { type AskedRequest, type HeadEdits, readRequest, type Session } from '../../seams.js'
import { OptionError } from '../../util/errors.js'
import { trafficPath } from './traffic.js'

/** One client: an address, a session that stays open, and the cookies that it was given. */
export class Visitor {
  readonly session: Session
  /** Answers that it got from servers. */
  answers = 0
  /** The fields of its next request. */
  fields: readonly string[]
  readonly #asked: AskedRequest
  readonly #cookies = new Map<string, string>()
  #server: object | undefined
  #hasMoved = false

  constructor(number: number, frontend: Frontend, requestOf: (client: number) => RouteRequest) {
    const path = `${trafficPath}.request(${number})`
    const request = { source: addressOf(number), ...requestOf(number) }
    const headers = { ...(hasHost(request.headers) ? {} : { Host: 'simulation.test' }), ...request.headers }
    this.#asked = readRequest({ ...request, headers }, path)
    if (this.#asked.head.bodyLength !== 0) throw new OptionError(path, request.headers, 'a request without a body')
    this.fields = this.#ownFields
    this.session = frontend.openSession(this.#asked.client, 80, this.#asked.secure)
  }

  get #ownFields(): string[] {
    return this.#asked.head.forwardedList([])
  }

  get method(): string {
    return this.#asked.head.method
  }

  get target(): string {
    return this.#asked.head.target
  }

  /** Whether all its answers came from one server. */
  get isLoyal(): boolean {
    return !this.#hasMoved
  }

  answeredBy(server: object): void {
    this.answers++
    this.#server ??= server
    if (server !== this.#server) this.#hasMoved = true
  }

  /** Keeps the cookies that a response brings. */
  keepCookies(edits: readonly HeadEdits[]): void {
    for (const { added } of edits) {
      for (let i = 0; i < added.length; i += 2) if (added[i]!.toLowerCase() === 'set-cookie') this.#keep(added[i + 1]!)
    }
  }

  #keep(cookie: string): void {
    const [, name, value] = /^([^=;]+)=([^;]*)/.exec(cookie) ?? []
    if (name === undefined || value === undefined) return
    // A cookie that is taken back comes without a value.
    if (value === '') this.#cookies.delete(name)
    else this.#cookies.set(name, value)
    this.fields = this.#ownFields
    if (this.#cookies.size === 0) return
    const cookies = [...this.#cookies].map((pair) => pair.join('='))
    this.fields = [...this.fields, 'Cookie', cookies.join('; ')]
  }
}

/** An address for each: 10.0.0.0 and on. */
function addressOf(number: number): string {
  return `10.${number >>> 16}.${(number >>> 8) & 255}.${number & 255}`
}

function hasHost(headers: Readonly<Record<string, unknown>> = {}): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === 'host')
}
