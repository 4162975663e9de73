import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ServerOptions } from '../../src/core/server.js'
import { FakeProxy } from '../support/fake-proxy.js'

/** A proxy whose first server is `a`, with a backup `b`. */
function proxyWith(options: Partial<ServerOptions>): FakeProxy {
  const servers = { a: { address: '127.0.0.1:1', ...options }, b: { address: '127.0.0.1:2', backup: true } }
  return new FakeProxy({ backend: { servers, redispatch: false } })
}

describe('a server with onMarkedDown', () => {
  test('ends what is with it when it goes into maintenance: 502 where there is no response yet, DH', () => {
    const proxy = proxyWith({ onMarkedDown: 'shutdown-sessions' })
    const { client } = proxy.begin()
    proxy.try.connect()
    proxy.backend.server('a').maintenance()
    assert.deepEqual([client.last, proxy.try.isAborted], ['respond 502 whole', true])
    const { termination, failure, server } = proxy.record
    assert.deepEqual([termination, failure, server], ['DH--', 'server-down', 'a'])
    assert.equal(proxy.backend.server('a').served, 0)
  })

  test('breaks off a response that has begun, and tunnels: DD', () => {
    const proxy = proxyWith({ onMarkedDown: 'shutdown-sessions' })
    const { client } = proxy.begin()
    proxy.try.connect().respond(200)
    proxy.backend.server('a').maintenance()
    assert.deepEqual([client.last, proxy.record.termination], ['abort', 'DD--'])

    proxy.backend.server('a').ready()
    const tunnel = proxy.begin({ fields: ['Host', 'a', 'Connection', 'upgrade', 'Upgrade', 'x'] })
    proxy.try.connect().tunnel(101)
    proxy.backend.server('a').maintenance()
    assert.deepEqual([tunnel.client.last, proxy.record.termination], ['abort', 'DD--'])
  })

  test('leaves alone what has ended, and what is with others', () => {
    const proxy = proxyWith({ onMarkedDown: 'shutdown-sessions' })
    proxy.begin()
    proxy.try.connect().respond(200, 'x')
    proxy.backend.server('a').drain()
    const { client } = proxy.begin()
    assert.equal(proxy.try.server, 'b')
    proxy.try.connect()
    proxy.backend.server('a').maintenance()
    assert.deepEqual([client.last, proxy.records.length], [undefined, 1])
  })

  test('lets what is with it go on while it drains', () => {
    const proxy = proxyWith({ onMarkedDown: 'shutdown-sessions' })
    const { client } = proxy.begin()
    proxy.try.connect()
    proxy.backend.server('a').drain()
    assert.deepEqual([client.last, proxy.records.length], [undefined, 0])
  })
})

test('without onMarkedDown what is with a server goes on', () => {
  const proxy = proxyWith({})
  proxy.begin()
  proxy.try.connect()
  proxy.backend.server('a').maintenance()
  proxy.try.respond(200, 'x')
  assert.equal(proxy.record.termination, '----')
})

describe('a server with onMarkedUp', () => {
  /** An exchange with the backup, while `a` is away. */
  function withBackup(options: Partial<ServerOptions>) {
    const proxy = proxyWith(options)
    proxy.backend.server('a').maintenance()
    const { client } = proxy.begin()
    assert.equal(proxy.try.server, 'b')
    proxy.try.connect()
    return { proxy, client }
  }

  test('ends what is with backups when it comes up', () => {
    const { proxy, client } = withBackup({ onMarkedUp: 'shutdown-backup-sessions' })
    proxy.backend.server('a').ready()
    const { termination, failure } = proxy.record
    assert.deepEqual([client.last, termination, failure], ['respond 502 whole', 'UH--', 'active-server-up'])
    assert.equal(proxy.backend.server('b').served, 0)
  })

  test('does not when it has no weight', () => {
    const { proxy } = withBackup({ onMarkedUp: 'shutdown-backup-sessions', weight: 0 })
    proxy.backend.server('a').ready()
    assert.equal(proxy.records.length, 0)
  })

  test('is asked for: by default backups go on with what they have', () => {
    const { proxy } = withBackup({})
    proxy.backend.server('a').ready()
    assert.equal(proxy.records.length, 0)
  })
})

test('what a server is left for is not ended with it: a retry elsewhere goes on', () => {
  const proxy = new FakeProxy({
    backend: {
      servers: {
        a: { address: '127.0.0.1:1', onMarkedDown: 'shutdown-sessions' },
        b: { address: '127.0.0.1:2', onMarkedDown: 'shutdown-sessions' },
      },
      redispatch: 1,
    },
  })
  proxy.begin()
  const left = proxy.try.server
  proxy.try.fail('connect-timeout')
  assert.notEqual(proxy.try.server, left)
  proxy.backend.server(left).maintenance()
  proxy.try.connect().respond(200, 'x')
  assert.equal(proxy.record.termination, '----')
})
