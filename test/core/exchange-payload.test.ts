import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Balancer } from '../../src/balance/balancer.js'
import { FakeProxy, withLength } from '../support/fake-proxy.js'

const byUser = { algorithm: 'urlParam', name: 'user', checkPost: true } as const
const expecting = [...withLength(8), 'Expect', '100-continue']

/** The server of a user, by a body that is there at once. */
function serverOf(body: string): string {
  const proxy = new FakeProxy({ backend: { balance: byUser } })
  const { exchange } = proxy.begin({ method: 'POST', fields: withLength(body.length) })
  exchange.clientData(body)
  exchange.clientEnd(undefined)
  return proxy.try.server
}

/** Lets what waits for the end of this turn happen. */
async function turn(): Promise<void> {
  await Promise.resolve()
}

describe('a request whose server depends on its body', () => {
  test('is sent once the body is there, with it in one piece', () => {
    const proxy = new FakeProxy({ backend: { balance: byUser } })
    const { client, exchange } = proxy.begin({ method: 'POST', fields: withLength(8) })
    assert.deepEqual(client.orders, ['resume'])
    exchange.clientData('user')
    exchange.clientData(Buffer.from('=ann'))
    assert.equal(proxy.tries.length, 0)
    exchange.clientEnd(undefined)
    assert.equal(proxy.try.body, 'user=ann')
    assert.equal(proxy.try.hasEnded, true)
    proxy.try.connect().respond(200, '')
    assert.equal(proxy.record.bytesIn, 8)
  })

  test('goes by what the body says', () => {
    const users = ['ann', 'bob', 'cat', 'dan', 'eve', 'flo'].map((user) => serverOf(`user=${user}`))
    assert.deepEqual(new Set(users), new Set(['a', 'b']))
    assert.deepEqual(
      ['ann', 'bob'].map((user) => serverOf(`x=1&user=${user}&y=2`)),
      users.slice(0, 2),
    )
  })

  test('does not wait where the body says nothing of it: not a POST, none there, or named in the query', () => {
    const proxy = new FakeProxy({ backend: { balance: byUser } })
    for (const request of [{ method: 'PUT', fields: withLength(8) }, { method: 'POST' }, { method: 'GET' }]) {
      const before = proxy.tries.length
      proxy.begin(request)
      assert.equal(proxy.tries.length, before + 1, JSON.stringify(request))
    }
  })

  test('waits for no more than 16 KiB, and sends on what comes after', async () => {
    const proxy = new FakeProxy({ backend: { balance: byUser } })
    const { client, exchange } = proxy.begin({ method: 'POST', fields: withLength(40_000) })
    exchange.clientData('x'.repeat(16_000))
    await turn()
    assert.equal(proxy.tries.length, 0)
    exchange.clientData('y'.repeat(1000))
    assert.equal(client.last, 'pause')
    // The carrier had read on already.
    exchange.clientData('z'.repeat(3000))
    await turn()
    assert.equal(proxy.try.body.length, 20_000)
    assert.equal(proxy.try.hasEnded, false)
    proxy.try.connect()
    assert.equal(client.last, 'resume')
    exchange.clientData('w'.repeat(20_000))
    exchange.clientEnd(undefined)
    assert.equal(proxy.try.body.length, 40_000)
    assert.equal(proxy.try.hasEnded, true)
  })

  test('that ends with the piece that was one too many is sent whole', async () => {
    const proxy = new FakeProxy({ backend: { balance: byUser } })
    const { exchange } = proxy.begin({ method: 'POST', fields: withLength(20_000) })
    exchange.clientData('x'.repeat(20_000))
    exchange.clientEnd(undefined)
    await turn()
    assert.equal(proxy.tries.length, 1)
    assert.deepEqual([proxy.try.body.length, proxy.try.hasEnded], [20_000, true])
  })

  test('is copied no more than twice, however small its pieces are', () => {
    const proxy = new FakeProxy({ backend: { balance: byUser } })
    const { exchange } = proxy.begin({ method: 'POST', fields: withLength(10_000) })
    const text = Array.from({ length: 10_000 }, (_, at) => String.fromCharCode(97 + (at % 26))).join('')
    for (const piece of text) exchange.clientData(piece)
    exchange.clientEnd(undefined)
    assert.equal(proxy.try.body, text)
  })

  test('gets 408 when its body does not come in the time for a request, of which its head took some', () => {
    const proxy = new FakeProxy({ backend: { balance: byUser }, frontend: { timeout: { httpRequest: 5000 } } })
    const { client, exchange } = proxy.begin({ method: 'POST', fields: withLength(8), age: 2000 })
    exchange.clientData('user')
    proxy.clock.advance(2999)
    assert.equal(client.orders.includes('respond 408 whole'), false)
    proxy.clock.advance(1)
    assert.equal(client.last, 'respond 408 whole')
    const { termination, failure } = proxy.record
    assert.deepEqual([termination, failure], ['cR--', 'request-timeout'])
    assert.equal(proxy.tries.length, 0)
  })

  test('is forgotten when its client leaves meanwhile', async () => {
    const proxy = new FakeProxy({ backend: { balance: byUser } })
    const { exchange } = proxy.begin({ method: 'POST', fields: withLength(30_000) })
    exchange.clientData('x'.repeat(20_000))
    exchange.clientAborted()
    await turn()
    proxy.clock.advance(60_000)
    assert.equal(proxy.tries.length, 0)
    assert.deepEqual([proxy.records.length, proxy.record.termination], [1, 'CR--'])
  })

  test('is told to continue before, and no longer expects it of the server', () => {
    const proxy = new FakeProxy({ backend: { balance: byUser } })
    const { client, exchange } = proxy.begin({ method: 'POST', fields: expecting })
    assert.deepEqual(client.orders, ['informational 100', 'resume'])
    exchange.clientData('user=ann')
    exchange.clientEnd(undefined)
    assert.deepEqual(proxy.try.fields, withLength(8))
    const plain = new FakeProxy()
    plain.begin({ method: 'POST', fields: expecting })
    assert.deepEqual(plain.try.fields, expecting)
  })

  test('is sent whole again to the next server when the first refuses it', () => {
    const proxy = new FakeProxy({ backend: { balance: { ...byUser, hashType: 'consistent' }, redispatch: 1 } })
    const { exchange } = proxy.begin({ method: 'POST', fields: withLength(8) })
    exchange.clientData('user=ann')
    exchange.clientEnd(undefined)
    proxy.try.fail('connect-refused')
    assert.equal(proxy.tries.length, 2)
    assert.notEqual(proxy.tries[0]?.server, proxy.tries[1]?.server)
    assert.deepEqual([proxy.try.body, proxy.try.hasEnded], ['user=ann', true])
  })

  test('goes to the server that route finds for its payload', () => {
    for (const user of ['ann', 'bob', 'cat', 'dan']) {
      const { frontend } = new FakeProxy({ backend: { balance: byUser } })
      const decision = frontend.route({ method: 'POST', payload: `user=${user}` })
      assert.equal(decision.server?.name, serverOf(`user=${user}`))
    }
    const { frontend } = new FakeProxy({ backend: { balance: byUser } })
    assert.throws(() => frontend.route({ payload: 7 } as object), { path: 'frontends.main.route(request).payload' })
  })
})

