import type { Backend } from './core/backend.js'
import type { Transport } from './core/carrier.js'
import { readUniqueId, type SendProxySettings } from './core/send-proxy-options.js'
import type { Server } from './core/server.js'
import type { DispatcherOption } from './core/transport-options.js'
import { Http1Transport } from './http1/pool.js'
import { Http2Transport } from './http2/http2-transport.js'
import { ServerTls } from './net/server-tls.js'
import type { Target } from './net/target.js'
import { TcpTransport } from './tcp/transport.js'
import { DispatcherTransport } from './undici/dispatcher-transport.js'
import { UndiciTransport } from './undici/transport.js'

/** How a server is connected to. */
export function targetOf(server: Server, backend: Backend): Target {
  const { address, sendProxy, source, tls } = server
  return {
    address,
    source,
    sendProxy: sendProxy && guarded(sendProxy, server, backend),
    tls: tls && new ServerTls(tls, address, `backends.${backend.name}.servers.${server.name}.tls`),
  }
}

/** An application's function that fails makes a header without an identifier, and a fault. */
function guarded(settings: SendProxySettings, server: Server, backend: Backend): SendProxySettings {
  const { uniqueId } = settings
  if (typeof uniqueId !== 'function') return settings
  return {
    ...settings,
    uniqueId: (client) => {
      try {
        return readUniqueId(uniqueId(client))
      } catch (thrown) {
        backend.fault(thrown, `uniqueId of backends.${backend.name}.servers.${server.name}`)
        return undefined
      }
    },
  }
}

/** Makes what carries exchanges to a server; undefined where the backend's dispatcher is a function that gave none. */
export function transportFor(backend: Backend, server: Server): Transport | undefined {
  const { mode, settings, clock } = backend
  const { dispatcher, httpReuse, responseLimits } = settings
  const connectTimeout = settings.timeout.connect
  const target = targetOf(server, backend)
  const pool = { ...settings.pool, ...server.pool }
  if (mode === 'tcp') return new TcpTransport(target, connectTimeout)
  if (dispatcher !== undefined) return throughDispatcher(backend, server, dispatcher)
  if (settings.transport === 'undici') {
    return new UndiciTransport(target, { connectTimeout, responseLimits, ...pool })
  }
  if (settings.transport === 'http2') {
    return new Http2Transport(target, { connectTimeout, clock, responseLimits, ...pool })
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
