import type { Backend } from './core/backend.js'
import type { Transport } from './core/carrier.js'
import type { Server } from './core/server.js'
import type { DispatcherOption } from './core/transport-options.js'
import { Http1Transport } from './http1/pool.js'
import type { Target } from './net/target.js'
import { TcpTransport } from './tcp/transport.js'
import { DispatcherTransport } from './undici/dispatcher-transport.js'
import { UndiciTransport } from './undici/transport.js'

/** How a server is connected to. */
export function targetOf(server: Server): Target {
  return { address: server.address }
}

/** Makes what carries exchanges to a server; undefined where the backend's dispatcher is a function that gave none. */
export function transportFor(backend: Backend, server: Server): Transport | undefined {
  const { mode, settings, clock } = backend
  const { dispatcher, httpReuse, responseLimits } = settings
  const connectTimeout = settings.timeout.connect
  const target = targetOf(server)
  const pool = { ...settings.pool, ...server.pool }
  if (mode === 'tcp') return new TcpTransport(target, connectTimeout)
  if (dispatcher !== undefined) return throughDispatcher(backend, server, dispatcher)
  if (settings.transport === 'undici') {
    return new UndiciTransport(target, { connectTimeout, responseLimits, ...pool })
  }
  return new Http1Transport(target, { server, connectTimeout, clock, httpReuse, responseLimits, ...pool })
}

function throughDispatcher(backend: Backend, server: Server, option: DispatcherOption): Transport | undefined {
  const { settings, clock } = backend
  const maxResponseHeaders = settings.responseLimits.maxHeaders
  try {
    const dispatcher = typeof option === 'function' ? option(server) : option
    if (typeof dispatcher?.dispatch !== 'function') throw new TypeError('the dispatcher function gave no Dispatcher')
    const connectTimeout = settings.timeout.connect
    return new DispatcherTransport(server.address, dispatcher, { connectTimeout, maxResponseHeaders, clock })
  } catch (thrown) {
    backend.fault(thrown, `dispatcher of backends.${backend.name} for ${server.name}`)
    return undefined
  }
}
