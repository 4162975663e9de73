import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Children } from '../children.js'
import type { Installed } from '../installed.js'
import { nginxBasis } from '../nginx-basis.js'
import type { Origin } from '../origin/origin.js'
import { accepting, freePorts } from '../ports.js'
import type { Peer, RunningPeer } from './peer.js'

/** nginx as one process, with pooled connections to the servers. It has no active checks. */
export class NginxPeer implements Peer {
  readonly name = 'nginx'
  readonly kind = 'native'
  readonly version: string
  readonly #path: string

  constructor(nginx: Installed) {
    this.version = nginx.version
    this.#path = nginx.path
  }

  async start(origin: Origin, folder: string, children: Children): Promise<RunningPeer> {
    const [port = 0] = await freePorts(1)
    const file = join(folder, 'proxy.conf')
    writeFileSync(file, configuration(folder, port, origin.ports))
    const child = children.start(this.#path, ['-p', folder, '-c', file])
    await accepting(port, child)
    return { peer: this, ports: { http: port }, pid: child.pid }
  }
}

function configuration(folder: string, port: number, servers: readonly number[]): string {
  return `${nginxBasis(folder, 'proxy')}
    upstream app {
      ${servers.map((server) => `server 127.0.0.1:${server};`).join(' ')}
      keepalive 128;
      keepalive_requests 1000000000;
      keepalive_timeout 1h;
    }
    server {
      listen 127.0.0.1:${port};
      location / {
        proxy_pass http://app;
        proxy_http_version 1.1;
        proxy_set_header Connection '';
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        # A body never goes to the disk on its way.
        proxy_max_temp_file_size 0;
        proxy_buffers 8 64k;
      }
    }
  }
`
}
