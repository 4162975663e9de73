import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Backend } from '../../src/core/backend.js'
import { Frontend } from '../../src/core/frontend.js'
import { VirtualClock } from '../../src/testing/virtual-clock.js'
import { app, files, web } from '../support/web-frontend.js'

describe('the source of a request', () => {
  /** The client as conditions see it. */
  function client(trustedProxies: string[] | undefined, from: string, forwardedFor?: string): string | undefined {
    let seen: string | undefined
    const frontend = web({
      ...(trustedProxies === undefined ? {} : { trustedProxies }),
      routes: [
        {
          backend: files,
          when: (exchange) => {
            seen = exchange.source.address
            return false
          },
        },
      ],
    })
    frontend.route({ source: from, headers: forwardedFor === undefined ? {} : { 'X-Forwarded-For': forwardedFor } })
    return seen
  }

  test('is the peer, whatever it says, while nobody is trusted', () => {
    assert.equal(client(undefined, '10.0.0.1', '192.0.2.7'), '10.0.0.1')
    assert.equal(client(['10.0.0.2'], '10.0.0.1', '192.0.2.7'), '10.0.0.1')
  })

  test('is whom a trusted proxy names', () => {
    assert.equal(client(['10.0.0.0/8'], '10.0.0.1', '192.0.2.7'), '192.0.2.7')
    assert.equal(client(['10.0.0.0/8'], '10.0.0.1'), '10.0.0.1')
  })

  test('is the last in the list that is no trusted proxy: what stands before it may be forged', () => {
    assert.equal(client(['10.0.0.0/8'], '10.0.0.1', '203.0.113.9, 192.0.2.7, 10.0.0.2'), '192.0.2.7')
    assert.equal(client(['10.0.0.0/8'], '10.0.0.1', '10.0.0.3, 10.0.0.2'), '10.0.0.3')
  })

  test('is the peer where the list has what is no address', () => {
    assert.equal(client(['10.0.0.0/8'], '10.0.0.1', '192.0.2.7, unknown'), '10.0.0.1')
    assert.equal(client(['10.0.0.0/8'], '10.0.0.1', ''), '10.0.0.1')
    assert.equal(client(['10.0.0.0/8'], '10.0.0.1', 'beef'), '10.0.0.1')
  })
})

describe('a frontend', () => {
  test('has documented defaults', () => {
    const { settings } = new Frontend('web')
    assert.deepEqual(settings.timeout, {
      client: 60_000,
      clientHandshake: 60_000,
      httpRequest: 10_000,
      httpKeepAlive: 10_000,
        clientFin: 10_000,
    })
    assert.deepEqual([settings.mode, settings.maxConnections, settings.log], ['http', 0, undefined])
    assert.deepEqual([settings.forwardFor, settings.forwarded, settings.via], [undefined, false, undefined])
  })

  test('has no limit with a timeout of 0', () => {
    assert.equal(new Frontend('web', { timeout: { client: 0 } }).settings.timeout.client, Infinity)
  })

  test('knows every backend that it can reach, once', () => {
    assert.deepEqual(web().backends, [files, app])
    assert.deepEqual(new Frontend('web').backends, [])
  })

  test('has the clock of its backends, and refuses another', () => {
    const clock = new VirtualClock()
    const timed = new Backend('timed', { clock })
    assert.equal(new Frontend('web', { defaultBackend: timed }).clock, clock)
    assert.equal(new Frontend('web', { defaultBackend: timed, clock }).clock, clock)
    const wrong = { code: 'ERR_EVENKEEL_OPTION', path: 'frontends.web.clock', message: /one graph has one clock/ }
    assert.throws(() => new Frontend('web', { defaultBackend: timed, clock: new VirtualClock() }), wrong)
    assert.throws(() => new Frontend('web', { defaultBackend: timed, routes: [{ backend: app }] }), wrong)
  })

  test('refuses a backend of another mode', () => {
    const tcp = new Backend('tcp', { mode: 'tcp' })
    const wrong = { code: 'ERR_EVENKEEL_OPTION', path: 'frontends.web.mode', value: 'http' }
    assert.throws(() => new Frontend('web', { defaultBackend: tcp }), wrong)
    assert.throws(() => new Frontend('web', { mode: 'tcp', defaultBackend: app }), { ...wrong, value: 'tcp' })
  })
})

describe('what backends have as defaults', () => {
  test('is as documented', () => {
    const { settings, balancer } = new Backend('app')
    assert.deepEqual(settings.timeout, {
      connect: 5000,
      server: 60_000,
      queue: 5000,
      tunnel: 3_600_000,
      serverFin: 10_000,
    })
    assert.deepEqual(settings.retryPolicy, {
      retries: 3,
      redispatch: -1,
      events: new Set(['conn-failure']),
      statuses: undefined,
      methods: new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']),
      unless: undefined,
      replayBuffer: 16 * 1024,
      budget: undefined,
    })
    assert.deepEqual([settings.host, settings.check, balancer.algorithm], ['client', undefined, 'roundrobin'])
  })

  test('has the time in the queue follow that to connect', () => {
    assert.equal(new Backend('app', { timeout: { connect: '2s' } }).settings.timeout.queue, 2000)
    assert.equal(new Backend('app', { timeout: { connect: '2s', queue: '1m' } }).settings.timeout.queue, 60_000)
    assert.equal(new Backend('app', { timeout: { connect: 0 } }).settings.timeout.queue, Infinity)
  })

  test('has redispatch true mean the last retry, false never', () => {
    const interval = (redispatch: boolean | number) =>
      new Backend('app', { redispatch }).settings.retryPolicy.redispatch
    assert.deepEqual([true, false, 2, -2, 0].map(interval), [-1, 0, 2, -2, 0])
  })
})
