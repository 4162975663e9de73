// Changing a proxy while it runs: plain calls, no reload.
import { createProxy } from 'evenkeel'
import { get, startOrigin, urlOf } from './support.js'

const [app1, app2, app3] = await Promise.all(['app1', 'app2', 'app3'].map((name) => startOrigin(name)))
const proxy = createProxy({
  bind: '127.0.0.1:0',
  servers: { app1: app1!.address, app2: app2!.address },
})
proxy.on('server:drain', ({ server }) => console.log(`${server.name} drains`))
proxy.on('server:added', ({ server }) => console.log(`${server.name} joined`))
proxy.on('server:removed', ({ server }) => console.log(`${server.name} left`))
await proxy.listen()
const backend = proxy.backend('main')

backend.server('app1').drain()
console.log(await get(urlOf(proxy)))

backend.addServer({ name: 'app3', address: app3!.address, weight: 2 })
backend.server('app2').weight = 0
console.log(await get(urlOf(proxy)))

await backend.removeServer('app1', { timeout: '10s' })
backend.server('app2').weight = 1
console.log(backend.servers.map(({ name, weight, status }) => `${name} ${weight} ${status}`).join(', '))

await proxy.close()
for (const origin of [app1!, app2!, app3!]) origin.close()
