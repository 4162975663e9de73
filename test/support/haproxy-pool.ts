import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { Haproxy } from './haproxy.js'

/** A server of a {@link HaproxyPool}: its weight, or more. */
export type HaproxyServer =
  | number
  | {
      readonly weight?: number
      readonly maxConnections?: number
      /** It refuses connections; HAProxy sends what it can't take elsewhere. */
      readonly refuses?: boolean
    }

/** What each backend of a {@link HaproxyFarm} is made of. */
export interface HaproxyBackend {
  /** HAProxy's `balance`, with its arguments. */
  readonly balance: string
  readonly servers: readonly HaproxyServer[]
}

/** One HAProxy with many backends, whose servers are called a, b, c and so on and answer with their names. */
export class HaproxyFarm {
  readonly haproxy: Haproxy
  readonly #origins: readonly Origin[]

  private constructor(haproxy: Haproxy, origins: readonly Origin[]) {
    this.haproxy = haproxy
    this.#origins = origins
  }

  static async start(t: TestContext, backends: readonly HaproxyBackend[]): Promise<HaproxyFarm> {
    const most = Math.max(...backends.map(({ servers }) => servers.length))
    const origins = await Promise.all(Array.from({ length: most }, (_, index) => Origin.listen(t, nameOf(index))))
    const haproxy = await Haproxy.start(t, (port, closedPort) => configuration(port, closedPort, backends, origins))
    return new HaproxyFarm(haproxy, origins)
  }

  /** The backend of that number. */
  pool(t: TestContext, index: number): HaproxyPool {
    return new HaproxyPool(t, this.haproxy, this.#origins, `be${index}`)
  }
}

/** One backend of a real HAProxy, under the operations that a `Pool` of test/balance has too. */
export class HaproxyPool {
  readonly #haproxy: Haproxy
  readonly #origins: readonly Origin[]
  readonly #backend: string
  /** One connection, so that a request is seen only after all of the one before it is over. */
  readonly #serial = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #held: { readonly server: string; finish(): Promise<void> }[] = []

  constructor(t: TestContext, haproxy: Haproxy, origins: readonly Origin[], backend: string) {
    this.#haproxy = haproxy
    this.#origins = origins
    this.#backend = backend
    t.after(() => this.#serial.destroy())
  }

  /** Sends requests one after the other; gives the names of the servers that answered, `-` for a 503. */
  async serve(count: number): Promise<string> {
    let names = ''
    for (let i = 0; i < count; i++) names += await this.#request('/', this.#serial)
    return names
  }

  /** Sends a request whose response the server holds back, and gives the server's name. */
  async hold(): Promise<string> {
    const arrival = Promise.race(this.#origins.map((origin) => origin.nextHeld()))
    const agent = new Agent({ keepAlive: false })
    const answer = this.#request('/hold', agent)
    const { origin, respond } = await Promise.race([
      arrival,
      answer.then((text) => {
        throw new Error(`haproxy answered ${text} before a server did`)
      }),
    ])
    const finish = async () => {
      const busy = await this.#served(origin.name)
      respond()
      await answer
      await this.#until(async () => (await this.#served(origin.name)) < busy)
    }
    this.#held.push({ server: origin.name, finish })
    return origin.name
  }

  /** Lets a server answer the request that it has held for longest. */
  async release(server: string): Promise<void> {
    const index = this.#held.findIndex((held) => held.server === server)
    const [held] = this.#held.splice(index, 1)
    if (index < 0 || held === undefined) throw new Error(`${server} holds nothing`)
    await held.finish()
  }

  async maintenance(server: string): Promise<void> {
    await this.#set(server, 'state maint')
  }

  async ready(server: string): Promise<void> {
    await this.#set(server, 'state ready')
  }

  async weigh(server: string, weight: number): Promise<void> {
    await this.#set(server, `weight ${weight}`)
  }

  async #set(server: string, change: string): Promise<void> {
    const answer = await this.#haproxy.command(`set server ${this.#backend}/${server} ${change}`)
    if (answer !== '') throw new Error(`haproxy refused ${change}: ${answer}`)
  }

  async #served(server: string): Promise<number> {
    return Number((await this.#haproxy.statistics(this.#backend, server)).scur)
  }

  async #until(condition: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 10_000
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error('haproxy did not get there in ten seconds')
      await wait(1)
    }
  }

  async #request(path: string, agent: Agent): Promise<string> {
    const { port } = this.#haproxy
    const headers = { 'x-backend': this.#backend }
    const request = get({ port, host: '127.0.0.1', path, agent, headers })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    let body = ''
    for await (const part of response.setEncoding('utf8')) body += part
    if (response.statusCode === 503) return '-'
    if (response.statusCode !== 200) throw new Error(`haproxy answered ${response.statusCode}`)
    return body
  }
}

interface Held {
  readonly origin: Origin
  respond(): void
}

/** A server that answers with its name, and holds back the response to `/hold`. */
class Origin {
  #onHeld: ((held: Held) => void) | undefined

  private constructor(
    readonly name: string,
    readonly port: number,
  ) {}

  static async listen(t: TestContext, name: string): Promise<Origin> {
    const server = createServer((request, response) => origin.#answer(request, response))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const origin = new Origin(name, (server.address() as AddressInfo).port)
    t.after(() => {
      server.close()
      server.closeAllConnections()
    })
    return origin
  }

  nextHeld(): Promise<Held> {
    return new Promise((resolve) => {
      this.#onHeld = resolve
    })
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const respond = () => {
      response.end(this.name)
    }
    if (request.url === '/hold') this.#onHeld?.({ origin: this, respond })
    else respond()
  }
}

function configuration(
  port: number,
  closedPort: number,
  backends: readonly HaproxyBackend[],
  origins: readonly Origin[],
): string {
  const sections = backends.map(({ balance, servers }, index) => {
    const lines = servers.map((server, place) => {
      const {
        weight = 1,
        maxConnections = 0,
        refuses = false,
      } = typeof server === 'number' ? { weight: server } : server
      const to = refuses ? closedPort : origins[place]?.port
      return `  server ${nameOf(place)} 127.0.0.1:${to} weight ${weight} maxconn ${maxConnections}\n`
    })
    return `backend be${index}\n  balance ${balance}\n${lines.join('')}`
  })
  return `defaults
  mode http
  retries 1
  option redispatch 1
  timeout connect 10s
  timeout client 30s
  timeout server 30s
  timeout queue 10s
frontend main
  bind 127.0.0.1:${port}
  use_backend %[req.hdr(x-backend)]
${sections.join('')}`
}

function nameOf(index: number): string {
  return String.fromCharCode(97 + index)
}
