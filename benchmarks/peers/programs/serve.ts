import { createServer, type RequestListener } from 'node:http'
import { portOf } from '../../ports.js'

/** The origin's ports, as the benchmark passes them. */
export const serverPorts: readonly number[] = process.argv.slice(2).map(Number)

/** The one server of a proxy that forwards to a single place. */
export const target = `http://127.0.0.1:${serverPorts[0]}`

/** Serves with a plain `node:http` server and says where. */
export function serve(listener: RequestListener): void {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1', () => announce({ http: portOf(server.address()) }))
}

/** Tells the benchmark which ports accept, and ends this process when the benchmark is gone. */
export function announce(ports: { readonly http?: number; readonly tcp?: number }): void {
  process.stdin.resume().on('end', () => process.exit())
  process.stdout.write(`${JSON.stringify(ports)}\n`)
}
