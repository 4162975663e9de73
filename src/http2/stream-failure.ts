import { type ClientHttp2Stream, constants } from 'node:http2'
import type { TryFailure } from '../core/failure.js'
import type { ServerSession } from './server-session.js'

const names = new Map<number, string>()
for (const [name, value] of Object.entries(constants)) {
  if (
    /^NGHTTP2_(?:NO_ERROR|\w+_ERROR|REFUSED_STREAM|CANCEL|ENHANCE_YOUR_CALM|INADEQUATE_SECURITY|HTTP_1_1_REQUIRED)$/.test(
      name,
    )
  ) {
    if (!names.has(value as number)) names.set(value as number, name.slice('NGHTTP2_'.length))
  }
}

/** Codes that say that what the server sent, or we, is no HTTP/2 that the other side could read. */
const misunderstandings: ReadonlySet<number> = new Set([
  constants.NGHTTP2_PROTOCOL_ERROR,
  constants.NGHTTP2_FLOW_CONTROL_ERROR,
  constants.NGHTTP2_FRAME_SIZE_ERROR,
  constants.NGHTTP2_COMPRESSION_ERROR,
  constants.NGHTTP2_ENHANCE_YOUR_CALM,
  constants.NGHTTP2_HTTP_1_1_REQUIRED,
])

/** Why a stream closed before its response was whole. */
export function streamFailure(
  stream: ClientHttp2Stream,
  session: ServerSession,
  hasResponse: boolean,
  hasGivenBody: boolean,
): TryFailure {
  const code = stream.rstCode
  const name = names.get(code) ?? `error ${code}`
  const cause = session.error ?? new Error(`the server's stream was closed with ${name}`)
  // The server says that it has done nothing about it (RFC 9113 8.7): it may go anywhere else as if it had not been
  // sent, if all of it is still there to be sent.
  const isUnprocessed =
    code === constants.NGHTTP2_REFUSED_STREAM || stream.id === undefined || session.isUnprocessed(stream.id)
  if (!hasResponse && isUnprocessed) return { kind: 'server-closed', sent: hasGivenBody, reused: true, cause }
  const isBad = hasResponse || misunderstandings.has(code)
  const isReused = !hasResponse && session.isReused && session.isGone
  return { kind: isBad ? 'bad-response' : 'server-closed', sent: true, reused: isReused, cause }
}
