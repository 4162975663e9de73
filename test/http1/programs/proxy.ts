// A proxy in a process of its own between two addresses, its arguments: says its id when it accepts.
import { createProxy } from '../../../src/index.js'

const [bind = '', server = ''] = process.argv.slice(2)
const patience = { httpRequest: '5m', httpKeepAlive: '5m', client: '5m' }
const proxy = createProxy({
  frontends: { main: { bind, defaultBackend: 'app', timeout: patience } },
  backends: { app: { servers: { s1: server }, timeout: { server: '5m' } } },
})
await proxy.listen()
process.stdout.write(`${process.pid}\n`)
// Whoever started it may be gone without a word.
setTimeout(() => process.exit(), 120_000)
