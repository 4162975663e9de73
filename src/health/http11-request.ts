import { Client } from 'undici'
import type { SendRequest } from './check-request.js'

/** The largest head of a response. */
const maxResponseHead = 64 * 1024

/** Sends a check's request as HTTP/1.1, through undici, and closes the connection after it. */
export const sendHttp11: SendRequest = (socket, { method, path, host, headers, body }, listener) => {
  const client = new Client('http://check', {
    // undici overlooks a connection that is there before its call has returned.
    connect: (_options, callback) => queueMicrotask(() => callback(null, socket)),
    // How long a check may take is not undici's to say.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: maxResponseHead,
    allowH2: false,
  })
  client.dispatch(
    { method, path, headers: { ...headers, host }, body: body ?? null, reset: true },
    {
      onRequestStart() {},
      onResponseStart(_controller, status) {
        if (status >= 200) listener.head(status)
      },
      onResponseData(_controller, chunk) {
        listener.data(chunk)
      },
      onResponseEnd() {
        listener.end()
      },
      onResponseError(_controller, error) {
        listener.failed(error)
      },
    },
  )
  return () => {
    client.destroy().catch(() => {})
    socket.destroy()
  }
}
