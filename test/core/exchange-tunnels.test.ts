import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TunnelListener } from '../../src/core/carrier.js'
import { FakeProxy } from '../support/fake-proxy.js'

describe('a tunnel', () => {
  const ends: readonly [failure: Parameters<TunnelListener['tunnelEnded']>[0], termination: string][] = [
    [undefined, '----'],
    ['client-aborted', 'CD--'],
    ['server-lost', 'SD--'],
    ['client-timeout', 'cD--'],
    ['server-timeout', 'sD--'],
  ]
  for (const [failure, termination] of ends) {
    test(`that ended by ${failure ?? 'both sides'} is logged as ${termination}, with its bytes`, () => {
      const proxy = new FakeProxy({
        frontend: { timeout: { clientFin: 5000 } },
        backend: { timeout: { tunnel: 4000, serverFin: 6000 } },
      })
      const { client, exchange } = proxy.begin({ fields: ['Host', 'a', 'Connection', 'upgrade', 'Upgrade', 'x'] })
      proxy.try.connect().tunnel(101)
      assert.deepEqual([client.last, client.tunneled], ['tunnel 101', { idle: 4000, clientFin: 5000, serverFin: 6000 }])
      proxy.clock.advance(1_000_000)
      assert.equal(client.last, 'tunnel 101', 'other limits are off')
      exchange.tunnelPassed(3, 4)
      exchange.tunnelEnded(failure)
      const { status, bytesIn, bytesOut } = proxy.record
      assert.deepEqual([status, bytesIn, bytesOut, proxy.record.termination], [101, 3, 4, termination])
      assert.equal(proxy.backend.counters.sessions.current, 0)
    })
  }

  test('is ended by its carrier: a shutdown asks nothing of the server’s side', () => {
    const proxy = new FakeProxy()
    const { client, exchange } = proxy.begin()
    proxy.try.connect().tunnel(101)
    exchange.shutDown()
    assert.deepEqual([client.last, proxy.try.isAborted], ['abort', false])
    exchange.tunnelEnded('client-aborted')
    assert.deepEqual([proxy.records.length, proxy.record.termination], [1, 'KD--'])
  })

  test('of TCP mode has no status, and takes no request from anybody', () => {
    const proxy = new FakeProxy({ frontend: { mode: 'tcp' }, backend: { mode: 'tcp' } })
    const { client, exchange } = proxy.beginTcp()
    proxy.try.connect().tunnel('tcp')
    exchange.tunnelEnded(undefined)
    assert.deepEqual(client.orders, ['tunnel tcp'])
    const { status, method, target, version, termination } = proxy.record
    assert.deepEqual([status, method, target, version, termination], [-1, '', '', '', '----'])
  })

  test('of TCP mode that finds no server is broken off', () => {
    const proxy = new FakeProxy({ frontend: { mode: 'tcp' }, backend: { mode: 'tcp', retries: 0 } })
    const { client } = proxy.beginTcp()
    proxy.try.fail('connect-refused')
    assert.deepEqual([client.last, proxy.record.termination, proxy.record.status], ['abort', 'SC--', -1])
  })
})
