import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { attach, Backend, type BackendConfig, createProxy, Frontend, handler, type Probe } from '../src/index.js'
import { VirtualClock } from '../src/testing/virtual-clock.js'
import { chunk, readHead, readResponse } from './support/http-message.js'
import { closedAddress, socketPath } from './support/loopback.js'
import { Program } from './support/program.js'
import { connect } from './support/raw-client.js'
import { RawOrigin } from './support/raw-origin.js'
import { get, ok, post, settled, Trial, until } from './support/trial.js'
import { within } from './support/within.js'

async function stage(t: TestContext, backend: BackendConfig = {}) {
  const origin = await RawOrigin.listen(t)
  const trial = await Trial.start(t, {
    frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
    backends: { app: { servers: { a: origin.address }, ...backend } },
  })
  return { origin, trial, proxy: trial.proxy }
}

/** Whether somebody accepts connections there. */
async function isOpen(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1')
  const outcome = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'close').then(() => false),
  ]).catch(() => false)
  socket.destroy()
  return outcome
}

describe('close()', () => {
  test('closes idle connections at once', async (t) => {
    const { origin, trial, proxy } = await stage(t)
    origin.answerAll(() => ok())
    const used = await trial.ask()
    await readResponse(used)
    const unused = await trial.connect()
    await settled()
    await within(proxy.close(), () => 'it waits for idle connections')
    assert.equal(await used.rest(), '')
    assert.equal(await unused.rest(), '')
  })

  test('accepts no more', async (t) => {
    const { origin, trial, proxy } = await stage(t)
    const client = await trial.ask()
    const { wire } = await origin.receive()
    const port = trial.port()
    const closed = proxy.close()
    assert.equal(await isOpen(port), false)
    wire.send(ok())
    await readResponse(client)
    await closed
    assert.deepEqual(proxy.addresses(), {})
  })

  test('lets a request under way finish, and tells its client that the connection ends', async (t) => {
    const { origin, trial, proxy } = await stage(t)
    const client = await trial.ask()
    const { wire } = await origin.receive()
    let isClosed = false
    const closed = proxy.close().then(() => {
      isClosed = true
    })
    await trial.pass(29_999)
    assert.equal(isClosed, false)
    wire.send(ok())
    const response = await readResponse(client)
    assert.deepEqual([response.status, response.get('connection')], [200, 'close'])
    assert.equal(await client.rest(), '')
    await closed
    assert.equal((await trial.record()).termination, '----')
  })

  test('lets a response that has begun come whole, and closes after it', async (t) => {
    const { origin, trial, proxy } = await stage(t)
    const client = await trial.ask()
    const { wire } = await origin.receive()
    wire.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', chunk('one'))
    await client.through('one')
    const closed = proxy.close()
    await settled()
    wire.send(chunk('two'), '0\r\n\r\n')
    await client.through('two\r\n0\r\n\r\n')
    assert.equal(await client.rest(), '')
    await closed
  })

  test('lets an upload go on', async (t) => {
    const { origin, trial, proxy } = await stage(t)
    const client = await trial.ask(`${post(10)}hello`)
    const wire = await origin.accept()
    await wire.through('hello')
    const closed = proxy.close()
    client.send('world')
    await wire.through('world')
    wire.send(ok())
    assert.equal((await readResponse(client)).status, 200)
    await closed
  })

  test('lets those who wait in a queue have their turn', async (t) => {
    const { origin, trial, proxy } = await stage(t)
    const address = proxy.server('app/a').target
    const queueing = await Trial.start(t, {
      frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
      backends: { app: { servers: { a: { address, maxConnections: 1 } } } },
    })
    const first = await queueing.ask(get('/1'))
    const { wire } = await origin.receive()
    const second = await queueing.ask(get('/2'))
    await until(() => queueing.proxy.backend('app').queue.length === 1, 'it waits')
    const closed = queueing.proxy.close()
    wire.send(ok())
    await readResponse(first)
    ;(await origin.receive()).wire.send(ok('second'))
    assert.equal((await readResponse(second)).body, 'second')
    await closed
    assert.equal(trial.records.length, 0)
  })

  test('ends what is left when its time is over: 503 where nothing was answered yet', async (t) => {
    const { origin, trial, proxy } = await stage(t)
    const waiting = await trial.ask()
    const { wire: first } = await origin.receive()
    const reading = await trial.ask()
    const { wire: second } = await origin.receive()
    second.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello')
    await reading.through('hello')
    const closed = proxy.close({ timeout: '500ms' })
    await trial.pass(499)
    assert.deepEqual([waiting.hasEnded, reading.hasEnded], [false, false])
    await trial.pass(1)
    await closed
    assert.equal((await readResponse(waiting)).status, 503)
    await waiting.ending()
    await reading.ending()
    await first.ending()
    await second.ending()
    const records = [await trial.record(), await trial.record()]
    assert.deepEqual(
      records.map(({ termination, status }) => [termination, status]),
      [
        ['KH--', 503],
        ['KD--', 200],
      ],
    )
    assert.equal(proxy.server('app/a').served, 0)
  })

  test('ends tunnels when its time is over, not before', async (t) => {
    const { origin, trial, proxy } = await stage(t)
    const client = await trial.ask(get('/', 'Connection: Upgrade', 'Upgrade: echo'))
    const { wire } = await origin.receive()
    wire.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    await readHead(client)
    const closed = proxy.close({ timeout: 500 })
    await trial.pass(499)
    client.send('ping')
    assert.equal(await wire.bytes(4), 'ping')
    await trial.pass(1)
    await closed
    await client.ending()
    await wire.ending()
    assert.equal((await trial.record()).termination, 'KD--')
  })

  test('waits for tunnels of TCP mode, and ends them when its time is over', async (t) => {
    const origin = await RawOrigin.listen(t)
    const trial = await Trial.start(t, {
      defaults: { mode: 'tcp' },
      frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
      backends: { app: { servers: { a: origin.address } } },
    })
    const [short, long] = [await trial.ask('short'), await trial.ask('long')]
    const [first, second] = [await origin.accept(), await origin.accept()]
    const closed = trial.proxy.close({ timeout: 500 })
    const ofShort = (await first.bytes(4)) === 'shor' ? first : second
    ofShort.end('bye')
    assert.equal(await short.rest(), 'bye')
    short.end()
    assert.equal(long.hasEnded, false)
    await trial.pass(500)
    await closed
    await long.ending()
  })

  test('waits for nobody with timeout 0', async (t) => {
    const { origin, trial, proxy } = await stage(t)
    const client = await trial.ask()
    await origin.receive()
    const closed = proxy.close({ timeout: 0 })
    await trial.pass(1)
    await closed
    await client.ending()
  })

  test('may be called twice: both wait for the end', async (t) => {
    const { origin, trial, proxy } = await stage(t)
    const client = await trial.ask()
    const { wire } = await origin.receive()
    const events: string[] = []
    proxy.on('close', () => events.push('close'))
    const both = Promise.all([proxy.close(), proxy.close({ timeout: 1 })])
    await trial.pass(1000)
    wire.send(ok())
    assert.equal((await readResponse(client)).status, 200)
    await both
    await proxy.close()
    assert.deepEqual(events, ['close'])
  })

  test('before listen() ends it for good', async (t) => {
    const { proxy } = Trial.make(t, { frontends: { main: { bind: '127.0.0.1:0' } } })
    await proxy.close()
    await assert.rejects(proxy.listen(), { code: 'ERR_EVENKEEL_STATE' })
  })

  test('while listen() is under way leaves nothing open', async (t) => {
    const bind = ['127.0.0.1:0', 'localhost:0', '127.0.0.1:0']
    const { proxy } = Trial.make(t, { frontends: { main: { bind }, other: { bind } } })
    const listening = proxy.listen()
    const closed = proxy.close()
    await within(
      listening.catch(() => {}),
      () => 'listen() never ends',
    )
    await within(closed, () => 'close() never ends')
    await settled()
    const servers = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPServerWrap')
    assert.deepEqual([servers, proxy.addresses()], [[], {}])
  })

  test('refuses wrong options, and does not close then', async (t) => {
    const { origin, trial, proxy } = await stage(t)
    origin.answerAll(() => ok())
    const wrong = (options: object, path: string) =>
      assert.throws(() => proxy.close(options), { code: 'ERR_EVENKEEL_OPTION', path })
    wrong({ timeout: 'soon' }, 'close(options).timeout')
    wrong({ grace: 5 }, 'close(options).grace')
    assert.equal((await trial.answer()).status, 200)
  })

  test('happens at the end of a block with await using', async (t) => {
    const origin = await RawOrigin.listen(t)
    origin.answerAll(() => ok())
    let port: number
    {
      await using proxy = createProxy({ bind: '127.0.0.1:0', servers: [origin.address] })
      await proxy.listen()
      port = (proxy.addresses().main![0] as AddressInfo).port
      const client = (await connect(t, { port })).send(get())
      assert.equal((await readResponse(client)).status, 200)
    }
    assert.equal(await isOpen(port), false)
  })
})

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

  test('rejects for a bind that is in use, and leaves nothing open', async (t) => {
    const occupant = net.createServer().listen(0, '127.0.0.1')
    await once(occupant, 'listening')
    t.after(() => occupant.close())
    const { port } = occupant.address() as AddressInfo
    const free = (await closedAddress()).port
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
    const free = (await closedAddress()).port
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

describe('a frontend that is detached', () => {
  test('gets no more requests, and finishes what is under way', async (t) => {
    const origin = await RawOrigin.listen(t)
    const backend = new Backend('app', { servers: [origin.address] })
    const server = http.createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 })
    const detach = attach(new Frontend('web', { defaultBackend: backend }), server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const target = { port: (server.address() as AddressInfo).port }
    const client = (await connect(t, target)).send(get())
    const { wire } = await origin.receive()
    detach()
    server.on('request', (_request, response) => response.end('own'))
    const other = (await connect(t, target)).send(get())
    assert.equal((await readResponse(other)).body, 'own')
    wire.send(ok('late'))
    assert.equal((await readResponse(client)).body, 'late')
    client.send(get())
    assert.equal((await readResponse(client)).body, 'own')
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
