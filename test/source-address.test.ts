import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MockAgent } from 'undici'
import { Backend, Server } from '../src/index.js'
import { Loopback } from './support/loopback.js'
import { Trial } from './support/trial.js'
import { until } from './support/within.js'

describe('the source of connections to a server', () => {
  for (const mode of ['http', 'tcp'] as const) {
    test(`is the address that the server’s options say, of checks too, in ${mode} mode`, async (t) => {
      const sources: (string | undefined)[] = []
      const origin = await Loopback.listen(t, (socket) => void sources.push(socket.remoteAddress))
      const { port } = origin.address as { port: number }
      const servers = { a: { address: `127.0.0.1:${port}`, source: '127.0.0.9', check: true } }
      const trial = await Trial.start(t, {
        frontends: { main: { mode, bind: '127.0.0.1:0', defaultBackend: 'app' } },
        backends: { app: { mode, servers } },
      })
      await trial.clock.advanceAsync(1)
      await until(() => trial.proxy.server('app/a').lastCheck !== undefined, 'no check ended')
      assert.equal(trial.proxy.server('app/a').lastCheck?.passed, true)
      await trial.ask()
      await origin.accepted(1)
      // A check's connection may be reset before anybody could ask for its address.
      assert.equal(sources[1], '127.0.0.9')
      assert.ok(['127.0.0.9', undefined].includes(sources[0]))
    })
  }

  test('that this machine does not have is a failure to connect', async (t) => {
    const origin = await Loopback.listen(t, () => {})
    const { port } = origin.address as { port: number }
    const trial = await Trial.start(t, {
      frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
      backends: { app: { retries: 0, servers: { a: { address: `127.0.0.1:${port}`, source: '192.0.2.1' } } } },
    })
    assert.equal((await trial.answer()).status, 503)
    const { termination, error } = await trial.record()
    assert.deepEqual([termination, /EADDRNOTAVAIL/.test(error!)], ['SC--', true])
  })

  test('is an IP address, and nothing that a dispatcher could be told', () => {
    const path = 'servers.a.source'
    assert.throws(() => new Server('a', { address: 'a:1', source: 'eth0' }), { code: 'ERR_EVENKEEL_OPTION', path })
    const servers = [{ name: 'a', address: 'a:1', source: '127.0.0.1' }]
    assert.throws(() => new Backend('app', { dispatcher: new MockAgent(), servers }), { path: /a\.source$/ })
  })
})
