import { connect, createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { Child } from './children.js'

/** Asks the kernel for ports that are free now, for programs that cannot say which one the kernel gave them. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listening))
  const ports = servers.map((server) => portOf(server.address()))
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** Waits until the port accepts connections. Throws with the child's own words when the child ends first. */
export async function accepting(port: number, child: Child): Promise<void> {
  for (let tries = 0; tries < 250; tries++) {
    if (child.hasEnded) throw new Error(child.complaint)
    if (await accepts(port)) return
    await wait(20)
  }
  throw new Error(`nothing accepts on port ${port}`)
}

/** The port of a bound server's address. */
export function portOf(address: ReturnType<ReturnType<typeof createServer>['address']>): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}

function listening(): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject).listen(0, '127.0.0.1', () => resolve(server))
  })
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
