import { Agent } from 'node:http'
import httpProxy from 'http-proxy'
import { serve, target } from './serve.js'

const proxy = httpProxy.createProxyServer({ target, agent: new Agent({ keepAlive: true }) })
// Without a listener an error would end the process; a destroyed answer shows as a socket error instead.
proxy.on('error', (_error, _request, response) => response.destroy())
serve((request, response) => proxy.web(request, response))
