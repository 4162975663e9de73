import { announce, serverPorts } from './serve.js'

// The name as a variable: what runs is the built package, as for its users, and what is checked are the sources.
const name: string = 'evenkeel'
const { createProxy }: typeof import('../../../src/index.js') = await import(name)

const proxy = createProxy({
  frontends: { main: { bind: '127.0.0.1:0', forwardFor: true, defaultBackend: 'app' } },
  backends: { app: { balance: 'roundrobin', check: true, servers: serverPorts.map((port) => `127.0.0.1:${port}`) } },
})
await proxy.listen()
const bound = proxy.addresses().main?.[0]
announce(bound !== undefined && 'port' in bound ? bound.port : 0)
