// http-proxy ships no types: these cover what its program here uses.
declare module 'http-proxy' {
  import type { Agent, IncomingMessage, ServerResponse } from 'node:http'

  interface ProxyServer {
    web(request: IncomingMessage, response: ServerResponse): void
    on(event: 'error', listener: (error: Error, request: IncomingMessage, response: ServerResponse) => void): this
  }

  const httpProxy: { createProxyServer(options: { target: string; agent: Agent }): ProxyServer }
  export default httpProxy
}
