import { constants, type Http2Stream } from 'node:http2'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/**
 * Ends a connection so that its peer can't take what has come for the whole: by a reset where there is one. TLS says the
 * same by an end without close_notify, HTTP/2 by a reset of the stream; a Unix socket can't say it.
 */
export function breakOff(stream: Duplex): void {
  if (stream instanceof Socket && canReset(stream)) stream.resetAndDestroy()
  else if ('rstCode' in stream) (stream as Http2Stream).close(constants.NGHTTP2_CONNECT_ERROR)
  else stream.destroy()
}

/** While its end is on its way to the peer, Node can't reset a socket, and would lose it unclosed when asked to. */
function canReset(socket: Socket): boolean {
  const isEnding = socket.writableEnded && socket.writableLength === 0 && !socket.writableFinished
  return socket.remoteAddress !== undefined && !('encrypted' in socket) && !isEnding
}
