import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { type HttpMessage, readRequest } from '../../support/http-message.js'
import { Wire } from '../../support/wire.js'

/** What a server answers to a request: exact bytes, as latin1 text in pieces, and whether it then ends its side. */
export interface Answer {
  readonly pieces: readonly string[]
  readonly ends: boolean
}

/** What came on one connection. */
export interface Recording {
  raw: string
  /** Those that came whole. */
  readonly requests: HttpMessage[]
}

/** A server that answers as it is told, and keeps every byte that it gets. */
export class Recorder {
  readonly recordings: Recording[] = []
  /** The requests of all connections, in the order of their last bytes. */
  readonly requests: HttpMessage[] = []
  readonly #answer: (request: HttpMessage) => Answer

  private constructor(answer: (request: HttpMessage) => Answer) {
    this.#answer = answer
  }

  /** Listens until the test is over; gives its address too. */
  static async listen(
    t: TestContext,
    answer: (request: HttpMessage) => Answer,
  ): Promise<{ readonly recorder: Recorder; readonly address: string }> {
    const recorder = new Recorder(answer)
    const sockets = new Set<Socket>()
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      recorder.#serve(socket).catch(() => {
        // A connection that ends between two requests, or within one, has been recorded.
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    return { recorder, address: `127.0.0.1:${(server.address() as AddressInfo).port}` }
  }

  async #serve(socket: Socket): Promise<void> {
    const recording: Recording = { raw: '', requests: [] }
    this.recordings.push(recording)
    socket.on('data', (bytes: Buffer) => {
      recording.raw += bytes.toString('latin1')
    })
    const wire = new Wire(socket)
    while (!wire.hasEnded) {
      const request = await readRequest(wire)
      recording.requests.push(request)
      this.requests.push(request)
      const { pieces, ends } = this.#answer(request)
      await wire.sendSlowly(...pieces)
      if (ends) wire.end()
    }
  }
}
