/**
 * A program that puts proxies to every use, closes them, and has nothing more to do then. It must end by itself: what
 * keeps it alive was left behind by a proxy.
 */
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { attach, Backend, createProxy, Frontend } from '../../src/index.js'

const agent = new http.Agent({ keepAlive: true })

function request(port: number, path = '/'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    http
      .get({ port, path, host: '127.0.0.1', agent }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode))
      })
      .on('error', reject)
  })
}

async function listen(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const origin = http.createServer((_request, response) => response.end('ok'))
origin.on('upgrade', (_request, socket) => {
  socket.on('error', () => {}).write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
})
const server = `127.0.0.1:${await listen(origin)}`

// A proxy with checks, a queue, a page of statistics, kept connections and a tunnel.
const proxy = createProxy({
  frontends: {
    main: { bind: '127.0.0.1:0', defaultBackend: 'app', maxConnections: 100 },
    tcp: { bind: '127.0.0.1:0', mode: 'tcp', defaultBackend: 'raw' },
  },
  backends: {
    app: { servers: [{ name: 'a', address: server, maxConnections: 1 }, '127.0.0.1:1'], check: true },
    raw: { mode: 'tcp', servers: [server], check: { interval: '1h' } },
  },
  stats: { bind: '127.0.0.1:0' },
})
await proxy.listen()
const { main, tcp, stats } = proxy.addresses() as Record<string, AddressInfo[]>
await Promise.all([1, 2, 3, 4].map(() => request(main![0]!.port)))
await request(tcp![0]!.port)
await request(stats![0]!.port, '/stats;csv')
const tunnel = net.connect(main![0]!.port, '127.0.0.1')
tunnel.write('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
await once(tunnel, 'data')
tunnel.on('error', () => {}).resume()

// A frontend behind a server of the application's own, whose checks alone must not keep it alive.
const backend = new Backend('app', { servers: [server], check: true })
const own = http.createServer()
const detach = attach(new Frontend('own', { defaultBackend: backend }), own)
await request(await listen(own))
process.argv.includes('--stay-attached') || detach()

console.log('closing')
await proxy.close({ timeout: 50 })
own.close()
origin.close()
agent.destroy()
own.closeAllConnections()
origin.closeAllConnections()
console.log('closed')
