import type { TestContext } from 'node:test'
import { readResponse } from '../support/http-message.js'
import { closedAddress } from '../support/loopback.js'
import { connect } from '../support/raw-client.js'
import { RawOrigin } from '../support/raw-origin.js'
import { fieldsOf } from './pair.js'
import { type Side, startBoth, type Twins } from './side-by-side.js'

/** A request; what is left out is of no matter. */
export interface Asking {
  readonly method?: string
  readonly target?: string
  readonly fields?: readonly string[]
}

/** What becomes of a request, in words that both proxies have. */
export interface Made {
  /** Who answered; empty: the proxy itself. */
  readonly server: string
  readonly status: number
  /** The fields that the server got, and those that the client got. */
  readonly request: readonly string[]
  readonly response: readonly string[]
  readonly termination: string
  readonly redispatched: boolean
}

/** Both proxies in front of servers that say their names; those called `dead…` refuse connections. */
export class BoundPair {
  /** Fields of the servers' responses. */
  says: readonly string[] = []
  /** The fields of the request that a server got last. */
  #received: readonly string[] = []
  #sides: readonly Side[] = []
  readonly #held: (() => void)[] = []
  readonly #t: TestContext

  private constructor(t: TestContext) {
    this.#t = t
  }

  static async start(t: TestContext, names: readonly string[], twins: Omit<Twins, 'servers'>): Promise<BoundPair> {
    const pair = new BoundPair(t)
    const servers: Record<string, string> = {}
    for (const name of names) {
      servers[name] = name.startsWith('dead') ? `127.0.0.1:${(await closedAddress()).port}` : await pair.#serve(name)
    }
    pair.#sides = await startBoth(t, { ...twins, servers })
    return pair
  }

  async #serve(name: string): Promise<string> {
    const origin = await RawOrigin.listen(this.#t)
    origin.answerAll(async (request) => {
      if (request.startLine.includes(' /hold ')) await new Promise<void>((resolve) => this.#held.push(resolve))
      this.#received = fieldsOf(request)
      const fields = [`X-Server: ${name}`, 'Date: Thu, 01 Jan 1970 00:00:00 GMT', ...this.says, 'Content-Length: 2']
      return `HTTP/1.1 200 OK\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\nok`
    })
    return origin.address
  }

  /** Asks both, HAProxy first. */
  async ask(asking: Asking = {}): Promise<readonly [haproxy: Made, own: Made]> {
    return this.each((side) => this.askOne(side, asking))
  }

  /** Does the same with both, one after the other. */
  async each<T>(act: (side: Side) => Promise<T>): Promise<readonly [haproxy: T, own: T]> {
    const [haproxy, own] = this.#sides
    return [await act(haproxy!), await act(own!)]
  }

  /** Lets servers answer what they hold back: requests for `/hold`. */
  release(): void {
    for (const answer of this.#held.splice(0)) answer()
  }

  async askOne(side: Side, { method = 'GET', target = '/', fields = [] }: Asking): Promise<Made> {
    const wire = await connect(this.#t, { port: side.port })
    const length = method === 'POST' ? ['Content-Length: 0'] : []
    const lines = [`${method} ${target} HTTP/1.1`, 'Host: a.test', ...length, ...fields]
    this.#received = []
    wire.send(`${lines.map((line) => `${line}\r\n`).join('')}\r\n`)
    const response = await readResponse(wire, method)
    wire.close()
    const { termination, redispatched } = await side.logged()
    const server = response.get('x-server') ?? ''
    return {
      server,
      status: response.status,
      request: this.#received,
      response: server === '' ? [] : fieldsOf(response),
      termination,
      redispatched,
    }
  }

  /** How many requests servers hold back. */
  get held(): number {
    return this.#held.length
  }

  async order(server: string, state: 'ready' | 'drain' | 'maintenance'): Promise<void> {
    for (const side of this.#sides) await side.order(server, state)
  }
}
