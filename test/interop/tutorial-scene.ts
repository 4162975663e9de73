import type { TestContext } from 'node:test'
import { any, createProxy, type ExchangeRecord, type ProxyServer, path } from '../../src/index.js'
import { Nginx } from '../support/nginx.js'

/** Checks in a row that bring a server up, and that take it down. */
export const rise = 2
export const fall = 3

/** The tutorial's servers, each a real nginx of its own, and the proxy in front of them. */
export interface Scene {
  readonly proxy: ProxyServer
  readonly port: number
  readonly origins: Readonly<Record<string, Nginx>>
  /** The proxy's log. */
  readonly records: ExchangeRecord[]
}

export const appNames = ['app1', 'app2', 'app3', 'app4']

/** Starts the tutorial's proxy and its servers, until the test is over. */
export async function tutorial(
  t: TestContext,
  balance: 'roundrobin' | 'leastconn' = 'roundrobin',
  bind = '127.0.0.1:0',
): Promise<Scene> {
  const names = ['static1', ...appNames]
  const started = await Promise.all(names.map((name) => Nginx.start(t, directives(name), pace)))
  const origins = Object.fromEntries(names.map((name, index) => [name, started[index]!]))
  const server = (name: string): { name: string; address: string } => ({ name, address: origins[name]!.address })
  const records: ExchangeRecord[] = []
  const proxy = createProxy({
    defaults: {
      timeout: { connect: '5s', client: '1m', server: '1m', httpRequest: '10s', httpKeepAlive: '10s' },
      retries: 3,
      redispatch: true,
      forwardFor: { except: '127.0.0.0/8' },
      check: { http: { path: '/health' }, interval: '100ms', timeout: '5s', rise, fall },
      log: (record) => records.push(record),
    },
    frontends: {
      main: {
        bind,
        maxConnections: 3000,
        routes: [
          {
            backend: 'static',
            when: any(path.startsWith('/static'), path.endsWith('.jpg', '.gif', '.png', '.css', '.js')),
          },
        ],
        defaultBackend: 'app',
      },
    },
    backends: {
      static: { servers: [server('static1')] },
      app: { balance, servers: appNames.map(server) },
    },
  })
  await proxy.listen()
  t.after(() => proxy.close({ timeout: '1s' }))
  const bound = proxy.addresses().main![0]!
  return { proxy, port: 'port' in bound ? bound.port : 0, origins, records }
}

/** An application server answers 50 requests a second: under load it always has some that wait for their answer. */
const pace = 'limit_req_zone $server_port zone=all:1m rate=50r/s;'

/** What every nginx of the tutorial does: it tells its name, and what it was told of the client. */
function directives(name: string): string {
  const limit = name === 'static1' ? '' : 'limit_req zone=all burst=1000;'
  // "return" alone would come before a request is slowed down.
  return `
    location / { ${limit} try_files /none @answer; }
    location @answer { return 200 "${name} $http_x_forwarded_for"; }
    location = /health { return 204; }
  `
}
