import { createServer } from 'node:http'
import { portOf } from '../../ports.js'
import { announce } from './serve.js'

// No proxy at all: what an idle connection costs a server of Node's own.
const server = createServer({ keepAliveTimeout: 60_000 }, (_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': 6 }).end('hello\n')
})
server.listen(0, '127.0.0.1', () => announce({ http: portOf(server.address()) }))
