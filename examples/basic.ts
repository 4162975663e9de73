// The short form: one frontend and one backend, both called main.
import { createProxy } from 'evenkeel'
import { get, startOrigin, urlOf } from './support.js'

const app1 = await startOrigin('app1')
const app2 = await startOrigin('app2')

const proxy = createProxy({
  bind: '127.0.0.1:0',
  servers: [
    { name: 'app1', address: app1.address },
    { name: 'app2', address: app2.address },
  ],
})
await proxy.listen()

for (const path of ['/a', '/b', '/c', '/d']) console.log(await get(urlOf(proxy) + path))
for (const { name, counters } of proxy.backend('main').servers)
  console.log(`${name} was chosen ${counters.chosen} times`)

await proxy.close()
app1.close()
app2.close()
