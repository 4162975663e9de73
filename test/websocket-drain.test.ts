import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { affordable } from './support/open-files.js'
import { settled, Trial, until } from './support/trial.js'
import { within } from './support/within.js'

const request = 'GET /chat HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
const acceptance = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

/** A server that agrees to every upgrade, and then sends back what it gets. */
async function echoServer(t: TestContext): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write(acceptance)
      socket.pipe(socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A cheap client: one socket that has switched protocols. */
class Client {
  readonly #socket: Socket
  #text = ''
  isClosed = false

  constructor(t: TestContext, port: number) {
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.setEncoding('latin1').on('data', (text: string) => {
      this.#text += text
    })
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      this.isClosed = true
    })
    t.after(() => this.#socket.destroy())
    this.#socket.write(request)
  }

  get isOpen(): boolean {
    return this.#text.endsWith('\r\n\r\n')
  }

  send(text: string): void {
    this.#text = ''
    this.#socket.write(text)
  }

  hasGot(text: string): boolean {
    return this.#text === text
  }

  end(): void {
    this.#socket.end()
  }
}

async function scene(t: TestContext) {
  const trial = await Trial.start(t, {
    frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
    backends: { app: { servers: { a: await echoServer(t), b: await echoServer(t) } } },
  })
  const open = async (count: number): Promise<Client[]> => {
    const clients: Client[] = []
    // In batches that the system's queue of connections takes.
    while (clients.length < count) {
      const batch = Array.from({ length: Math.min(200, count - clients.length) }, () => new Client(t, trial.port()))
      clients.push(...batch)
      await until(() => batch.every(({ isOpen }) => isOpen), 'all have switched protocols')
    }
    return clients
  }
  return { trial, proxy: trial.proxy, a: trial.proxy.server('app/a'), b: trial.proxy.server('app/b'), open }
}

async function assertEchoes(clients: readonly Client[], text: string): Promise<void> {
  for (const client of clients) client.send(text)
  await until(() => clients.every((client) => client.hasGot(text)), `all got ${text}`)
}

const wanted = 2000

describe('WebSockets of a server that is drained', () => {
  test(`stand, ${wanted} of them, while new ones go elsewhere`, { timeout: 120_000 }, async (t) => {
    const { proxy, a, b, open } = await scene(t)
    // Each has four sockets here: the client's, the server's, and two of the proxy.
    const many = affordable(wanted, 4, (message) => t.diagnostic(message))
    b.maintenance()
    const old = await open(many)
    assert.deepEqual([a.served, b.served], [many, 0])
    b.ready()
    a.drain()
    const fresh = await open(20)
    assert.deepEqual([a.served, b.served], [many, 20])
    await assertEchoes([...old, ...fresh], 'still here')
    assert.equal(proxy.frontend('main').counters.sessions.current, many + 20)
    a.maintenance()
    await assertEchoes(old, 'and in maintenance')
    assert.ok(old.every(({ isClosed }) => !isClosed))
    for (const client of old) client.end()
    await until(() => a.served === 0, 'every slot is free')
    assert.equal(b.served, 20)
  })
})

describe('WebSockets of a proxy that closes', () => {
  test('stand until its time is over, and are cut then', async (t) => {
    const { trial, proxy, open } = await scene(t)
    const clients = await open(20)
    const closed = proxy.close({ timeout: '30s' })
    await trial.pass(29_999)
    await assertEchoes(clients, 'not yet')
    await trial.pass(1)
    await within(closed, () => 'the proxy does not close')
    await until(() => clients.every(({ isClosed }) => isClosed), 'all are cut')
    assert.equal(trial.records.length, 20)
    for (const { termination, status } of trial.records) assert.deepEqual([termination, status], ['KD--', 101])
  })

  test('let it close at once when the last of them ends', async (t) => {
    const { trial, proxy, open } = await scene(t)
    const clients = await open(3)
    let isClosed = false
    const closed = proxy.close({ timeout: '30s' }).then(() => {
      isClosed = true
    })
    for (const client of clients.slice(1)) client.end()
    await until(() => trial.records.length === 2, 'two have ended')
    await settled()
    assert.equal(isClosed, false)
    clients[0]!.end()
    await within(closed, () => 'the proxy does not close')
  })
})
