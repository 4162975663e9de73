import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Children } from '../children.js'
import type { Installed } from '../installed.js'
import type { Origin } from '../origin/origin.js'
import { accepting, freePorts } from '../ports.js'
import type { Peer, RunningPeer } from './peer.js'

/** HAProxy on one thread. */
export class HaproxyPeer implements Peer {
  readonly name = 'haproxy'
  readonly kind = 'native'
  readonly version: string
  readonly #path: string

  constructor(haproxy: Installed) {
    this.version = haproxy.version
    this.#path = haproxy.path
  }

  async start(origin: Origin, folder: string, children: Children): Promise<RunningPeer> {
    const [http = 0, tcp = 0] = await freePorts(2)
    const file = join(folder, 'haproxy.cfg')
    writeFileSync(file, configuration(http, tcp, origin.ports))
    const child = children.start(this.#path, ['-db', '-f', file])
    await accepting(tcp, child)
    return { peer: this, ports: { http, tcp }, pid: child.pid }
  }
}

// "http-reuse always" is the quickest choice: "safe", the default, would open a server
// connection for the first request of every client connection.
function configuration(http: number, tcp: number, servers: readonly number[]): string {
  return `global
  nbthread 1
  maxconn 8000
defaults
  mode http
  option http-keep-alive
  option forwardfor
  http-reuse always
  timeout connect 5s
  timeout client 1m
  timeout server 1m
frontend main
  bind 127.0.0.1:${http}
  default_backend app
backend app
  balance roundrobin
${servers.map((server, index) => `  server app${index + 1} 127.0.0.1:${server} check`).join('\n')}
listen passing
  mode tcp
  bind 127.0.0.1:${tcp}
  balance roundrobin
${servers.map((server, index) => `  server app${index + 1} 127.0.0.1:${server} check`).join('\n')}
`
}
