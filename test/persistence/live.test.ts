import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { createProxy, type ProxyServer, StickyTable, source } from '../../src/index.js'

/** Starts a proxy; gives its port. */
async function listen(t: TestContext, proxy: ProxyServer): Promise<number> {
  await proxy.listen()
  t.after(() => proxy.close({ timeout: 1 }))
  const bound = proxy.addresses().main![0]!
  return 'port' in bound ? bound.port : 0
}

/** A client that keeps its connection and its cookies, as a browser does. */
class Browser {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  #cookie = ''

  constructor(
    t: TestContext,
    readonly port: number,
    readonly name: string,
  ) {
    t.after(() => this.#agent.destroy())
  }

  /** Visits a page; gives the server's name and whom it took the client for. */
  async visit(): Promise<{ server: string; client: string; seen: string }> {
    const headers = { cookie: [`client=${this.name}`, this.#cookie].filter((pair) => pair !== '').join('; ') }
    const request = get({ port: this.port, host: '127.0.0.1', agent: this.#agent, headers })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    let body = ''
    for await (const part of response.setEncoding('utf8')) body += part
    assert.equal(response.statusCode, 200, body)
    const [set] = response.headers['set-cookie'] ?? []
    if (set !== undefined) this.#cookie = set.split(';')[0]!
    return JSON.parse(body) as { server: string; client: string; seen: string }
  }
}

async function app(t: TestContext, name: string): Promise<string> {
  const server = createServer(({ headers: { cookie = '' } }, response) => {
    const [, client] = /client=([^;]*)/.exec(cookie) ?? []
    response.end(JSON.stringify({ server: name, client, seen: cookie }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close().closeAllConnections())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('many clients with cookies', () => {
  test('each stay on one server, move once when it goes away, and are never taken for another', async (t) => {
    const names = ['s1', 's2', 's3']
    const servers = await Promise.all(
      names.map(async (name) => ({ name, address: await app(t, name), cookie: name, maxConnections: 5 })),
    )
    const cookie = { name: 'SRV', mode: 'insert', indirect: true } as const
    const proxy = createProxy({
      bind: '127.0.0.1:0',
      servers,
      cookie,
      log: ({ termination }) => letters.push(termination),
    })
    const letters: string[] = []
    const port = await listen(t, proxy)
    const browsers = Array.from({ length: 60 }, (_, index) => new Browser(t, port, `c${index}`))

    const round = async (): Promise<string[]> =>
      Promise.all(
        browsers.map(async (browser) => {
          const { server, client, seen } = await browser.visit()
          assert.equal(client, browser.name)
          assert.equal(seen, `client=${browser.name}`)
          return server
        }),
      )

    const first = await round()
    assert.deepEqual([...new Set(first)].sort(), names)
    assert.deepEqual(await round(), first)
    proxy.backend('main').server('s1').drain()
    assert.deepEqual(await round(), first)
    proxy.backend('main').server('s1').maintenance()
    const moved = await round()
    for (const [index, server] of moved.entries()) {
      if (first[index] === 's1') assert.notEqual(server, 's1')
      else assert.equal(server, first[index])
    }
    proxy.backend('main').server('s1').ready()
    assert.deepEqual(await round(), moved)
    const count = (end: string): number => letters.filter((letter) => letter === end).length
    const movers = first.filter((server) => server === 's1').length
    assert.deepEqual([count('--NI'), count('--DI'), count('--VN')], [60, movers, 5 * 60 - 60 - movers])
  })
})

describe('connections in TCP mode', () => {
  test('of one client stay on one server, by a table', async (t) => {
    const addresses: Record<string, string> = {}
    for (const name of ['s1', 's2']) {
      const server = createTcpServer((socket) => socket.on('error', () => {}).end(name))
      await once(server.listen(0, '127.0.0.1'), 'listening')
      t.after(() => server.close())
      addresses[name] = `127.0.0.1:${(server.address() as AddressInfo).port}`
    }
    const table = new StickyTable({ type: 'ip', size: 10, expire: '1h' })
    const stick = [{ on: source, table }]
    const port = await listen(t, createProxy({ mode: 'tcp', bind: '127.0.0.1:0', servers: addresses, stick }))
    const ask = async (localAddress: string): Promise<string> => {
      const socket = connect({ host: '127.0.0.1', port, localAddress }).setEncoding('latin1')
      let text = ''
      for await (const part of socket) text += part
      return text
    }
    const [one, two] = [await ask('127.0.0.1'), await ask('127.0.0.2')]
    assert.notEqual(one, two)
    for (let i = 0; i < 3; i++) {
      assert.deepEqual([await ask('127.0.0.2'), await ask('127.0.0.1')], [two, one])
    }
    assert.deepEqual([table.peek('127.0.0.1'), table.peek('127.0.0.2')], [one, two])
  })
})
