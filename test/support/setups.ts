import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo, type Server as NetServer } from 'node:net'
import type { TestContext } from 'node:test'
import tls from 'node:tls'
import { Agent } from 'undici'
import {
  attach,
  Backend,
  type BackendOptions,
  createProxy,
  Frontend,
  type FrontendOptions,
  handler,
} from '../../src/index.js'
import { type Certificate, selfSigned } from './certificate.js'
import { socketPath } from './loopback.js'

/** What a test sets; the rest is as it is by default. */
export interface ProxyOptions {
  readonly frontend?: Omit<FrontendOptions, 'routes' | 'defaultBackend'>
  readonly backend?: Omit<BackendOptions, 'servers'>
}

/** A proxy at work. */
export interface RunningProxy {
  /** Where it accepts; 0 with a Unix socket. */
  readonly port: number
  /** The Unix socket where it accepts. */
  readonly path?: string
  readonly frontend: Frontend
  readonly backend: Backend
}

/** A way to put a frontend to work. */
export interface Setup {
  readonly name: string
  /** Whether clients speak TLS. */
  readonly secure: boolean
  /** Serves one frontend `web` with one backend `app` of these servers, until the test is over. */
  start(t: TestContext, servers: Readonly<Record<string, string>>, options: ProxyOptions): Promise<RunningProxy>
}

/** Time limits above the frontend's: shorter ones would bring a warning each. */
const patient = { keepAliveTimeout: 60_000, requestTimeout: 0 }

let certificate: Certificate | undefined

/** The certificate of every secure server in this process. */
function ownCertificate(): Certificate {
  certificate ??= selfSigned('localhost', '127.0.0.1')
  return certificate
}

/** A proxy that listens itself. */
function bound(name: string, bindFor: (t: TestContext) => Promise<string>): Setup {
  return {
    name,
    secure: false,
    async start(t, servers, { frontend, backend }) {
      const proxy = createProxy({
        frontends: { web: { bind: await bindFor(t), defaultBackend: 'app', ...frontend } },
        backends: { app: { servers, ...backend } },
      })
      await proxy.listen()
      t.after(() => proxy.close({ timeout: 1 }))
      const address = proxy.addresses().web![0]!
      const parts = { frontend: proxy.frontend('web'), backend: proxy.backend('app') }
      return 'port' in address ? { port: address.port, ...parts } : { port: 0, path: address.path, ...parts }
    },
  }
}

export const ownBind = bound('a bind of its own', async () => '127.0.0.1:0')
export const ownUnixBind = bound('a Unix socket of its own', async (t) => `unix:${await socketPath(t)}`)

/** A server of the application that a frontend is attached to. */
function attached(name: string, secure: boolean, makeServer: () => NetServer): Setup {
  return {
    name,
    secure,
    async start(t, servers, options) {
      const parts = compose(servers, options)
      const server = makeServer()
      t.after(attach(parts.frontend, server))
      return { port: await listen(t, server), ...parts }
    },
  }
}

export const attachedHttp = attached('attached to a node:http server', false, () => http.createServer(patient))

export const attachedHttps = attached('attached to a node:https server', true, () =>
  https.createServer({ ...patient, ...ownCertificate() }),
)

export const attachedNet = attached('attached to a node:net server', false, () => net.createServer())
export const attachedTls = attached('attached to a node:tls server', true, () => tls.createServer(ownCertificate()))

/** A plain request listener. */
export const requestListener: Setup = {
  name: 'as a request listener',
  secure: false,
  async start(t, servers, options) {
    const parts = compose(servers, options)
    return { port: await listen(t, http.createServer(patient, handler(parts.frontend))), ...parts }
  },
}

/** The same with undici towards the servers. */
export function throughUndici(setup: Setup): Setup {
  return {
    ...setup,
    start: (t, servers, options) =>
      setup.start(t, servers, { ...options, backend: { transport: 'undici', ...options.backend } }),
  }
}

/** The same with an Agent of undici, which is the test's, towards the servers. */
export function throughDispatcher(setup: Setup): Setup {
  return {
    ...setup,
    name: `${setup.name}, with a dispatcher`,
    start(t, servers, options) {
      const dispatcher = new Agent({ maxHeaderSize: 64 * 1024 })
      t.after(() => dispatcher.destroy())
      return setup.start(t, servers, { ...options, backend: { dispatcher, ...options.backend } })
    },
  }
}

function compose(servers: Readonly<Record<string, string>>, options: ProxyOptions): Omit<RunningProxy, 'port'> {
  const backend = new Backend('app', { servers, ...options.backend })
  return { backend, frontend: new Frontend('web', { defaultBackend: backend, ...options.frontend }) }
}

async function listen(t: TestContext, server: NetServer): Promise<number> {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}
