import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { connect, type TLSSocket } from 'node:tls'

/** A TLS client whose records can be watched. The certificate is not looked at. */
export interface TlsClient {
  readonly socket: TLSSocket
  /** Whether the server has said, by close_notify, that nothing follows. Node takes an end without it for an end. */
  hasCloseNotify(): boolean
}

/** Speaks TLS on a connected socket. */
export async function secure(raw: Socket): Promise<TlsClient> {
  const records = new RecordWatch()
  // In TLS 1.3 an alert looks like any other record.
  const socket = connect({ socket: passing(raw, records), rejectUnauthorized: false, maxVersion: 'TLSv1.2' })
  socket.allowHalfOpen = true
  await once(socket, 'secureConnect')
  return { socket, hasCloseNotify: () => records.hasAlert }
}

/** The socket as a stream whose bytes the watch sees. */
function passing(raw: Socket, records: RecordWatch): Duplex {
  const stream = new Duplex({
    read: () => raw.resume(),
    write: (piece: Buffer, _encoding, done) => raw.write(piece, done),
    final: (done) => raw.end(done),
    destroy: (error, done) => {
      raw.destroy()
      done(error)
    },
  })
  raw.on('data', (piece: Buffer) => {
    records.see(piece)
    if (!stream.push(piece)) raw.pause()
  })
  raw.on('end', () => stream.push(null))
  raw.on('error', (error) => stream.destroy(error))
  raw.on('close', () => stream.destroy())
  return stream
}

/** Reads the types of TLS records (RFC 5246 6.2.1) as they pass. */
class RecordWatch {
  hasAlert = false
  #header: number[] = []
  /** Bytes of the present record that are still to come. */
  #left = 0

  see(piece: Buffer): void {
    for (let at = 0; at < piece.length; ) {
      const skipped = Math.min(this.#left, piece.length - at)
      this.#left -= skipped
      at += skipped
      if (this.#left > 0 || at === piece.length) return
      this.#header.push(piece[at++]!)
      if (this.#header.length < 5) continue
      const [type, , , high, low] = this.#header as [number, number, number, number, number]
      if (type === 21) this.hasAlert = true
      this.#left = high * 256 + low
      this.#header = []
    }
  }
}
