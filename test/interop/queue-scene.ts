import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { type BackendOptions, createProxy, type Route, type ServerOptions } from '../../src/index.js'
import { csv } from '../../src/stats/csv.js'
import { readCsv } from '../stats/objects.js'
import { Haproxy } from '../support/haproxy.js'
import { Syslog } from '../support/syslog.js'
import { turn, until } from '../support/within.js'

/** What HAProxy and evenkeel are made of, in front of servers that hold every request until they are told to answer. */
export interface QueueTwins {
  /** By name: how HAProxy's `server` line ends, and the options of ours. */
  readonly servers: Readonly<Record<string, { readonly haproxy: string; readonly own: Omit<ServerOptions, 'address'> }>>
  /** HAProxy's lines of the frontend and of the backend. */
  readonly haproxy?: { readonly frontend?: readonly string[]; readonly backend?: readonly string[] }
  readonly routes?: readonly Omit<Route, 'backend'>[]
  readonly backend?: Omit<BackendOptions, 'servers'>
}

/** What a log says of an exchange. Tw is -1 or 0, for whatever was measured. */
export interface QueueEntry {
  readonly path: string
  /** `null`: none was reached. */
  readonly server: string | null
  readonly status: number
  readonly Tw: number
  readonly termination: string
  readonly retries: number
  readonly redispatched: boolean
}

/** A column of HAProxy's statistics, of one object. */
type Row = Readonly<Record<string, string>>

/** One of the two, as tests drive and see it. */
interface Subject {
  readonly port: number
  /** The line of a server, or of the `BACKEND`. */
  row(name: string): Promise<Row>
  logged(): Promise<QueueEntry>
  order(server: string, state: 'drain' | 'maintenance' | 'ready'): Promise<void>
  limit(server: string, maxConnections: number): Promise<void>
}

/** A proxy with clients and servers at both ends. */
export class QueueScene {
  readonly #subject: Subject
  readonly #origins: ReadonlyMap<string, Origin>
  /** Statuses as clients got them; 0 for no answer. */
  readonly answers = new Map<string, number>()
  #open = 0

  private constructor(
    readonly name: 'HAProxy' | 'evenkeel',
    subject: Subject,
    origins: ReadonlyMap<string, Origin>,
  ) {
    this.#subject = subject
    this.#origins = origins
  }

  /** Starts both, each with servers of its own, until the test is over; HAProxy first. */
  static async startBoth(t: TestContext, twins: QueueTwins): Promise<readonly [QueueScene, QueueScene]> {
    const scenes = (['HAProxy', 'evenkeel'] as const).map(async (name) => {
      const names = Object.keys(twins.servers)
      const origins = new Map(await Promise.all(names.map(async (name) => [name, await Origin.listen(t)] as const)))
      const subject = await (name === 'HAProxy' ? startHaproxy(t, twins, origins) : startEvenkeel(t, twins, origins))
      return new QueueScene(name, subject, origins)
    })
    return (await Promise.all(scenes)) as [QueueScene, QueueScene]
  }

  /** Sends a request; resolves when it is with a server, in a queue, or answered. */
  async send(path: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#request(path, headers)
    await this.settled()
  }

  /** Sends several at a time. */
  async sendAll(paths: readonly string[]): Promise<void> {
    for (const path of paths) this.#request(path, {})
    await this.settled()
  }

  #request(path: string, headers: Readonly<Record<string, string>>): void {
    this.#open++
    const { port } = this.#subject
    const request = get({ port, host: '127.0.0.1', path, headers, agent: new Agent() })
    request.on('response', (response: IncomingMessage) => this.#answered(path, response.resume().statusCode ?? 0))
    request.on('error', () => this.#answered(path, 0))
  }

  #answered(path: string, status: number): void {
    this.answers.set(path, status)
    this.#open--
  }

  /** Lets a server answer the request that it has held for longest; resolves when all has found its new place. */
  async release(server: string): Promise<void> {
    const { held } = this.#origins.get(server)!
    const [first] = held.splice(0, 1)
    if (first === undefined) throw new Error(`${server} of ${this.name} holds nothing`)
    first.respond()
    await until(() => this.answers.has(first.path), `${this.name} passed no answer to ${first.path}`)
    await this.settled()
  }

  /** The paths of the requests that a server holds. */
  held(server: string): string[] {
    return this.#origins.get(server)!.held.map(({ path }) => path)
  }

  row(name: string): Promise<Row> {
    return this.#subject.row(name)
  }

  logged(): Promise<QueueEntry> {
    return this.#subject.logged()
  }

  async order(server: string, state: 'drain' | 'maintenance' | 'ready'): Promise<void> {
    await this.#subject.order(server, state)
    await this.settled()
  }

  async limit(server: string, maxConnections: number): Promise<void> {
    await this.#subject.limit(server, maxConnections)
    await this.settled()
  }

  /** Resolves when every request without an answer is in a queue or has arrived at a server. */
  async settled(): Promise<void> {
    const end = performance.now() + 10_000
    for (let seen = await this.#unsettled(); seen !== undefined; seen = await this.#unsettled()) {
      if (performance.now() > end) throw new Error(`${this.name} does not settle: ${seen}`)
      await turn()
    }
  }

