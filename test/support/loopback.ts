import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Address } from '../../src/util/address.js'

/** A server on loopback that behaves as a test wants, and keeps account of its connections. */
export class Loopback {
  readonly sockets: Socket[] = []
  readonly #closings: Promise<unknown>[] = []

  private constructor(
    readonly server: Server,
    readonly address: Address,
  ) {}

  /** How many connections came. */
  get connections(): number {
    return this.sockets.length
  }

  /** Resolves with the connection of that number, from 0, when it is there. */
  async accepted(index: number): Promise<Socket> {
    while (this.sockets.length <= index) await new Promise((resolve) => setImmediate(resolve))
    return this.sockets[index]!
  }

  /** Resolves when every connection that came is closed, by whichever side. */
  async allClosed(): Promise<void> {
    await Promise.all(this.#closings)
  }

  /** Listens on a free port of `host`, or on a Unix socket, which may be named, until the test is over. */
  static async listen(
    t: TestContext,
    serve: (socket: Socket) => void,
    host: '127.0.0.1' | '::1' | 'unix' | { path: string } = '127.0.0.1',
  ): Promise<Loopback> {
    const server = createServer()
    const path = host === 'unix' ? await socketPath(t) : typeof host === 'object' ? host.path : undefined
    server.listen(path === undefined ? { host: String(host), port: 0 } : { path })
    await once(server, 'listening')
    const address = path === undefined ? { host: String(host), port: (server.address() as AddressInfo).port } : { path }
    const loopback = new Loopback(server, address)
    server.on('connection', (socket) => {
      loopback.sockets.push(socket)
      loopback.#closings.push(new Promise((resolve) => socket.once('close', resolve)))
      socket.on('error', () => {})
      serve(socket)
      // Whoever does not read does not see the other side go.
      socket.resume()
    })
    t.after(() => {
      for (const socket of loopback.sockets) socket.destroy()
      server.close()
    })
    return loopback
  }
}

/** A path for a Unix socket in a folder that goes with the test. */
export async function socketPath(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'evenkeel-'))
  t.after(() => rm(folder, { recursive: true }))
  return join(folder, 'socket')
}

/**
 * An address on loopback where nobody listens, nor ever will: port 1 is for the administrator alone, while one that was
 * free a moment ago may be another test's by now.
 */
export async function closedAddress(host: '127.0.0.1' | '::1' = '127.0.0.1'): Promise<{ host: string; port: number }> {
  return { host, port: 1 }
}

/** TCP and Unix sockets of this process that are not closed. */
export function openSockets(): number {
  const kinds = ['TCPSocketWrap', 'TCPConnectWrap', 'PipeConnectWrap', 'GetAddrInfoReqWrap']
  return process.getActiveResourcesInfo().filter((kind) => kinds.includes(kind)).length
}

/** Resolves when no socket is open any more: closing one takes the event loop a turn or two. */
export async function noSocketsOpen(): Promise<void> {
  while (openSockets() > 0) await new Promise((resolve) => setImmediate(resolve))
}

/** Whether somebody accepts connections there. */
export async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const outcome = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'close').then(() => false),
  ]).catch(() => false)
  socket.destroy()
  return outcome
}
