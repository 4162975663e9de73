import assert from 'node:assert/strict'
import dns from 'node:dns'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { type CheckOptions, type Probe, readCheck } from '../../src/core/check-options.js'
import { connectFailure } from '../../src/health/connect-failure.js'
import { tcpProbe } from '../../src/health/tcp-probe.js'
import { DialError } from '../../src/net/dialer.js'
import { closedAddress, Loopback, noSocketsOpen, socketPath } from '../support/loopback.js'

const never = new AbortController().signal

function probeOf(options: CheckOptions = {}): Probe {
  const probe = tcpProbe(readCheck(undefined, options, 'check')!)
  return (address, signal) => probe({ address }, signal)
}

describe('a TCP probe', () => {
  for (const host of ['127.0.0.1', '::1', 'unix'] as const) {
    test(`passes when ${host} accepts, and leaves nothing open`, async (t) => {
      const server = await Loopback.listen(t, () => {}, host)
      const result = await probeOf()(server.address, never)
      assert.deepEqual(result, { passed: true, status: 'L4OK', reason: 'connected' })
      await server.accepted(0)
      await server.allClosed()
      await noSocketsOpen()
    })
  }

  test('closes with a reset', async (t) => {
    let reset: Promise<unknown[]> | undefined
    const server = await Loopback.listen(t, (socket) => {
      reset = once(socket, 'error')
    })
    await probeOf()(server.address, never)
    await server.accepted(0)
    const [error] = (await reset) as [NodeJS.ErrnoException]
    assert.equal(error.code, 'ECONNRESET')
  })

  test('passes too when the server hangs up at once, since it did accept', async (t) => {
    const hangUp = await Loopback.listen(t, (socket) => socket.destroy())
    assert.equal((await probeOf()(hangUp.address, never)).status, 'L4OK')
    await noSocketsOpen()
  })

  test('fails with L4CON where nobody listens', async (t) => {
    const address = await closedAddress()
    const reason = `connect ECONNREFUSED 127.0.0.1:${address.port}`
    assert.deepEqual(await probeOf()(address, never), { passed: false, status: 'L4CON', reason })
    assert.equal((await probeOf()({ path: await socketPath(t) }, never)).status, 'L4CON')
  })

  test('fails with L4TOUT when there is no connection in time, and when it is stopped', async (t) => {
    const alive = setInterval(() => {}, 60_000)
    t.after(() => clearInterval(alive))
    t.mock.method(dns, 'lookup', () => {})
    const address = { host: 'app.test', port: 80 }
    const late = await probeOf({ timeout: 5 })(address, never)
    assert.deepEqual(late, { passed: false, status: 'L4TOUT', reason: 'no connection to app.test:80 within 5 ms' })
    const controller = new AbortController()
    const stopped = probeOf({ timeout: '1m' })(address, controller.signal)
    controller.abort()
    assert.deepEqual(await stopped, { passed: false, status: 'L4TOUT', reason: 'no connection in time' })
    await noSocketsOpen()
  })

  test('does not even connect when it is stopped before it began', async (t) => {
    const connect = t.mock.method(dns, 'lookup', () => {})
    const result = await probeOf()({ host: 'app.test', port: 80 }, AbortSignal.abort())
    assert.equal(result.status, 'L4TOUT')
    assert.equal(connect.mock.callCount(), 0)
  })

  test('blames this machine, not the server, for a lack of file descriptors', () => {
    const shortage = new DialError('connect-refused', 'connect EMFILE', 'EMFILE')
    assert.deepEqual(connectFailure(shortage), { passed: false, status: 'SOCKERR', reason: 'connect EMFILE' })
  })
})
