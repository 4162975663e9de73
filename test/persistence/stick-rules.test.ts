import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { BackendOptions } from '../../src/core/backend-options.js'
import type { StickRule } from '../../src/index.js'
import { response } from '../../src/rules/response-samples.js'
import { cookie, header, path, source } from '../../src/rules/samples.js'
import { StickyTable } from '../../src/sticky-table/sticky-table.js'
import type { StickyTableOptions } from '../../src/sticky-table/sticky-table-options.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { Scene } from './scene.js'

/** A scene and a table that go by one clock. */
function scene(
  rulesOf: (table: StickyTable) => readonly StickRule[],
  rest: BackendOptions = {},
  options: Partial<StickyTableOptions> = {},
) {
  const clock = new VirtualClock({ start: 1000 })
  const table = new StickyTable({ type: 'string', size: 100, expire: '1h', clock, ...options })
  return { proxy: new Scene({ stick: rulesOf(table), ...rest }, clock), table, clock }
}

const key = (value: string) => ({ fields: ['X-Key', value] })

describe('a stick rule', () => {
  test('keeps whatever has one key on one server', () => {
    const { proxy, table } = scene((table) => [{ on: header('x-key'), table }])
    assert.equal(proxy.visit(key('one')).server, 'a')
    assert.equal(proxy.visit(key('two')).server, 'b')
    for (let i = 0; i < 3; i++) {
      assert.equal(proxy.visit(key('two')).server, 'b')
      assert.equal(proxy.visit(key('one')).server, 'a')
    }
    assert.deepEqual([table.peek('one'), table.peek('two')], ['a', 'b'])
  })

  test('does nothing where there is no key', () => {
    const { proxy, table } = scene((table) => [{ on: header('x-key'), table }])
    assert.deepEqual([proxy.visit().server, proxy.visit().server, proxy.visit().server], ['a', 'b', 'a'])
    assert.equal(table.size, 0)
  })

  test('only looks up, or only stores, where it says so', () => {
    const { proxy, table } = scene((table) => [{ on: header('x-key'), table, match: true }])
    proxy.visit(key('one'))
    assert.equal(table.size, 0)
    table.store('one', 'b')
    assert.equal(proxy.visit(key('one')).server, 'b')
    const other = scene((table) => [{ on: header('x-key'), table, storeRequest: true }])
    other.table.store('one', 'b')
    assert.equal(other.proxy.visit(key('one')).server, 'a')
    assert.equal(other.table.peek('one'), 'a')
  })

  test('holds under its condition alone', () => {
    const { proxy, table } = scene((table) => [{ on: header('x-key'), table, when: path.is('/s') }])
    proxy.visit(key('one'))
    assert.equal(table.size, 0)
    proxy.visit({ ...key('one'), target: '/s' })
    assert.equal(table.peek('one'), 'b')
  })

  test('takes functions for keys, with several values too', () => {
    const { proxy, table } = scene(
      (table) => [{ on: ({ host, source }) => ({ host, from: source.address }), table }],
      {},
      { type: 'composite' },
    )
    proxy.visit()
    assert.equal(table.peek({ from: '192.0.2.7', host: 'a.test' }), 'a')
  })

  test('renews its key’s time with each look-up, and forgets it after', () => {
    const { proxy, table, clock } = scene((table) => [{ on: source, table, match: true }])
    table.store('192.0.2.7', 'b')
    for (let i = 0; i < 3; i++) {
      clock.advance(3_000_000)
      assert.equal(proxy.visit().server, 'b')
    }
    clock.advance(3_600_000)
    assert.deepEqual([proxy.visit().server, proxy.visit().server], ['a', 'b'])
  })
})

