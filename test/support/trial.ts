import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import {
  type BackendConfig,
  createProxy,
  type ExchangeRecord,
  type Fault,
  type FrontendConfig,
  type ProxyServer,
  type WholeConfig,
} from '../../src/index.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { type HttpMessage, readResponse } from './http-message.js'
import { connect } from './raw-client.js'
import { RawOrigin } from './raw-origin.js'
import type { Wire } from './wire.js'
import { turn, within } from './within.js'

/** A proxy that runs for one test, with all that it says and a clock that the test may move. */
export class Trial {
  readonly clients: Wire[] = []
  /** What the log got and nobody has taken yet. */
  readonly records: ExchangeRecord[] = []
  readonly faults: Fault[] = []
  readonly #waiting: (() => void)[] = []

  private constructor(
    private readonly t: TestContext,
    readonly proxy: ProxyServer,
    readonly clock: VirtualClock,
  ) {}

  /** Makes the proxy of a configuration and lets it listen. Its time stands still unless the test moves it. */
  static async start(t: TestContext, config: WholeConfig): Promise<Trial> {
    const trial = Trial.make(t, config)
    await trial.proxy.listen()
    return trial
  }

  /** Makes the proxy; the test lets it listen. */
  static make(t: TestContext, config: WholeConfig): Trial {
    const clock = new VirtualClock()
    const log = (record: ExchangeRecord): void => trial.#add(record)
    const defaults = { log, ...config.defaults }
    const trial = new Trial(t, createProxy({ clock, ...config, defaults }), clock)
    trial.proxy.on('fault', (fault) => trial.faults.push(fault))
    t.after(() => trial.#end())
    return trial
  }

  async #end(): Promise<void> {
    for (const client of this.clients) client.close()
    const closed = this.proxy.close({ timeout: 0 })
    await this.clock.advanceAsync(1)
    await closed
  }

  #add(record: ExchangeRecord): void {
    this.records.push(record)
    for (const look of this.#waiting.splice(0)) look()
  }

  /** What the log gets of the next exchange that is over. */
  async record(): Promise<ExchangeRecord> {
    const search = async (): Promise<ExchangeRecord> => {
      for (;;) {
        const record = this.records.shift()
        if (record !== undefined) return record
        await new Promise<void>((resolve) => this.#waiting.push(resolve))
      }
    }
    return within(search(), () => 'no exchange ended')
  }

  port(frontend = 'main'): number {
    return (this.proxy.addresses()[frontend]![0] as AddressInfo).port
  }

  /** Connects a client. */
  async connect(frontend = 'main'): Promise<Wire> {
    const client = await connect(this.t, { port: this.port(frontend) })
    this.clients.push(client)
    return client
  }

  /** Connects a client, and sends a request. */
  async ask(request = get()): Promise<Wire> {
    return (await this.connect()).send(request)
  }

  /** What a client of its own gets for a request. */
  async answer(request = get()): Promise<HttpMessage> {
    const client = await this.ask(request)
    const response = await readResponse(client, request.split(' ', 1)[0])
    client.close()
    return response
  }

  /** Moves the clock, once the proxy has taken in all that was sent to it. */
  async pass(ms: number): Promise<void> {
    await settled()
    await this.clock.advanceAsync(ms)
  }
}

/** A proxy `main` before a backend `app` with one server `a`, which the test plays. */
export async function stage(t: TestContext, backend: BackendConfig = {}, frontend: FrontendConfig = {}) {
  const origin = await RawOrigin.listen(t)
  const trial = await Trial.start(t, {
    frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app', ...frontend } },
    backends: { app: { servers: { a: origin.address }, ...backend } },
  })
  const { proxy } = trial
  return { origin, trial, proxy, server: proxy.server('app/a'), counters: proxy.frontend('main').counters }
}

/** A request without a body. */
export function get(target = '/', ...fields: readonly string[]): string {
  return [`GET ${target} HTTP/1.1`, 'Host: a.test', ...fields, '', ''].join('\r\n')
}

/** The head of a POST whose body is so long. */
export function post(length: number, ...fields: readonly string[]): string {
  return ['POST / HTTP/1.1', 'Host: a.test', `Content-Length: ${length}`, ...fields, '', ''].join('\r\n')
}

/** A small response. */
export function ok(body = 'ok', ...fields: readonly string[]): string {
  return ['HTTP/1.1 200 OK', `Content-Length: ${body.length}`, ...fields, '', body].join('\r\n')
}

/** Resolves when what was sent on loopback before has arrived: both ends live in this process. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await turn()
}

/** Resolves when `isSo` gives true. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  const search = async (): Promise<void> => {
    while (!isSo()) await turn()
  }
  await within(search(), () => `never so: ${what}`)
}
