import { rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { ConnectionLimit } from '../core/connection-limit.js'
import { type Address, formatAddress } from '../util/address.js'
import { EvenkeelError } from '../util/errors.js'

/** What a listener asks before it lets a connection in: a frontend. */
export interface Admission {
  readonly hasRoom: boolean
  readonly limits: readonly ConnectionLimit[]
  readonly counters: { refusedConnections: number }
}

/** How many connections may wait for room behind a frontend without a limit of its own. HAProxy: `backlog`. */
const defaultBacklog = 1024

/**
 * Accepts connections at one address. Node can't stop accept(), so while there is no room it holds what it accepted,
 * unread and in order, up to the frontend's limit again, and closes and counts what comes on top.
 */
export class Listener {
  readonly #bind: Address
  readonly #admission: Admission
  readonly #accept: (socket: Socket) => void
  readonly #server: Server
  readonly #held = new Set<Socket>()
  readonly #backlog: number
  readonly #unsubscribe: (() => void)[] = []

  constructor(bind: Address, admission: Admission, accept: (socket: Socket) => void) {
    this.#bind = bind
    this.#admission = admission
    this.#accept = accept
    const isLimited = admission.limits.some(({ max }) => max > 0)
    this.#backlog = admission.limits[0]?.max || defaultBacklog
    // Without a limit nothing is ever held, and a socket need not be started by hand.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: isLimited })
    this.#server.on('connection', (socket) => this.#connected(socket))
    // Out of descriptors, and the like: the next accept() may do better.
    this.#server.on('error', () => {})
    if (isLimited) for (const limit of admission.limits) this.#unsubscribe.push(limit.onRoom(() => this.#admitHeld()))
  }

  /** Resolves when connections are accepted; rejects with `ERR_EVENKEEL_BIND`. */
  async listen(): Promise<void> {
    try {
      await this.#open()
    } catch (error) {
      if (!(await this.#removeStaleSocket(error))) throw this.#bindError(error)
      await this.#open().catch((again: unknown) => {
        throw this.#bindError(again)
      })
    }
  }

  #open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      const listening = (): void => {
        this.#server.off('error', reject)
        resolve()
      }
      if ('path' in this.#bind) this.#server.listen({ path: this.#bind.path }, listening)
      else {
        const { host, port } = this.#bind
        this.#server.listen({ port, ...(host === '*' ? {} : { host }), backlog: this.#backlog }, listening)
      }
    })
  }

  #bindError(cause: unknown): EvenkeelError {
    const reason = cause instanceof Error ? cause.message : String(cause)
    return new EvenkeelError('ERR_EVENKEEL_BIND', `can't listen at ${formatAddress(this.#bind)}: ${reason}`, { cause })
  }

  /** A Unix socket outlives a process that was killed: one where nobody answers may go. */
  async #removeStaleSocket(error: unknown): Promise<boolean> {
    if (!('path' in this.#bind) || (error as { code?: string }).code !== 'EADDRINUSE') return false
    const { path } = this.#bind
    const isStale = await new Promise<boolean>((resolve) => {
      const probe = connect({ path })
      probe.once('connect', () => {
        probe.destroy()
        resolve(false)
      })
      probe.once('error', (refused: Error & { code?: string }) => resolve(refused.code === 'ECONNREFUSED'))
    })
    if (isStale) await rm(path, { force: true })
    return isStale
  }

  /** What was bound, with the port that the system chose for port 0; undefined while it does not listen. */
  address(): AddressInfo | { readonly path: string } | undefined {
    const address = this.#server.address()
    return typeof address === 'string' ? { path: address } : (address ?? undefined)
  }

  #connected(socket: Socket): void {
    if (this.#held.size === 0 && this.#admission.hasRoom) return this.#accept(socket)
    if (this.#held.size >= this.#backlog) {
      this.#admission.counters.refusedConnections++
      socket.destroy()
      return
    }
    this.#held.add(socket)
    socket.on('error', ignore)
    socket.once('close', () => this.#held.delete(socket))
  }

  #admitHeld(): void {
    for (const socket of this.#held) {
      if (!this.#admission.hasRoom) return
      this.#held.delete(socket)
      socket.off('error', ignore)
      this.#accept(socket)
    }
  }

  /** Accepts no more; what waited for room is closed. A second call does nothing. */
  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    for (const socket of this.#held) socket.destroy()
    this.#server.close()
  }
}

function ignore(): void {}
