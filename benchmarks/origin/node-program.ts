import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { answers, pageFields } from '../lines.js'
import { portOf } from '../ports.js'

const bodies = new Map(Object.entries(answers).map(([path, text]) => [path, Buffer.from(text, 'latin1')]))

function answer(request: IncomingMessage, response: ServerResponse): void {
  const body = bodies.get(request.url ?? '')
  if (body === undefined) {
    response.writeHead(404, { 'Content-Length': 0 }).end()
    return
  }
  const fields = request.url === '/page' ? pageFields : {}
  request.resume().on('end', () => {
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length, ...fields }).end(body)
  })
}

const ports: number[] = []
for (let count = 0; count < 3; count++) {
  const server = createServer(answer)
  // A proxy's pooled connection must not die between two rounds.
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ports.push(portOf(server.address()))
}
process.stdin.resume().on('end', () => process.exit())
process.stdout.write(`${JSON.stringify({ ports })}\n`)