  /** What is not as it should be; undefined when all is. */
  async #unsettled(): Promise<string | undefined> {
    const backend = await this.row('BACKEND')
    let placed = Number(backend.qcur)
    for (const [name, { held }] of this.#origins) {
      const { scur, qcur } = await this.row(name)
      if (Number(scur) !== held.length) return `${name} has ${scur}, and holds ${held.length}`
      placed += Number(scur) + Number(qcur)
    }
    const isSettled = placed === Number(backend.scur) && placed === this.#open
    return isSettled ? undefined : `${placed} in place, ${backend.scur} in the backend, ${this.#open} sent`
  }
}

interface Held {
  readonly path: string
  respond(): void
}

/** A server that holds every request. */
class Origin {
  readonly held: Held[] = []

  private constructor(readonly port: number) {}

  static async listen(t: TestContext): Promise<Origin> {
    const server = createServer((request, response) => origin.#hold(request, response))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const origin = new Origin((server.address() as AddressInfo).port)
    t.after(() => {
      server.close()
      server.closeAllConnections()
    })
    return origin
  }

  #hold(request: IncomingMessage, response: ServerResponse): void {
    this.held.push({ path: request.url ?? '', respond: () => response.end() })
  }
}

async function startHaproxy(
  t: TestContext,
  { servers, haproxy = {} }: QueueTwins,
  origins: ReadonlyMap<string, Origin>,
): Promise<Subject> {
  const syslog = await Syslog.listen(t)
  const lines = Object.entries(servers).map(
    ([name, { haproxy }]) => `server ${name} 127.0.0.1:${origins.get(name)!.port} ${haproxy}`,
  )
  const running = await Haproxy.start(
    t,
    (port) => `
global
  log 127.0.0.1:${syslog.port} local0
defaults
  mode http
  log global
  option httplog
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  timeout queue 30s
frontend web
  bind 127.0.0.1:${port}
  default_backend app
  ${haproxy.frontend?.join('\n  ') ?? ''}
backend app
  ${haproxy.backend?.join('\n  ') ?? ''}
  ${lines.join('\n  ')}
`,
  )
  const command = async (text: string): Promise<void> => {
    const answer = await running.command(text)
    if (answer !== '') throw new Error(`haproxy refused ${text}: ${answer}`)
  }
  return {
    port: running.port,
    row: (name) => running.statistics('app', name),
    logged: async () => entryOf(await syslog.next(httplog)),
    order: (server, state) => command(`set server app/${server} state ${state.replace('maintenance', 'maint')}`),
    limit: (server, maxConnections) => command(`set maxconn server app/${server} ${maxConnections}`),
  }
}

const httplog =
  /\] web \S+\/(\S+) [-\d]+\/([-\d]+)\/[-\d]+\/[-\d]+\/\+?\d+ (\S+) \d+ \S+ \S+ (\S{4}) \S+\/(\+?)(\d+) \S+ "GET (\S+)/

function entryOf([, server, Tw, status, termination, redispatched, retries, path]: RegExpExecArray): QueueEntry {
  return {
    path: path!,
    server: server === '<NOSRV>' ? null : server!,
    status: Number(status),
    Tw: Math.min(Number(Tw), 0),
    termination: termination!,
    retries: Number(retries),
    redispatched: redispatched === '+',
  }
}

async function startEvenkeel(
  t: TestContext,
  { servers, routes = [], backend }: QueueTwins,
  origins: ReadonlyMap<string, Origin>,
): Promise<Subject> {
  const entries: QueueEntry[] = []
  const proxy = createProxy({
    defaults: { timeout: { connect: '5s', client: '30s', server: '30s', queue: '30s' } },
    frontends: {
      web: {
        bind: '127.0.0.1:0',
        routes: routes.map((route) => ({ ...route, backend: 'app' })),
        defaultBackend: 'app',
        log: ({ target, server, status, Tw, termination, retries, redispatched }) => {
          entries.push({ path: target, server, status, Tw: Math.min(Tw, 0), termination, retries, redispatched })
        },
      },
    },
    backends: {
      app: {
        ...backend,
        servers: Object.entries(servers).map(([name, { own }]) => ({
          ...own,
          name,
          address: `127.0.0.1:${origins.get(name)!.port}`,
        })),
      },
    },
  })
  await proxy.listen()
  t.after(() => proxy.close({ timeout: 1 }))
  const bound = proxy.addresses().web![0]!
  return {
    port: 'port' in bound ? bound.port : 0,
    row: async (name) => readCsv(csv(proxy.stats())).get(`app/${name}`)!,
    logged: async () => {
      await until(() => entries.length > 0, 'no record in the log of evenkeel')
      return entries.shift()!
    },
    order: async (server, state) => proxy.server(`app/${server}`)[state](),
    limit: async (server, maxConnections) => {
      proxy.server(`app/${server}`).maxConnections = maxConnections
    },
  }
}
