// Listens on a free port of 127.0.0.1 with the smallest backlog, and says which port.
import { type AddressInfo, createServer } from 'node:net'

const server = createServer()
server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