describe('a connection of TCP mode whose server depends on its first bytes', () => {
  const tcp = {
    frontend: { mode: 'tcp', timeout: { httpRequest: 5000 } },
    backend: { mode: 'tcp', balance: 'rdpCookie' },
  } as const
  const packet = '\u0003\u0000\u0000\u002b\u0026\u00e0\u0000\u0000\u0000\u0000\u0000Cookie: mstshash=ann\r\n'

  test('is sent on once they say enough', async () => {
    const proxy = new FakeProxy(tcp)
    const { client, exchange } = proxy.beginTcp()
    assert.deepEqual(client.orders, ['resume'])
    exchange.clientData(Buffer.from(packet.slice(0, 20), 'latin1'))
    await turn()
    assert.equal(proxy.tries.length, 0)
    exchange.clientData(Buffer.from(packet.slice(20), 'latin1'))
    assert.equal(client.last, 'pause')
    await turn()
    assert.equal(proxy.try.body, packet)
  })

  test('is sent on with what there is when its time is over', () => {
    const proxy = new FakeProxy(tcp)
    const { client, exchange } = proxy.beginTcp()
    exchange.clientData(Buffer.from(packet.slice(0, 20), 'latin1'))
    proxy.clock.advance(4999)
    assert.equal(proxy.tries.length, 0)
    proxy.clock.advance(1)
    assert.equal(client.last, 'pause')
    assert.equal(proxy.try.body, packet.slice(0, 20))
  })
})

