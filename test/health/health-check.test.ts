import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type CheckOptions, readCheck } from '../../src/core/check-options.js'
import { Server } from '../../src/core/server.js'
import { HealthCheck } from '../../src/health/health-check.js'

describe('a HealthCheck', () => {
  test('refuses a wrong option where it is written', () => {
    const refuses = (options: unknown, path: string) =>
      assert.throws(() => new HealthCheck(options as CheckOptions), { code: 'ERR_EVENKEEL_OPTION', path })
    refuses({ interval: 'soon' }, 'check.interval')
    refuses({ http: { expect: { status: 99 } } }, 'check.http.expect.status')
    refuses({ inter: 1 }, 'check.inter')
    for (const value of [undefined, null, true, false, 5, []]) refuses(value, 'check')
    refuses(new HealthCheck({}), 'check.options')
  })

  test('keeps its options as they were, whatever becomes of the object that came', () => {
    const options = { interval: 3000 }
    const check = new HealthCheck(options)
    options.interval = 1
    assert.deepEqual(check.options, { interval: 3000 })
    assert.ok(Object.isFrozen(check.options))
  })

  test('serves a backend and a server as their check option', () => {
    const backend = readCheck(undefined, new HealthCheck({ interval: '3s', fall: 5 }), 'check')
    assert.equal(backend?.interval, 3000)
    const server = new Server('app1', { address: '127.0.0.1:1', check: new HealthCheck({ interval: '9s' }) })
    server.join({ serverChanged() {}, slotFreed() {} }, 1, backend, 1)
    assert.equal(server.check?.interval, 9000)
    assert.equal(server.check?.fall, 5)
  })
})
