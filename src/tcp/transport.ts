import type { Chunk, OutgoingRequest, ServerListener, Transport, TransportCapabilities, Try } from '../core/carrier.js'
import { type DialOptions, dial } from '../net/dialer.js'
import { DirectReads } from '../net/direct-reads.js'
import type { Target } from '../net/target.js'

/** Connects exchanges in TCP mode to one server: each on a connection of its own. */
export class TcpTransport implements Transport {
  readonly capabilities: TransportCapabilities = { expectContinue: true, requestTrailers: true }

  constructor(
    private readonly target: Target,
    /** Milliseconds to connect. */
    private readonly connectTimeout: number,
  ) {}

  open({ session }: OutgoingRequest, listener: ServerListener): Try {
    return new TcpTry(this.target, { timeout: this.connectTimeout, session }, listener)
  }

  close(): void {}
}

class TcpTry implements Try {
  #cancel: (() => void) | undefined

  constructor(
    private readonly target: Target,
    private readonly options: DialOptions,
    private readonly listener: ServerListener,
  ) {}

  send(first: Chunk | undefined): void {
    const reads = new DirectReads()
    const options = { ...this.options, allowHalfOpen: true, onread: reads.onread }
    this.#cancel = dial(this.target, options, ({ socket, error }) => {
      const { listener } = this
      if (socket === undefined) {
        listener.serverFailed({ kind: error.kind, sent: false, reused: false, cause: error })
        return
      }
      reads.belongTo(socket)
      socket.on('error', ignore)
      if (first !== undefined) socket.write(first as string, 'latin1')
      listener.serverConnected(false)
      listener.serverTunnel(socket, undefined)
    })
  }

  abort(): void {
    this.#cancel?.()
  }

  // Bytes pass through the tunnel, not through the exchange.
  write(): boolean {
    return true
  }
  end(): void {}
  pause(): void {}
  resume(): void {}
}

function ignore(): void {}