describe('a balancer of one’s own', () => {
  test('may want to see more, and sees it grow', async () => {
    const seen: number[] = []
    const balance: Balancer = {
      algorithm: 'own',
      rebuild: () => {},
      pick: () => undefined,
      wantsPayload({ payload }) {
        seen.push(payload?.length ?? -1)
        return (payload?.length ?? 0) < 3
      },
    }
    const { exchange } = new FakeProxy({ backend: { balance } }).begin({ method: 'PUT', fields: withLength(8) })
    for (const piece of ['a', 'b', 'c', 'd']) exchange.clientData(piece)
    assert.deepEqual(seen, [-1, 1, 2, 3])
  })

  test('that throws when asked is reported, and picks without', () => {
    const balance: Balancer = {
      algorithm: 'own',
      rebuild: () => {},
      pick: () => proxy.backend.server('b'),
      wantsPayload() {
        throw new Error('broken')
      },
    }
    const proxy = new FakeProxy({ backend: { balance } })
    proxy.begin({ method: 'PUT', fields: withLength(8) })
    assert.deepEqual(proxy.faults, ['balancer of backends.app'])
    assert.equal(proxy.try.server, 'b')
  })
})

describe('a hashed request whose server refuses it', () => {
  const balance = { algorithm: 'source', hashType: 'consistent' } as const

  test('stays with it until the last retry, as persistent ones do', () => {
    const proxy = new FakeProxy({ backend: { balance, retries: 2, timeout: { connect: 300 } } })
    proxy.begin()
    for (const tries of [1, 2]) {
      proxy.try.fail('connect-refused')
      if (tries === 1) {
        assert.equal(proxy.tries.length, 1)
        proxy.clock.advance(300)
      }
      assert.equal(proxy.tries.length, tries + 1)
    }
    const [first, second, third] = proxy.tries.map(({ server }) => server)
    assert.equal(first, second)
    assert.notEqual(second, third)
  })

  test('gets nowhere else from a map, which has no other slot for it', () => {
    const proxy = new FakeProxy({ backend: { balance: 'source', retries: 2, redispatch: 1 } })
    const { client } = proxy.begin()
    for (let tries = 0; tries < 3; tries++) proxy.try.fail('connect-refused')
    assert.equal(new Set(proxy.tries.map(({ server }) => server)).size, 1)
    assert.equal(client.last, 'respond 503 whole')
  })

  test('waits for a full server, though another has room', () => {
    const servers = {
      a: { address: '127.0.0.1:1', maxConnections: 1 },
      b: { address: '127.0.0.1:2', maxConnections: 1 },
    }
    const proxy = new FakeProxy({ backend: { balance: 'source', servers } })
    proxy.begin()
    proxy.begin()
    assert.equal(proxy.tries.length, 1)
    const full = proxy.backend.server(proxy.try.server)
    assert.deepEqual([full.served, full.queued, proxy.backend.queue.length], [1, 1, 0])
    proxy.try.connect().respond(200, '')
    assert.equal(proxy.tries.length, 2)
    assert.equal(proxy.try.server, full.name)
  })
})
