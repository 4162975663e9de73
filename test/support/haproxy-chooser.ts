import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { Haproxy } from './haproxy.js'

/** A server of a {@link ChooserBackend}. Servers are called a, b, c and so on. */
export interface ChooserServer {
  readonly weight?: number
  readonly id?: number
  readonly backup?: boolean
  /** It refuses connections; HAProxy sends what it can't take elsewhere. */
  readonly refuses?: boolean
}

/** One backend of a {@link HaproxyChooser}. */
export interface ChooserBackend {
  /** What its section says beside its servers: `balance` and its like. */
  readonly lines: readonly string[]
  readonly servers: readonly ChooserServer[]
}

/** A request to choose a server for. */
export interface ChooserRequest {
  readonly method?: string
  readonly target?: string
  /** Fields, as lines. */
  readonly fields?: readonly string[]
  /** The client's address, as HAProxy shall take it to be. */
  readonly source?: string
  /** As latin1 text. */
  readonly body?: string
}

/** How many connections share the work, and how many requests are under way on each. */
const lanes = 8
const depth = 100

/**
 * A real HAProxy that tells which server it chooses. It is its own server, so that a request costs ten microseconds, and
 * answers with nothing but the chosen server's name.
 */
export class HaproxyChooser {
  readonly haproxy: Haproxy
  readonly #t: TestContext

  private constructor(t: TestContext, haproxy: Haproxy) {
    this.#t = t
    this.haproxy = haproxy
  }

  /** Starts it with backends `be0`, `be1` and so on. */
  static async start(t: TestContext, backends: readonly ChooserBackend[]): Promise<HaproxyChooser> {
    const haproxy = await Haproxy.start(t, (port, closedPort) => configuration(port, closedPort, backends))
    return new HaproxyChooser(t, haproxy)
  }

  /** The servers that a backend chooses for requests, one letter each. */
  async choose(backend: number, requests: readonly ChooserRequest[]): Promise<string> {
    const share = Math.ceil(requests.length / lanes)
    const parts = Array.from({ length: lanes }, (_, lane) => requests.slice(lane * share, (lane + 1) * share))
    const answers = await Promise.all(parts.map((part) => this.#ask(backend, part)))
    return answers.join('')
  }

  /** The same, one request after the other, from a client's address of its own. */
  async chooseInTurn(backend: number, requests: readonly ChooserRequest[], localAddress?: string): Promise<string> {
    return this.#ask(backend, requests, localAddress)
  }

  /** Begins a request that lasts until it is released, which gives the server's name. */
  async hold(backend: number, request: ChooserRequest): Promise<() => Promise<string>> {
    const before = await this.#served(backend)
    const socket = this.#connect()
    // Where the server waits for a body that does not come.
    const fields = [...(request.fields ?? ['Host: a.test']), 'X-Hold: 1', 'Content-Length: 1']
    socket.write(requestText(backend, { ...request, method: 'POST', fields }), 'latin1')
    await this.#until(async () => (await this.#served(backend)) > before)
    return async () => {
      const busy = await this.#served(backend)
      socket.write('.')
      const name = await readNames(socket, 1)
      socket.destroy()
      await this.#until(async () => (await this.#served(backend)) < busy)
      return name
    }
  }

  /** How many requests the servers of a backend have. */
  async #served(backend: number): Promise<number> {
    const [heading = '', ...lines] = (await this.haproxy.command(`show stat be${backend} 4 -1`)).split('\n')
    const column = heading.split(',').indexOf('scur')
    return lines.reduce((sum, line) => sum + Number(line.split(',')[column]), 0)
  }

  async #until(condition: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 10_000
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error('haproxy did not get there in ten seconds')
    }
  }

  #connect(localAddress = '127.0.0.1'): Socket {
    const socket = connect({ port: this.haproxy.port, host: '127.0.0.1', localAddress }).setEncoding('latin1')
    this.#t.after(() => socket.destroy())
    return socket
  }

  async maintenance(backend: number, server: string): Promise<void> {
    await this.#set(backend, server, 'state maint')
  }

  async ready(backend: number, server: string): Promise<void> {
    await this.#set(backend, server, 'state ready')
  }

  async weigh(backend: number, server: string, weight: number): Promise<void> {
    await this.#set(backend, server, `weight ${weight}`)
  }

  async #set(backend: number, server: string, change: string): Promise<void> {
    const answer = await this.haproxy.command(`set server be${backend}/${server} ${change}`)
    if (answer !== '') throw new Error(`haproxy refused ${change}: ${answer}`)
  }

  async #ask(backend: number, requests: readonly ChooserRequest[], localAddress?: string): Promise<string> {
    if (requests.length === 0) return ''
    const socket = this.#connect(localAddress)
    let names = ''
    for (let at = 0; at < requests.length; at += depth) {
      const batch = requests.slice(at, at + depth)
      socket.write(batch.map((request) => requestText(backend, request)).join(''), 'latin1')
      names += await readNames(socket, batch.length)
    }
    socket.destroy()
    return names
  }
}

function requestText(backend: number, request: ChooserRequest): string {
  const { method = 'GET', target = '/', fields = ['Host: a.test'], source, body } = request
  const own = source === undefined ? [] : [`X-Source: ${source}`]
  if (body !== undefined) own.push(`Content-Length: ${body.length}`)
  return [`${method} ${target} HTTP/1.1`, ...fields, `X-Backend: be${backend}`, ...own, '', body ?? ''].join('\r\n')
}

/** Reads so many answers, whose bodies are one letter each. */
async function readNames(socket: Socket, count: number): Promise<string> {
  let names = ''
  let rest = ''
  while (names.length < count) {
    const [part] = (await once(socket, 'data')) as [string]
    rest += part
    for (let end = rest.indexOf('\r\n\r\n'); end >= 0 && end + 4 < rest.length; end = rest.indexOf('\r\n\r\n')) {
      if (!rest.startsWith('HTTP/1.1 200')) throw new Error(`haproxy answered ${rest.slice(0, 300)}`)
      names += rest[end + 4]
      rest = rest.slice(end + 5)
    }
  }
  return names
}

function configuration(port: number, closedPort: number, backends: readonly ChooserBackend[]): string {
  const self = `abns@evenkeel-${process.pid}-${port}`
  const sections = backends.map(({ lines, servers }, index) => {
    const own = servers.map(({ weight = 1, id, backup = false, refuses = false }, place) => {
      const options = `weight ${weight}${id === undefined ? '' : ` id ${id}`}${backup ? ' backup' : ''}`
      return `  server ${nameOf(place)} ${refuses ? `127.0.0.1:${closedPort}` : self} ${options}\n`
    })
    return `backend be${index}\n${lines.map((line) => `  ${line}\n`).join('')}${own.join('')}`
  })
  return `defaults
  mode http
  retries 1
  option redispatch 1
  timeout connect 10s
  timeout client 30s
  timeout server 30s
  http-reuse always
frontend self
  bind ${self}
  http-request wait-for-body time 30s if { req.hdr(x-hold) -m found }
  http-request return status 200
frontend main
  bind 127.0.0.1:${port}
  http-request set-src req.hdr(x-source) if { req.hdr(x-source) -m found }
  use_backend %[req.hdr(x-backend)]
  http-response return status 200 content-type t lf-string %s
${sections.join('')}`
}

function nameOf(index: number): string {
  return String.fromCharCode(97 + index)
}
