import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { Clock } from '../util/clock.js'
import { Deadline, type DeadlineOwner } from '../util/deadline.js'
import type { Arrival } from './arrival.js'
import { ClientTls } from './client-tls.js'
import type { Opening } from './openings.js'
import type { TlsContext, TlsSettings } from './tls-context.js'

/** What a {@link TlsGate} is given from outside. */
export interface TlsGateOptions {
  readonly clock: Clock
  /** Milliseconds that a handshake may take. */
  readonly timeout: number
  /** What is offered by ALPN where the context does not say, the preferred first. */
  readonly protocols: readonly string[]
  readonly counters: { failedHandshakes: number }
}

/** Leads the connections of one bind through the handshake of TLS; those that fail it are closed and counted. */
export class TlsGate {
  readonly #context: TlsContext
  readonly #options: TlsGateOptions
  readonly #pending = new Map<Socket, Handshake>()
  /** Never listens: Node makes of the sockets that it is given what it makes of those that it accepts. */
  #server: Server | undefined
  /** What the server was made with. */
  #settings: TlsSettings | undefined

  constructor(context: TlsContext, options: TlsGateOptions) {
    this.#context = context
    this.#options = options
  }

  readonly open: Opening = (arrival, done) => {
    const { socket } = arrival
    if (socket.destroyed) return
    const { settings } = this.#context
    if (this.#server === undefined || settings !== this.#settings) {
      this.#server = this.#serverFor(settings)
      this.#settings = settings
    }
    // Who ends its side before the handshake is over has left; later it is the carrier's to say.
    socket.allowHalfOpen = false
    this.#pending.set(socket, new Handshake(this, arrival, done, this.#options))
    this.#server.emit('connection', socket)
  }

  #serverFor(settings: TlsSettings): Server {
    const { certificates, clientCertificate, secureContext, alpn = this.#options.protocols } = settings
    const server = createServer({
      ...secureContext,
      SNICallback: (name, callback) => callback(null, certificates.find(name)?.context),
      ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
      requestCert: clientCertificate !== 'none',
      rejectUnauthorized: clientCertificate === 'required',
      // The clock that the proxy was given tells the time.
      handshakeTimeout: 2 ** 31 - 1,
    })
    server.on('secureConnection', (secure) => this.#secured(secure, clientCertificate !== 'none'))
    server.on('tlsClientError', (_error, secure) => this.failed(socketBelow(secure)))
    const stapled = certificates.all.filter(({ ocspResponse }) => ocspResponse !== undefined)
    if (stapled.length > 0) {
      server.on('OCSPRequest', (der, _issuer, callback) => {
        callback(null, stapled.find((certificate) => certificate.der.equals(der))?.ocspResponse as Buffer)
      })
    }
    return server
  }

  #secured(secure: TLSSocket, isAsked: boolean): void {
    secure.on('error', ignore)
    const handshake = this.#take(socketBelow(secure))
    // Node lets a certificate in doubt pass where none would do.
    const isRefused = isAsked && !secure.authorized && secure.getPeerX509Certificate() !== undefined
    if (!isRefused) return handshake?.complete(secure)
    this.#options.counters.failedHandshakes++
    secure.destroy()
  }

  /** A handshake came to nothing; once for each. */
  failed(socket: Socket): void {
    if (this.#take(socket) !== undefined) this.#options.counters.failedHandshakes++
  }

  /** A handshake is over. */
  #take(socket: Socket): Handshake | undefined {
    const handshake = this.#pending.get(socket)
    this.#pending.delete(socket)
    handshake?.end()
    return handshake
  }
}

/** One handshake under way. */
class Handshake implements DeadlineOwner {
  readonly #gate: TlsGate
  readonly #arrival: Arrival
  readonly #done: (arrival: Arrival) => void
  readonly #deadline: Deadline

  constructor(gate: TlsGate, arrival: Arrival, done: (arrival: Arrival) => void, { clock, timeout }: TlsGateOptions) {
    this.#gate = gate
    this.#arrival = arrival
    this.#done = done
    this.#deadline = new Deadline(clock)
    this.#deadline.set(this, timeout)
  }

  complete(secure: TLSSocket): void {
    this.#done({ ...this.#arrival, socket: secure, tls: new ClientTls(secure) })
  }

  deadlinePassed(): void {
    const { socket } = this.#arrival
    this.#gate.failed(socket)
    socket.destroy()
  }

  end(): void {
    this.#deadline.cancel()
  }
}

/** The socket that a TLS socket was made of. Node keeps it there, and has no other way to it. */
function socketBelow(secure: TLSSocket): Socket {
  return (secure as unknown as { readonly _parent: Socket })._parent
}

function ignore(): void {}
