import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Children } from '../children.js'
import type { Installed } from '../installed.js'
import { answers, pageFields } from '../lines.js'
import { nginxBasis } from '../nginx-basis.js'
import { accepting, freePorts } from '../ports.js'
import type { Origin } from './origin.js'

/** Starts an origin on nginx: small answers from memory, large ones as files. */
export async function startNginxOrigin(nginx: Installed, folder: string, children: Children): Promise<Origin> {
  const ports = await freePorts(3)
  for (const [path, text] of Object.entries(answers)) writeFileSync(join(folder, path), text)
  const configuration = join(folder, 'origin.conf')
  writeFileSync(configuration, originConfiguration(folder, ports))
  const child = children.start(nginx.path, ['-p', folder, '-c', configuration])
  for (const port of ports) await accepting(port, child)
  return { name: 'nginx', version: nginx.version, ports }
}

function originConfiguration(folder: string, ports: readonly number[]): string {
  const fields = Object.entries(pageFields).map(([name, value]) => `add_header ${name} '${value}';`)
  return `${nginxBasis(folder, 'origin')}
    sendfile on;
    open_file_cache max=16 inactive=1h;
    open_file_cache_valid 1h;
    keepalive_timeout 1h;
    server {
      ${ports.map((port) => `listen 127.0.0.1:${port};`).join(' ')}
      root ${folder};
      location = /small { return 200 '${answers['/small']}'; }
      location = /page { default_type text/html; ${fields.join(' ')} return 200 '${answers['/page']}'; }
      # A plain "return" would answer before the body is in; mirroring makes nginx read all of it first.
      location = /upload { mirror /sink; mirror_request_body on; error_page 405 =200 @stored; }
      location = /sink { internal; return 204; }
      location @stored { return 200 '${answers['/upload']}'; }
    }
  }
`
}
