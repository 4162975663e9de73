import type { TestContext } from 'node:test'
import type { Backend, ExchangeRecord, Frontend } from '../../src/index.js'
import { type HttpMessage, readResponse } from '../support/http-message.js'
import { connect } from '../support/raw-client.js'
import { RawOrigin } from '../support/raw-origin.js'
import type { ProxyOptions, Setup } from '../support/setups.js'
import type { Wire } from '../support/wire.js'
import { within } from '../support/within.js'

/** Something that users rely on, whatever carries their traffic. */
export interface Behaviour {
  /** What is claimed, in plain words. */
  readonly claim: string
  /** Names of carrier limits (`missing`) that take it away. */
  readonly needs?: readonly string[]
  run(scene: Scene): Promise<void>
}

/** One test's proxy between a client and an origin, all three in the test's hands. */
export class Scene {
  constructor(
    readonly t: TestContext,
    readonly setup: Setup,
  ) {}

  /** Starts the proxy with one server `s1`, and connects the first client. */
  async open(options: ProxyOptions = {}): Promise<Stage> {
    const origin = await RawOrigin.listen(this.t)
    const proxy = await this.start({ s1: origin.address }, options)
    return { origin, ...proxy }
  }

  /** Starts the proxy with these servers, and connects the first client. */
  async start(servers: Readonly<Record<string, string>>, options: ProxyOptions = {}): Promise<Omit<Stage, 'origin'>> {
    const records = new Records()
    const { port, path, frontend, backend } = await this.setup.start(this.t, servers, {
      ...options,
      frontend: { log: (record) => records.add(record), ...options.frontend },
    })
    const another = (): Promise<Wire> =>
      connect(this.t, { port, ...(path === undefined ? {} : { path }), secure: this.setup.secure })
    return { client: await another(), connect: another, record: () => records.next(), port, frontend, backend }
  }
}

/** What a test plays with. */
export interface Stage {
  readonly client: Wire
  readonly origin: RawOrigin
  readonly frontend: Frontend
  readonly backend: Backend
  /** Where the proxy accepts. */
  readonly port: number
  /** Connects another client. */
  connect(): Promise<Wire>
  /** What the log gets of the next exchange that is over. */
  record(): Promise<ExchangeRecord>
}

/** The log's records, one by one. */
class Records {
  readonly #arrived: ExchangeRecord[] = []
  readonly #waiting: ((record: ExchangeRecord) => void)[] = []

  add(record: ExchangeRecord): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#arrived.push(record)
    else waiting(record)
  }

  next(): Promise<ExchangeRecord> {
    const record = this.#arrived.shift()
    if (record !== undefined) return Promise.resolve(record)
    return within(new Promise((resolve) => this.#waiting.push(resolve)), () => 'no exchange ended')
  }
}

/** A request's text: `line` is its method and target, Host comes first among its fields. */
export function requestText(line: string, ...fields: readonly string[]): string {
  return [`${line} HTTP/1.1`, 'Host: a.test', ...fields, '', ''].join('\r\n')
}

/** A small response's text, with further fields. */
export function responseText(body = 'ok', ...fields: readonly string[]): string {
  return ['HTTP/1.1 200 OK', `Content-Length: ${body.length}`, ...fields, '', body].join('\r\n')
}

/** Passes one request and one response; gives both as they arrived. */
export async function pass(
  { client, origin }: Pick<Stage, 'client' | 'origin'>,
  request: string,
  response = responseText(),
): Promise<{ request: HttpMessage; response: HttpMessage; server: Wire }> {
  client.send(request)
  const { request: received, wire } = await origin.receive()
  wire.send(response)
  return { request: received, response: await readResponse(client, request.split(' ', 1)[0]), server: wire }
}

/** The fields of a message without those that every connection has for itself. */
export function endToEnd({ fields }: HttpMessage): string[] {
  const own = ['connection', 'keep-alive', 'transfer-encoding']
  return fields.filter(([name]) => !own.includes(name.toLowerCase())).map(([name, value]) => `${name}: ${value}`)
}
