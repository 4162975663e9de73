// What the examples have in common: small servers to balance over, and the URLs of what listens.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import type { ProxyServer } from 'evenkeel'

/** A small HTTP server and its address. */
export interface Origin {
  readonly address: string
  close(): void
}

/** Starts a server that answers with its name and what was asked for. */
export async function startOrigin(name: string): Promise<Origin> {
  const server = createServer((request, response) => response.end(`${name} answers ${request.url}`))
  const url = await listen(server)
  return { address: new URL(url).host, close: () => server.close() }
}

/** Lets a server listen at a free port, and gives its URL. */
export async function listen(server: Server): Promise<string> {
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The URL of a proxy's frontend, with the port that the system chose. */
export function urlOf(proxy: ProxyServer, frontend = 'main'): string {
  const [bound] = proxy.addresses()[frontend] ?? []
  if (bound === undefined || 'path' in bound) throw new Error(`${frontend} is not bound to a port`)
  return `http://127.0.0.1:${bound.port}`
}

/** The text at a URL. */
export async function get(url: string): Promise<string> {
  return (await fetch(url)).text()
}
