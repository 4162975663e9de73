import { once } from 'node:events'
import { createServer } from 'node:net'

// Processes that look at the same time begin at different places.
let next = 10_000 + ((process.pid * 97) % 15_000)

/**
 * Finds ports of 127.0.0.1 where nobody listens, below those that the system gives out by itself, so that nobody else
 * gets them by chance before they are used. It gives no port twice.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) {
    const port = next++
    if (await isFree(port)) ports.push(port)
  }
  return ports
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  // Without a host: a port that is taken at any address counts as taken.
  const isOpen = once(server.listen(port), 'listening').then(
    () => true,
    () => false,
  )
  if (!(await isOpen)) return false
  server.close()
  await once(server, 'close')
  return true
}
