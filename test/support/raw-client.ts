import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import type { TestContext } from 'node:test'
import { secure } from './tls-client.js'
import { Wire } from './wire.js'
import { within } from './within.js'

/** Where a raw client connects to. */
export interface Target {
  readonly port?: number
  /** A Unix socket. */
  readonly path?: string
  /** Whether to speak TLS. Default false. */
  readonly secure?: boolean
}

/** Connects to a server on loopback, until the test is over. */
export async function connect(t: TestContext, target: Target): Promise<Wire> {
  const { port, path } = target
  const raw = connectTcp({
    ...(path === undefined ? { host: '127.0.0.1', port: port! } : { path }),
    allowHalfOpen: true,
  })
  raw.setNoDelay(true)
  t.after(() => raw.destroy())
  await within(once(raw, 'connect'), () => 'no connection to the proxy')
  if (target.secure !== true) return new Wire(raw)
  const { socket, hasCloseNotify } = await within(secure(raw), () => 'no TLS with the proxy')
  return new Wire(socket, raw, hasCloseNotify)
}
