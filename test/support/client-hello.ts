import { once } from 'node:events'
import { duplexPair } from 'node:stream'
import { connect } from 'node:tls'

/** What a client of Node's own says first over TLS. */
export async function clientHelloOf(servername: string | undefined, ...protocols: readonly string[]): Promise<Buffer> {
  const [client, wire] = duplexPair()
  const socket = connect({
    socket: client,
    ...(servername === undefined ? {} : { servername }),
    ...(protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] }),
  })
  socket.on('error', () => {})
  const [bytes] = (await once(wire, 'data')) as [Buffer]
  socket.destroy()
  return bytes
}

/** The same message in records of the given sizes, the last one with the rest. */
export function inRecords(hello: Buffer, ...sizes: readonly number[]): Buffer {
  const message = hello.subarray(5)
  const records: Buffer[] = []
  let at = 0
  for (const size of [...sizes, message.length]) {
    const piece = message.subarray(at, at + size)
    at += piece.length
    if (piece.length > 0) records.push(Buffer.from([22, 3, 1, piece.length >> 8, piece.length & 255]), piece)
  }
  return Buffer.concat(records)
}
