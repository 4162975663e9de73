import { announce, serverPorts } from './serve.js'

// The name as a variable: what runs is the built package, as for its users, and what is checked are the sources.
const name: string = 'evenkeel'
const { createProxy }: typeof import('../../../src/index.js') = await import(name)

const backend = { balance: 'roundrobin', check: true, servers: serverPorts.map((port) => `127.0.0.1:${port}`) } as const
const proxy = createProxy({
  frontends: {
    http: { bind: '127.0.0.1:0', forwardFor: true, defaultBackend: 'app' },
    tcp: { mode: 'tcp', bind: '127.0.0.1:0', defaultBackend: 'passing' },
  },
  backends: { app: backend, passing: { mode: 'tcp', ...backend } },
})
await proxy.listen()
announce({ http: portOf('http'), tcp: portOf('tcp') })

function portOf(frontend: string): number {
  const bound = proxy.addresses()[frontend]?.[0]
  return bound !== undefined && 'port' in bound ? bound.port : 0
}
