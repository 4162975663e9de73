// The classes that createProxy uses, put together by hand.
import { createServer } from 'node:http'
import { attach, Backend, Frontend, HealthCheck, LeastConnections, path, Server } from 'evenkeel'
import { get, listen, startOrigin } from './support.js'

const origins = await Promise.all(['app1', 'app2', 'api1'].map((name) => startOrigin(name)))
const [app1, app2, api1] = origins.map((origin) => origin.address)

const check = new HealthCheck({ http: { path: '/health', expect: { status: 200 } }, interval: '1s' })

const app = new Backend('app', {
  balance: new LeastConnections(),
  servers: [
    new Server('app1', { address: app1!, maxConnections: 100 }),
    new Server('app2', { address: app2!, backup: true }),
  ],
  check,
})
const api = new Backend('api', { servers: [new Server('api1', { address: api1! })], check })

const web = new Frontend('web', {
  routes: [{ backend: api, when: path.startsWith('/api/') }],
  defaultBackend: app,
  timeout: { httpKeepAlive: '5s' },
})

const server = createServer({ requestTimeout: 0 })
const detach = attach(web, server)
const url = await listen(server)

console.log(await get(`${url}/api/users`))
console.log(await get(`${url}/`))
app.server('app1').drain()
console.log(await get(`${url}/`))

detach()
server.close()
for (const origin of origins) origin.close()
