import type { Socket } from 'node:net'

/**
 * The ends of server connections that undici must not hear of yet. While its parser is paused, because a client is slow,
 * undici 7 takes an end for a fault: it throws where nobody can catch it, or gives a response up that is all there (its
 * issue 5360; mended in 8, which Node 20 can't run). And it takes a reset for the end of a response without a length.
 */
export class HeldEnds {
  readonly #held = new Set<Socket>()

  /** Watches a socket that undici is about to get. It must be open at half: nobody else may close it at its end. */
  watch(socket: Socket): void {
    const emit = socket.emit.bind(socket) as (event: string | symbol, ...values: unknown[]) => boolean
    socket.emit = (event: string | symbol, ...values: unknown[]): boolean => {
      if (event === 'end' && isPaused(socket)) {
        this.#held.add(socket)
        return true
      }
      return event === 'error' ? emit(event, withoutReset(values[0])) : emit(event, ...values)
    }
    socket.once('close', () => this.#held.delete(socket))
  }

  /** A response is read on: whatever end waited for that may be told. */
  release(): void {
    for (const socket of this.#held) {
      if (isPaused(socket)) continue
      this.#held.delete(socket)
      socket.emit('end')
    }
  }
}

interface Parser {
  readonly paused: boolean
}

/** Whether undici's parser, which it keeps at the socket, is paused. */
function isPaused(socket: Socket): boolean {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'parser')
  return symbol !== undefined && (socket as unknown as Record<symbol, Parser | null>)[symbol]?.paused === true
}

/** The error, under another code when it is a reset. */
function withoutReset(error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') return error
  return Object.assign(new Error((error as Error).message, { cause: error }), { code: 'EPIPE' })
}
