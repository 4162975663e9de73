import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A small HTTP server that answers with its name, and can go away and come back at the same port. */
export class DemoServer {
  #server: Server | undefined
  #port = 0

  constructor(readonly name: string) {}

  /** `host:port`, known once it has started. */
  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  get isAway(): boolean {
    return this.#server === undefined
  }

  /** Starts, or comes back. Rejects when the port belongs to somebody else by now. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      const client = request.headers['x-forwarded-for'] ?? request.socket.remoteAddress
      response.setHeader('Content-Type', 'text/plain')
      response.end(`${this.name} answers ${request.method} ${request.url} of ${client}\n`)
    })
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  /** Goes away: takes no more connections, answers what it has begun. */
  stop(): void {
    this.#server?.close()
    this.#server = undefined
  }
}
