import { Backend } from '../../src/core/backend.js'
import type { BackendOptions } from '../../src/core/backend-options.js'
import type { TransportCapabilities } from '../../src/core/carrier.js'
import { Exchange } from '../../src/core/exchange.js'
import type { ExchangeRecord } from '../../src/core/exchange-record.js'
import { Frontend } from '../../src/core/frontend.js'
import type { FrontendOptions } from '../../src/core/frontend-options.js'
import { RawRequestHead } from '../../src/core/message/raw-head.js'
import type { Session } from '../../src/core/session.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { FakeClient, FakeTransport, type FakeTry } from './fake-sides.js'

/** What {@link FakeProxy} is made of, beside the defaults: servers `a` and `b`, timeouts that no test reaches. */
export interface FakeParts {
  readonly frontend?: Partial<FrontendOptions>
  readonly backend?: Partial<BackendOptions>
  readonly capabilities?: Partial<TransportCapabilities>
  /** Default: one of its own, at 1000. */
  readonly clock?: VirtualClock
}

/** One request of a {@link FakeProxy}. */
export interface FakeRequest {
  readonly method?: string
  readonly target?: string
  readonly fields?: readonly string[]
  /** How long ago its first byte came. */
  readonly age?: number
  /** The client's connection. Default: one of its own. */
  readonly session?: Session
}

/** A frontend with one backend between fake clients and fake servers, on a virtual clock. */
export class FakeProxy {
  readonly clock: VirtualClock
  readonly backend: Backend
  readonly frontend: Frontend
  /** Every try, in the order made. */
  readonly tries: FakeTry[] = []
  /** What the log got. */
  readonly records: ExchangeRecord[] = []
  readonly faults: string[] = []

  constructor({
    frontend = {},
    backend = {},
    capabilities,
    clock = new VirtualClock({ start: 1000 }),
  }: FakeParts = {}) {
    this.clock = clock
    this.backend = new Backend('app', { servers: { a: '127.0.0.1:1', b: '127.0.0.1:2' }, clock, ...backend })
    for (const server of this.backend.servers) {
      server.transport = new FakeTransport(server.name, this.tries, capabilities)
    }
    this.frontend = new Frontend('main', { defaultBackend: this.backend, ...frontend })
    this.frontend.observer = { exchangeEnded: (exchange) => this.records.push(exchange.record()) }
    this.frontend.on('fault', ({ where }) => this.faults.push(where))
    this.backend.on('fault', ({ where }) => this.faults.push(where))
  }

  /** The newest try. */
  get try(): FakeTry {
    const newest = this.tries.at(-1)
    if (newest === undefined) throw new Error('there was no try')
    return newest
  }

  /** The newest record. */
  get record(): ExchangeRecord {
    const newest = this.records.at(-1)
    if (newest === undefined) throw new Error('there is no record')
    return newest
  }

  session(): Session {
    return this.frontend.openSession({ address: '192.0.2.7', port: 4000 }, 80, false)
  }

  /** An exchange that has not started. A request with a length, or in chunks, has its body still to come. */
  exchange(request: FakeRequest = {}): FakeExchange {
    const { method = 'GET', target = '/', fields = ['Host', 'a.test'], age = 0, session = this.session() } = request
    const client = new FakeClient(this.clock)
    const head = new RawRequestHead(method, target, 1, fields)
    const exchange = new Exchange(this.frontend, session, client, head, this.clock.now() - age)
    return { client, exchange }
  }

  /** Starts a request. */
  begin(request: FakeRequest = {}): FakeExchange {
    const begun = this.exchange(request)
    begun.exchange.start()
    return begun
  }

  /** Starts a connection of TCP mode. */
  beginTcp({ session = this.session() }: Pick<FakeRequest, 'session'> = {}): FakeExchange {
    const client = new FakeClient(this.clock)
    const exchange = new Exchange(this.frontend, session, client, undefined, this.clock.now())
    exchange.start()
    return { client, exchange }
  }
}

/** An exchange, and the client that it talks to. */
export interface FakeExchange {
  readonly client: FakeClient
  readonly exchange: Exchange
}

/** Fields of a request whose body is so long. */
export function withLength(length: number): string[] {
  return ['Host', 'a.test', 'Content-Length', String(length)]
}
