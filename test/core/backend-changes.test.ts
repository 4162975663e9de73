import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Balancer } from '../../src/balance/balancer.js'
import type { Server, ServerOptions } from '../../src/core/server.js'
import { makeBackend } from '../support/asker.js'

/** A balancer that writes down what it was told to choose from. */
class Notes implements Balancer {
  readonly algorithm = 'own'
  readonly told: string[] = []
  #candidates: readonly Server[] = []

  rebuild(candidates: readonly Server[]): void {
    this.#candidates = candidates
    this.told.push(candidates.map(({ name, weight }) => `${name}${weight}`).join(' '))
  }

  pick(): Server | undefined {
    return this.#candidates.find((server) => server.hasRoom)
  }
}

function noted(servers: Readonly<Record<string, Omit<ServerOptions, 'address'>>>) {
  const balance = new Notes()
  const entries = Object.entries(servers).map(([name, options]) => ({ name, address: '127.0.0.1:1', ...options }))
  return { ...makeBackend({ balance, servers: entries }), told: balance.told }
}

describe('a balancer hears of changes', () => {
  test('with the next pick, of many at once once', () => {
    const { backend, ask, told } = noted({ a: {}, b: {}, c: {} })
    ask()
    ask()
    assert.deepEqual(told, ['a1 b1 c1'])
    for (let weight = 2; weight <= 100; weight++) for (const server of backend.servers) server.weight = weight
    backend.server('b').drain()
    backend.addServer({ name: 'd', address: '127.0.0.1:1' })
    assert.equal(told.length, 1)
    ask()
    ask()
    assert.deepEqual(told.slice(1), ['a100 c100 d1'])
  })

  test('before it decides without traffic, too', () => {
    const { backend, ask, told } = noted({ a: {}, b: {} })
    backend.server('a').drain()
    assert.equal(backend.decide(ask().view, []), backend.server('b'))
    assert.deepEqual(told, ['a1 b1', 'b1'])
  })
})

describe('everybody else hears of changes at once', () => {
  test('of who is a candidate, and whether there is one', () => {
    const { backend, events } = noted({ a: {}, b: {}, c: { backup: true } })
    const candidates = (): string => backend.candidates.map(({ name }) => name).join('')
    assert.deepEqual([candidates(), backend.status], ['ab', 'UP'])
    backend.server('a').drain()
    assert.equal(candidates(), 'b')
    backend.server('b').weight = 0
    assert.equal(candidates(), 'c')
    backend.server('c').maintenance()
    assert.deepEqual([candidates(), backend.status, backend.timesDown], ['', 'DOWN', 1])
    backend.server('b').weight = 1
    assert.deepEqual([candidates(), backend.status], ['b', 'UP'])
    assert.deepEqual(events, [
      'server:drain a',
      'weight b 1-0',
      'backend:down',
      'server:maintenance c',
      'backend:up',
      'weight b 0-1',
    ])
  })

  test('of a burst of changes among ten thousand servers without any work for each', () => {
    const servers = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`s${index}`, {}]))
    const { backend, ask, told } = noted(servers)
    ask()
    for (const server of backend.servers) server.weight = 2
    for (const server of backend.servers) server.weight = '300%'
    for (let i = 10_000; i < 20_000; i++) backend.addServer({ name: `s${i}`, address: '127.0.0.1:1' })
    for (const server of backend.servers.slice(1, 20_000)) server.maintenance()
    assert.equal(backend.status, 'UP')
    ask()
    assert.deepEqual(told.slice(1), ['s03'])
  })

  test('so that those who wait go on at once', () => {
    const limited = { maxConnections: 1 }
    const { backend, ask } = noted({ a: limited, b: limited, c: { ...limited, backup: true }, d: { backup: true } })
    const asks = [ask(), ask(), ask(), ask()]
    const answers = (): string => asks.map(({ server }) => server?.name ?? '-').join('')
    assert.equal(answers(), 'ab--')
    backend.server('a').drain()
    assert.equal(answers(), 'ab--')
    backend.server('b').drain()
    assert.equal(answers(), 'abc-', 'the first backup serves now')
    backend.server('c').drain()
    assert.equal(answers(), 'abcd', 'and now the next one')
    asks.push(ask())
    assert.equal(answers(), 'abcdd')
  })

  test('of a server that joins or returns while others wait', () => {
    const limited = { maxConnections: 1 }
    const { backend, ask } = noted({ a: limited, b: limited })
    backend.server('b').maintenance()
    const asks = [ask(), ask(), ask()]
    const answers = (): string => asks.map(({ server }) => server?.name ?? '-').join('')
    assert.equal(answers(), 'a--')
    backend.addServer({ name: 'c', address: '127.0.0.1:1', ...limited })
    assert.equal(answers(), 'ac-')
    backend.server('b').ready()
    assert.equal(answers(), 'acb')
  })

  test('but not of a server that was told to be ready when it had left', async () => {
    const { backend, ask } = noted({ a: {}, b: {} })
    const [a, b] = backend.servers
    await backend.removeServer('a')
    a!.ready()
    assert.deepEqual(backend.candidates, [b])
    assert.equal(ask().server, b)
    b!.drain()
    assert.equal(backend.status, 'DOWN')
  })
})
