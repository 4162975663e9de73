import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import express from 'express'
import { attach, Backend, createProxy, Frontend, type FrontendOptions, handler, path } from '../../src/index.js'
import { selfSigned } from '../support/certificate.js'
import { Nginx } from '../support/nginx.js'

/** A way to put a frontend of these options to work; gives the URL of its root. */
export type Setup = (t: TestContext, options: FrontendOptions) => Promise<string>

/** Time limits above the frontend's: shorter ones would bring a warning each. */
const patient = { requestTimeout: 0, keepAliveTimeout: 60_000 }

export const setups: Readonly<Record<string, Setup>> = {
  'a bind of its own': async (t, { routes = [], defaultBackend }) => {
    const proxy = createProxy({ frontends: { main: { bind: '127.0.0.1:0', routes, defaultBackend: defaultBackend! } } })
    await proxy.listen()
    t.after(() => proxy.close({ timeout: 1 }))
    const bound = proxy.addresses().main![0]!
    return `http://127.0.0.1:${'port' in bound && bound.port}`
  },
  'http.createServer()': async (t, options) => {
    const server = createServer(patient)
    t.after(attach(new Frontend('main', options), server))
    return `http://127.0.0.1:${await listen(t, server)}`
  },
  'https.createServer()': async (t, options) => {
    const server = createSecureServer({ ...selfSigned('localhost'), ...patient })
    t.after(attach(new Frontend('main', options), server))
    return `https://127.0.0.1:${await listen(t, server)}`
  },
  'an Express application': async (t, options) => {
    const app = express()
    app.use('/own', (_request, response) => void response.send('Express'))
    app.use(handler(new Frontend('main', options)))
    return `http://127.0.0.1:${await listen(t, createServer(patient, app))}`
  },
}

async function listen(t: TestContext, server: Server & { closeAllConnections?(): void }): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections?.()
  })
  return (server.address() as AddressInfo).port
}

/** Text that compresses well, and differs from place to place. */
export const text = Array.from({ length: 2000 }, (_, line) => `line ${line}\n`).join('')

/** Starts an nginx with the file `/files/text.txt` and an {@link answer}ing server, and a proxy for both. */
export async function start(t: TestContext, setup: Setup): Promise<{ url: string; nginx: Nginx }> {
  const nginx = await Nginx.start(t, 'root $folder/www; gzip on; gzip_types text/plain; gzip_min_length 1;')
  await mkdir(join(nginx.folder, 'www/files'), { recursive: true })
  await writeFile(join(nginx.folder, 'www/files/text.txt'), text)
  const origin = `127.0.0.1:${await listen(t, createServer(answer))}`
  const url = await setup(t, {
    routes: [
      { backend: new Backend('files', { servers: { nginx: nginx.address } }), when: path.startsWith('/files/') },
    ],
    defaultBackend: new Backend('app', { servers: { app: origin } }),
  })
  return { url, nginx }
}

/** What `/echo` tells of a request. */
export interface Echo {
  readonly method: string
  readonly version: string
  readonly headers: Readonly<Record<string, string>>
  readonly length: number
  readonly sha256: string
}

export function sha256(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/hints') {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' }, () => response.end('hinted'))
  } else if (request.url === '/trailers') {
    response.writeHead(200, { Trailer: 'X-Sum' })
    response.write('body')
    response.addTrailers({ 'X-Sum': '9' })
    response.end()
  } else echo(request, response)
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  const hash = createHash('sha256')
  let length = 0
  request.on('data', (chunk: Buffer) => {
    hash.update(chunk)
    length += chunk.length
  })
  request.on('end', () => {
    const { method, httpVersion: version, headers } = request
    response.setHeader('X-Method', method ?? '')
    response.end(JSON.stringify({ method, version, headers, length, sha256: hash.digest('hex') }))
  })
}
