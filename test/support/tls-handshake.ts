import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { type HttpMessage, readResponse } from './http-message.js'
import { Wire } from './wire.js'
import { within } from './within.js'

/** A client after its handshake. */
export class TlsVisitor {
  readonly wire: Wire

  private constructor(readonly socket: TLSSocket) {
    this.wire = new Wire(socket)
  }

  /** Shakes hands with a server on loopback, whatever its certificate; rejects when that comes to nothing. */
  static async connect(t: TestContext, port: number, options: ConnectionOptions = {}): Promise<TlsVisitor> {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options })
    t.after(() => socket.destroy())
    await within(once(socket, 'secureConnect'), () => 'no handshake')
    return new TlsVisitor(socket)
  }

  /** The common name of the server's certificate. */
  get certificate(): string {
    return String(this.socket.getPeerCertificate().subject.CN)
  }

  /** Asks, and gives the response. */
  async ask(request: string): Promise<HttpMessage> {
    this.wire.send(request)
    return readResponse(this.wire)
  }

  /** The server's ticket, which comes after the handshake with TLS 1.3. */
  async session(request: string): Promise<Buffer> {
    let latest: Buffer | undefined = this.socket.getSession()
    this.socket.on('session', (session: Buffer) => {
      latest = session
    })
    await this.ask(request)
    return latest!
  }
}

/** Why a handshake comes to nothing, or what comes right after it: the code of the error. */
export async function refusal(t: TestContext, port: number, options: ConnectionOptions = {}): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options })
  t.after(() => socket.destroy())
  // With TLS 1.3 a client may think that all is well, until it reads.
  socket.resume()
  return within(
    new Promise((resolve) => {
      socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(String(code)))
      socket.on('close', () => resolve('closed'))
    }),
    () => 'the server let it in',
  )
}
