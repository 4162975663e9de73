// TCP mode: connections are passed on as they are, here to an echo server that closes when its client does.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { createProxy } from 'evenkeel'
import { listen, urlOf } from './support.js'

const echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
const address = new URL(await listen(echo)).host

const proxy = createProxy({
  mode: 'tcp',
  bind: '127.0.0.1:0',
  balance: 'leastconn',
  servers: [{ name: 'echo1', address }],
  log: ({ backend, server, bytesIn, bytesOut, termination }) =>
    console.log(`${backend}/${server}: ${bytesIn} bytes in, ${bytesOut} out, ended ${termination}`),
})
await proxy.listen()

const socket = connect(Number(new URL(urlOf(proxy)).port), '127.0.0.1')
socket.setEncoding('utf8').on('data', (text) => console.log(`echoed: ${text}`))
socket.end('hello')
await once(socket, 'close')

await proxy.close()
echo.close()
