import { Agent } from 'node:http'
import { createProxyServer } from 'http-proxy-3'
import { serve, target } from './serve.js'

const proxy = createProxyServer({ target, agent: new Agent({ keepAlive: true }) })
// Without a listener an error would end the process; a destroyed answer shows as a socket error instead.
proxy.on('error', (_error, _request, response) => response.destroy())
serve((request, response) => void proxy.web(request, response))
