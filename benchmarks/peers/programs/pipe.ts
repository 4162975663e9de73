import { connect, createServer } from 'node:net'
import { portOf } from '../../ports.js'
import { announce, serverPorts } from './serve.js'

// The least that a TCP proxy in Node can be: two sockets, each piped into the other.
let next = 0
const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
  const port = serverPorts[next++ % serverPorts.length]!
  const upstream = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  client.on('error', () => upstream.destroy()).pipe(upstream)
  upstream.on('error', () => client.destroy()).pipe(client)
})
server.listen(0, '127.0.0.1', () => announce({ tcp: portOf(server.address()) }))
