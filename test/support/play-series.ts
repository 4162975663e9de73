import { readResponse } from './http-message.js'
import { settled } from './trial.js'
import type { Wire } from './wire.js'

const texts: Readonly<Record<string, string>> = {
  GET: 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n',
  POST: 'POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi',
}

/** Plays the steps of a series (`A GET`, `A leaves`) one after the other. */
export async function playSeries(steps: readonly string[], connect: () => Promise<Wire>): Promise<void> {
  const clients = new Map<string, Wire>()
  for (const step of steps) {
    const [name, what] = step.split(' ') as [string, string]
    const client = clients.get(name) ?? (await connect())
    clients.set(name, client)
    if (what === 'leaves') client.close()
    else await readResponse(client.send(texts[what]!))
    await settled()
  }
}
