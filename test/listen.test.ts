import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import type { Probe } from '../src/index.js'
import { freePorts } from './support/free-ports.js'
import { readResponse } from './support/http-message.js'
import { isOpen, socketPath } from './support/loopback.js'
import { connect } from './support/raw-client.js'
import { RawOrigin } from './support/raw-origin.js'
import { get, ok, stage, Trial } from './support/trial.js'

/** Three ports without a gap where nobody listens. */
async function freePortsInARow(): Promise<number[]> {
  for (;;) {
    const ports = await freePorts(3)
    if (ports[2]! - ports[0]! === 2) return ports
  }
}

describe('listen()', () => {
  test('can’t be called twice', async (t) => {
    const { trial, proxy } = await stage(t)
    await assert.rejects(proxy.listen(), { code: 'ERR_EVENKEEL_STATE', message: /listening/ })
    assert.equal(await isOpen(trial.port()), true)
    await proxy.close()
    await assert.rejects(proxy.listen(), { code: 'ERR_EVENKEEL_STATE', message: /closed/ })
  })

  test('says when it accepts', async (t) => {
    const { proxy } = Trial.make(t, { frontends: { main: { bind: ['127.0.0.1:0', '127.0.0.1:0'] } } })
    const events: string[] = []
    proxy.on('listening', () => events.push(`listening at ${proxy.addresses().main?.length}`))
    await proxy.listen()
    assert.deepEqual(events, ['listening at 2'])
  })

  test('opens every port of a range, and each bind as its options say', async (t) => {
    const ports = await freePortsInARow()
    const path = await socketPath(t)
    const binds = [`127.0.0.1:${ports[0]}-${ports.at(-1)}`, { address: `unix:${path}` }, { address: '[::1]:0' }]
    const { trial, proxy } = await stage(t, {}, { bind: binds })
    const bound = proxy.addresses().main!.map((at) => ('path' in at ? at.path : `${at.address} ${at.port > 0}`))
    assert.deepEqual(bound, [...ports.map(() => '127.0.0.1 true'), path, '::1 true'])
    for (const port of ports) assert.equal(await isOpen(port), true)
    await trial.proxy.close()
    for (const port of ports) assert.equal(await isOpen(port), false)
  })

  test('holds as many connections over the limit as the backlog of their bind says', async (t) => {
    const bind = [{ address: '127.0.0.1:0', backlog: 1 }]
    const { trial, origin, counters } = await stage(t, {}, { bind, maxConnections: 2 })
    const first = await trial.connect()
    await trial.connect()
    const held = await trial.connect()
    const refused = await trial.connect()
    await refused.ending()
    assert.equal(counters.refusedConnections, 1)
    first.close()
    origin.answerAll(() => ok())
    held.send(get())
    assert.equal((await readResponse(held)).status, 200)
  })

  test('rejects for a bind that is in use, and leaves nothing open', async (t) => {
    const occupant = net.createServer().listen(0, '127.0.0.1')
    await once(occupant, 'listening')
    t.after(() => occupant.close())
    const { port } = occupant.address() as AddressInfo
    const [free = 0] = await freePorts(1)
    const probed: string[] = []
    const probe: Probe = async () => {
      probed.push('probe')
      return { passed: true, status: 'L4OK', reason: '' }
    }
    const { proxy, clock } = Trial.make(t, {
      frontends: {
        first: { bind: `127.0.0.1:${free}`, defaultBackend: 'app' },
        second: { bind: ['127.0.0.1:0', `127.0.0.1:${port}`] },
      },
      backends: { app: { servers: ['127.0.0.1:1'], check: { probe } } },
    })
    const listening: string[] = []
    proxy.on('listening', () => listening.push('listening'))
    await assert.rejects(proxy.listen(), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ERR_EVENKEEL_BIND')
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}`))
      assert.equal((error.cause as { code?: string }).code, 'EADDRINUSE')
      return true
    })
    assert.equal(await isOpen(free), false)
    assert.deepEqual([proxy.addresses(), listening], [{}, []])
    await clock.advanceAsync(10_000)
    assert.equal(clock.timers, 0)
    assert.deepEqual(probed, [])
    // Once the bind is free it can be tried again.
    occupant.close()
    await once(occupant, 'close')
    await proxy.listen()
    assert.equal(await isOpen(port), true)
    assert.deepEqual(listening, ['listening'])
  })

  test('rejects for an address that is not the machine’s', async (t) => {
    const { proxy } = Trial.make(t, { frontends: { main: { bind: '192.0.2.1:0' } } })
    await assert.rejects(proxy.listen(), { code: 'ERR_EVENKEEL_BIND', message: /192\.0\.2\.1:0/ })
  })

  test('rejects for a statistics bind that is in use, and leaves nothing open', async (t) => {
    const occupant = net.createServer().listen(0, '127.0.0.1')
    await once(occupant, 'listening')
    t.after(() => occupant.close())
    const { port } = occupant.address() as AddressInfo
    const [free = 0] = await freePorts(1)
    const { proxy } = Trial.make(t, {
      frontends: { main: { bind: `127.0.0.1:${free}` } },
      stats: { bind: `127.0.0.1:${port}` },
    })
    await assert.rejects(proxy.listen(), { code: 'ERR_EVENKEEL_BIND' })
    assert.equal(await isOpen(free), false)
  })
})

describe('a Unix socket', () => {
  async function unix(t: TestContext, path: string) {
    const origin = await RawOrigin.listen(t, 'unix')
    origin.answerAll(() => ok())
    const { proxy } = Trial.make(t, {
      frontends: { main: { bind: `unix:${path}`, defaultBackend: 'app' } },
      backends: { app: { servers: { a: origin.address } } },
    })
    return proxy
  }

  /** A server that listens at a path. */
  async function occupy(t: TestContext, path: string): Promise<net.Server> {
    const server = net.createServer((socket) => socket.on('error', () => {}).end('occupant')).listen(path)
    await once(server, 'listening')
    t.after(() => server.close())
    return server
  }

  test('is listened at, and gone after close', async (t) => {
    const path = await socketPath(t)
    const proxy = await unix(t, path)
    await proxy.listen()
    assert.deepEqual(proxy.addresses(), { main: [{ path }] })
    const client = (await connect(t, { path })).send(get())
    assert.equal((await readResponse(client)).status, 200)
    client.close()
    await proxy.close()
    assert.equal(existsSync(path), false)
  })

  test('that a killed process left behind is replaced', async (t) => {
    const path = await socketPath(t)
    const other = `${path}2`
    const server = await occupy(t, other)
    // A server takes away the path that it knows: under another name its socket outlives it.
    renameSync(other, path)
    server.close()
    await once(server, 'close')
    assert.equal(existsSync(path), true)
    const proxy = await unix(t, path)
    await proxy.listen()
    const client = (await connect(t, { path })).send(get())
    assert.equal((await readResponse(client)).status, 200)
    client.close()
  })

  test('that is alive is left alone', async (t) => {
    const path = await socketPath(t)
    await occupy(t, path)
    const proxy = await unix(t, path)
    await assert.rejects(proxy.listen(), { code: 'ERR_EVENKEEL_BIND', message: new RegExp(`unix:${path}`) })
    assert.equal(await (await connect(t, { path })).rest(), 'occupant')
  })

  test('can’t take the place of a file', async (t) => {
    const path = await socketPath(t)
    writeFileSync(path, 'precious')
    const proxy = await unix(t, path)
    await assert.rejects(proxy.listen(), { code: 'ERR_EVENKEEL_BIND' })
    assert.equal(existsSync(path), true)
  })
})
