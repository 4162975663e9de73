import { Backend } from '../../src/core/backend.js'
import { Frontend } from '../../src/core/frontend.js'
import type { FrontendOptions } from '../../src/core/frontend-options.js'
import { header, method, path } from '../../src/rules/samples.js'

export const files = new Backend('files', { servers: { f1: '127.0.0.1:1' } })
export const app = new Backend('app', { servers: { app1: '127.0.0.1:2', app2: '127.0.0.1:3' } })

/** Routes by path, method and header to `files`, and all else to `app`. */
export function web(options: FrontendOptions = {}): Frontend {
  return new Frontend('web', {
    routes: [
      { backend: files, when: path.startsWith('/static'), unless: method.is('POST') },
      { backend: files, when: header('x-files').exists() },
    ],
    defaultBackend: app,
    ...options,
  })
}