describe('what is stored', () => {
  test('is stored when the server has answered, not before, and not when it fails', () => {
    const { proxy, table } = scene((table) => [{ on: header('x-key'), table }], { retries: 0 })
    const attempt = proxy.ask(key('one'))
    assert.equal(table.size, 0)
    attempt.fail('server-closed', { sent: true })
    assert.equal(table.size, 0)
    const { server } = proxy.visit({ ...key('one'), status: 500 })
    assert.equal(table.peek('one'), server)
  })

  test('is the server that answered in the end', () => {
    const { proxy, table } = scene((table) => [{ on: header('x-key'), table }])
    const { client } = proxy.begin({ fields: ['Host', 'a.test', 'X-Key', 'one'] })
    const [first] = proxy.tries
    first!.fail('connect-refused')
    proxy.try.connect().respond(200, '')
    assert.equal(client.last, 'respond 200 whole')
    assert.notEqual(table.peek('one'), first!.server)
    assert.equal(table.peek('one'), proxy.record.server)
  })

  test('comes from the response where the rule says so', () => {
    const { proxy, table } = scene((table) => [
      { on: response.cookie('SID'), table, storeResponse: true },
      { on: cookie('SID'), table, match: true },
    ])
    proxy.visit({ says: ['Set-Cookie: x=1', 'Set-Cookie: SID=s1; Path=/'], cookie: 'SID=s0' })
    assert.deepEqual([table.size, table.peek('s1')], [1, 'a'])
    for (let i = 0; i < 3; i++) assert.equal(proxy.visit({ cookie: 'y=2; SID=s1' }).server, 'a')
  })

  test('may come from any part of the response, or from both sides', () => {
    const { proxy, table } = scene((table) => [
      {
        on: ({ method, response }) => `${method} ${response?.status} ${response?.header('X-A')}`,
        table,
        storeResponse: true,
        when: ({ response }) => response!.headers('x-a').length === 2,
      },
    ])
    proxy.visit({ says: ['X-A: 1'], status: 201 })
    proxy.visit({ says: ['x-a: 1', 'X-A: 2'], status: 203 })
    assert.deepEqual(
      [...table.entries()].map(({ key, server }) => [key, server]),
      [['GET 203 1', 'b']],
    )
  })

  test('is that of the first rule with a key, for each table', () => {
    const { proxy, table } = scene(
      (table) => [
        { on: header('x-forwarded-for'), table },
        { on: source, table },
      ],
      {},
      { type: 'ip' },
    )
    proxy.visit({ fields: ['X-Forwarded-For', '198.51.100.1'] })
    assert.deepEqual(
      [...table.entries()].map(({ key }) => key),
      ['198.51.100.1'],
    )
    proxy.visit({ fields: ['X-Forwarded-For', 'no address'] })
    assert.deepEqual(
      [...table.entries()].map(({ key }) => key),
      ['198.51.100.1', '192.0.2.7'],
    )
  })

  test('is nothing for a server that is exempt', () => {
    const servers = { a: { address: 'a:1', nonStick: true } }
    const { proxy, table } = scene((table) => [{ on: source, table }], { servers })
    proxy.visit()
    assert.equal(table.size, 0)
  })

  test('comes from connections in TCP mode, as soon as they stand', () => {
    const clock = new VirtualClock({ start: 1000 })
    const table = new StickyTable({ type: 'ip', size: 10, clock })
    const proxy = new Scene({ mode: 'tcp', stick: [{ on: source, table }] }, clock)
    proxy.beginTcp()
    assert.equal(table.size, 0)
    proxy.try.connect().tunnel('tcp')
    assert.equal(table.peek('192.0.2.7'), 'a')
    for (let i = 0; i < 3; i++) {
      proxy.beginTcp()
      assert.equal(proxy.try.server, 'a')
    }
  })
})

describe('a table that backends share', () => {
  test('leads to servers by name, and nowhere where the name is unknown', () => {
    const clock = new VirtualClock({ start: 1000 })
    const table = new StickyTable({ type: 'string', size: 10, clock })
    const stick = [{ on: header('x-key'), table }]
    const first = new Scene({ stick, servers: { x: 'x:1', b: 'b:1' } }, clock)
    const second = new Scene({ stick, servers: { a: 'a:1', b: 'b:2' } }, clock)
    assert.equal(first.visit(key('one')).server, 'x')
    assert.equal(first.visit(key('two')).server, 'b')
    assert.equal(second.visit(key('two')).server, 'b')
    assert.equal(second.visit(key('one')).server, 'a')
    assert.equal(table.peek('one'), 'a')
  })
})

describe('a rule whose function throws', () => {
  const broken = () => {
    throw new Error('broken')
  }

  test('refuses the request, as a fault that says where', () => {
    const { proxy } = scene((table) => [{ on: broken, table }])
    const { client } = proxy.begin()
    assert.deepEqual([client.last, proxy.faults], ['respond 500 whole', ['persistence of backends.app']])
    assert.equal(proxy.backend.server('a').served, 0)
  })

  test('lets the response pass, as a fault, and stores nothing', () => {
    const { proxy, table } = scene((table) => [{ on: broken, table, storeResponse: true }], {
      cookie: { name: 'SRV', mode: 'insert' },
      servers: { a: { address: 'a:1', cookie: 'ca' } },
    })
    assert.deepEqual(proxy.visit().set, ['SRV=ca; path=/'])
    assert.deepEqual([proxy.record.status, proxy.faults], [200, ['persistence of backends.app']])
    assert.equal(table.size, 0)
  })
})

test('whatever comes, a key stays with the server that answered it last, unless that one is down', () => {
  const step = fc.oneof(
    fc.record({ key: fc.constantFrom('one', 'two', 'three') }),
    fc.record({ server: fc.constantFrom('a', 'b', 'c'), state: fc.constantFrom('drain', 'maintenance', 'ready') }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { proxy, table } = scene((table) => [{ on: header('x-key'), table }], {
        servers: { a: 'a:1', b: 'b:1', c: 'c:1' },
      })
      for (const step of steps) {
        if ('server' in step) {
          proxy.backend.server(step.server)[step.state as 'drain']()
          continue
        }
        const known = table.peek(step.key)
        const isUp = known !== undefined && proxy.backend.server(known).isUp
        if (!isUp && proxy.backend.status === 'DOWN') continue
        const { server } = proxy.visit(key(step.key))
        if (isUp) assert.equal(server, known)
        else assert.ok(proxy.backend.server(server).isUsable)
        assert.equal(table.peek(step.key), server)
      }
    }),
    { seed: 9, numRuns: 300 },
  )
})
