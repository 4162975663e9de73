import type { Socket } from 'node:net'
import type { SendProxySettings } from '../../core/send-proxy-options.js'
import type { Session } from '../../core/session.js'
import { normalizeAddress } from '../../util/network.js'
import { tellTls } from './tell-tls.js'
import { binaryHeader, type ProxyEnds, textHeader } from './write-header.js'

/**
 * The header that a fresh connection to a server begins with: it tells of the session that the connection is for.
 * Without a session the connection is the proxy's own, such as a check.
 */
export function headerFor(settings: SendProxySettings, session: Session | undefined, socket: Socket): Buffer {
  const { version, checksum } = settings
  if (session === undefined) return ownHeader(settings, socket)
  const { client, localPort, origin } = session
  const ends = { source: client, destination: { address: origin?.localAddress ?? '', port: localPort } }
  return version === 1 ? textHeader(ends) : binaryHeader(ends, tell(settings, session), checksum)
}

/** Version 1 has no way to say that a connection is the sender's own but to name its ends. */
function ownHeader(settings: SendProxySettings, socket: Socket): Buffer {
  if (settings.version === 1) return textHeader(endsOf(socket))
  return binaryHeader(undefined, { tls: settings.ssl ? tellTls(undefined, settings) : undefined }, settings.checksum)
}

function endsOf({ localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 }: Socket): ProxyEnds {
  return {
    source: { address: normalizeAddress(localAddress), port: localPort },
    destination: { address: normalizeAddress(remoteAddress), port: remotePort },
  }
}

function tell(settings: SendProxySettings, session: Session): Parameters<typeof binaryHeader>[1] {
  const { client, origin, proxied, tls } = session
  const { uniqueId } = settings
  const id = typeof uniqueId === 'function' ? uniqueId(client) : uniqueId && proxied?.uniqueId
  return {
    alpn: tls?.alpn || undefined,
    authority: settings.authority ? (proxied?.authority ?? (tls?.sni || undefined)) : undefined,
    uniqueId: typeof id === 'string' ? Buffer.from(id) : id,
    tls: settings.ssl ? tellTls(origin, settings) : undefined,
  }
}
