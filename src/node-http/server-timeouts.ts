import type { Server as HttpServer } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Frontend } from '../core/frontend.js'

const warned = new WeakSet<HttpServer | HttpsServer>()

/** Warns, once a server, where the application's server would cut off what the frontend would let go on. */
export function warnOfShorterTimeouts(server: HttpServer | HttpsServer, frontend: Frontend): void {
  if (warned.has(server)) return
  warned.add(server)
  const { httpRequest, httpKeepAlive } = frontend.settings.timeout
  const shorter: string[] = []
  const compare = (name: 'headersTimeout' | 'keepAliveTimeout', limit: number, ours: string): void => {
    if (server[name] > 0 && server[name] < limit) shorter.push(`${name} ${server[name]}ms is under ${ours} ${limit}ms`)
  }
  compare('headersTimeout', httpRequest, 'timeout.httpRequest')
  compare('keepAliveTimeout', httpKeepAlive, 'timeout.httpKeepAlive')
  if (server.requestTimeout > 0) shorter.push(`requestTimeout ${server.requestTimeout}ms ends longer uploads`)
  if (shorter.length === 0) return
  process.emitWarning(
    `the server attached to frontends.${frontend.name} has limits of its own: ${shorter.join('; ')}`,
    {
      type: 'EvenkeelWarning',
      code: 'EVENKEEL_W_SERVER_TIMEOUT',
    },
  )
}
