import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { type HttpMessage, readRequest } from './http-message.js'
import { socketPath } from './loopback.js'
import { Wire } from './wire.js'
import { within } from './within.js'

/** A request that an origin has read, and the connection to answer it on. */
export interface ReceivedRequest {
  readonly request: HttpMessage
  readonly wire: Wire
}

/** A server on loopback of which a test plays every byte: it hands out its connections one by one. */
export class RawOrigin {
  readonly wires: Wire[] = []
  readonly #server: Server
  readonly #arrived: Wire[] = []
  readonly #taken: Wire[] = []
  readonly #waiting: (() => void)[] = []
  #serve: ((wire: Wire) => Promise<void>) | undefined

  private constructor(
    server: Server,
    /** Where it listens, as the `address` option of a server takes it. */
    readonly address: string,
  ) {
    this.#server = server
    server.on('connection', (socket: Socket) => this.#arrive(new Wire(socket)))
  }

  /** Listens until the test is over: on a free port, or on a Unix socket. */
  static async listen(t: TestContext, at: 'tcp' | 'unix' = 'tcp'): Promise<RawOrigin> {
    const server = createServer({ allowHalfOpen: true, noDelay: true })
    const path = at === 'unix' ? await socketPath(t) : undefined
    server.listen(path === undefined ? { host: '127.0.0.1', port: 0 } : { path })
    await once(server, 'listening')
    const address = path === undefined ? `127.0.0.1:${(server.address() as AddressInfo).port}` : `unix:${path}`
    const origin = new RawOrigin(server, address)
    t.after(() => {
      for (const { socket } of origin.wires) socket.destroy()
      server.close()
    })
    return origin
  }

  #arrive(wire: Wire): void {
    this.wires.push(wire)
    // A connection that ends between two requests is nobody's concern.
    if (this.#serve !== undefined) return void this.#serve(wire).catch(() => {})
    this.#arrived.push(wire)
    for (const look of this.#waiting.splice(0)) look()
  }

  /** Takes no more connections: the next one is refused. Those that stand go on. */
  stopListening(): void {
    this.#server.close()
  }

  /** The next connection that nobody has taken yet. */
  accept(): Promise<Wire> {
    const search = async (): Promise<Wire> => {
      while (this.#arrived.length === 0) await this.#arrival()
      return this.#take()
    }
    return within(search(), () => 'nobody connected to the origin')
  }

  /** The next request, on a new connection or on one that brought a request before. */
  async receive(): Promise<ReceivedRequest> {
    const search = async (): Promise<Wire> => {
      for (;;) {
        if (this.#arrived.length > 0) return this.#take()
        const wire = this.#taken.find(({ pending }) => pending !== '')
        if (wire !== undefined) return wire
        await Promise.race([this.#arrival(), ...this.#taken.map((other) => other.news())])
      }
    }
    for (;;) {
      const wire = await within(search(), () => 'no request came to the origin')
      while (wire.pending === '' && !wire.hasEnded) await within(wire.news(), () => 'a connection brought no request')
      // undici's Agent now and then opens a connection in vain.
      if (wire.pending !== '') return { request: await readRequest(wire), wire }
    }
  }

  #take(): Wire {
    const wire = this.#arrived.shift()!
    this.#taken.push(wire)
    return wire
  }

  #arrival(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /**
   * Answers every request on every new connection with what `answer` makes of it. Gives the list of the requests, which
   * grows as they come.
   */
  answerAll(answer: (request: HttpMessage) => string | Promise<string>): HttpMessage[] {
    return this.serveAll(async (request, wire) => void wire.send(await answer(request)))
  }

  /** Does with every request on every new connection what `serve` says. Gives the list of the requests. */
  serveAll(serve: (request: HttpMessage, wire: Wire) => void | Promise<void>): HttpMessage[] {
    const requests: HttpMessage[] = []
    this.#serve = async (wire) => {
      while (!wire.hasEnded) {
        const request = await readRequest(wire)
        requests.push(request)
        await serve(request, wire)
      }
    }
    return requests
  }
}
