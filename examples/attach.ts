// Balancing at a server that the application owns: its port, its TLS, its settings.
import { createServer } from 'node:http'
import { attach, Backend, Frontend } from 'evenkeel'
import { get, listen, startOrigin } from './support.js'

const origins = await Promise.all([startOrigin('app1'), startOrigin('app2')])
const app = new Backend('app', { servers: origins.map(({ address }, i) => ({ name: `app${i + 1}`, address })) })
const web = new Frontend('web', { defaultBackend: app, forwardFor: true })

// Where the server's own time limits are shorter than the frontend's, a process warning says so.
const server = createServer({ keepAliveTimeout: 15_000, requestTimeout: 0 })
const detach = attach(web, server)
const url = await listen(server)
console.log(await get(`${url}/a`))
console.log(await get(`${url}/b`))

// From here on the application answers by itself.
detach()
server.on('request', (_request, response) => response.end('the application answers'))
console.log(await get(`${url}/c`))

server.close()
for (const origin of origins) origin.close()
