import assert from 'node:assert/strict'
import http from 'node:http'
import { describe, test } from 'node:test'
import { attach, Backend, Frontend, handler, type Probe } from '../src/index.js'
import { VirtualClock } from '../src/testing/virtual-clock.js'
import { Program } from './support/program.js'
import { Trial } from './support/trial.js'
import { within } from './support/within.js'

describe('health checks', () => {
  /** A probe that counts, and options with it. */
  function counted() {
    const counts = { started: 0, aborted: 0 }
    const probe: Probe = async (_target, signal) => {
      counts.started++
      signal.addEventListener('abort', () => counts.aborted++)
      return { passed: true, status: 'L4OK', reason: '' }
    }
    return { counts, check: { probe, interval: 1000 } }
  }

  test('begin with listen() and end with close()', async (t) => {
    const { counts, check } = counted()
    const { proxy, clock } = Trial.make(t, {
      frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
      backends: { app: { servers: ['127.0.0.1:1'], check } },
    })
    await clock.advanceAsync(5000)
    assert.deepEqual([counts.started, clock.timers], [0, 0])
    await proxy.listen()
    await clock.advanceAsync(5000)
    const { started } = counts
    assert.ok(started >= 4, `${started} checks in five seconds`)
    await proxy.close()
    await clock.advanceAsync(5000)
    assert.deepEqual([counts.started, clock.timers], [started, 0])
  })

  test('of a backend that two use end with the last', async (t) => {
    const { counts, check } = counted()
    const clock = new VirtualClock()
    const backend = new Backend('app', { servers: ['127.0.0.1:1'], check, clock })
    const server = http.createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 })
    const first = attach(new Frontend('first', { defaultBackend: backend }), server)
    const second = attach(
      new Frontend('second', { defaultBackend: backend }),
      http.createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }),
    )
    await clock.advanceAsync(3000)
    const { started } = counts
    assert.ok(started >= 2 && started <= 4, `${started} checks of one server in three seconds`)
    first()
    first()
    await clock.advanceAsync(3000)
    assert.ok(counts.started > started, 'they go on')
    second()
    const total = counts.started
    await clock.advanceAsync(3000)
    assert.deepEqual([counts.started, clock.timers], [total, 0])
    t.diagnostic(`${total} checks`)
  })

  test('begin with handler()', async () => {
    const { counts, check } = counted()
    const clock = new VirtualClock()
    const backend = new Backend('app', { servers: ['127.0.0.1:1'], check, clock })
    const frontend = new Frontend('web', { defaultBackend: backend })
    await clock.advanceAsync(3000)
    assert.equal(counts.started, 0)
    handler(frontend)
    await clock.advanceAsync(3000)
    assert.ok(counts.started >= 2)
  })

  test('leave servers in maintenance alone, and begin again at once after it', async (t) => {
    const { counts, check } = counted()
    const { proxy, clock } = Trial.make(t, {
      frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
      backends: { app: { servers: { a: '127.0.0.1:1' }, check } },
    })
    await proxy.listen()
    await clock.advanceAsync(3000)
    proxy.server('app/a').maintenance()
    const { started } = counts
    await clock.advanceAsync(10_000)
    assert.equal(counts.started, started)
    proxy.server('app/a').ready()
    await clock.advanceAsync(1)
    assert.equal(counts.started, started + 1)
  })

  test('of a server that joins begin then, and end when it leaves', async (t) => {
    const { counts, check } = counted()
    const { proxy, clock } = Trial.make(t, {
      frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
      backends: { app: { check } },
    })
    await proxy.listen()
    proxy.backend('app').addServer({ name: 'a', address: '127.0.0.1:1' })
    await clock.advanceAsync(1)
    assert.equal(counts.started, 1)
    await proxy.backend('app').removeServer('a')
    await clock.advanceAsync(5000)
    assert.deepEqual([counts.started, clock.timers], [1, 0])
  })
})

describe('a process', () => {
  const program = new URL('./support/exits-by-itself.js', import.meta.url)

  for (const args of [[], ['--stay-attached']]) {
    test(`ends by itself when its proxies are closed ${args.join('')}`, { timeout: 30_000 }, async (t) => {
      const child = new Program(t, program, args)
      await child.says(/closing/)
      const code = await within(child.exitCode(), () => `it lives on: ${child.stdout}${child.stderr}`)
      assert.deepEqual(
        [code, child.stdout.trim(), child.stderr.replaceAll(/.*(Warning|trace-warnings).*\n/g, '')],
        [0, 'closing\nclosed', ''],
      )
    })
  }
})
