import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { createProxy } from '../src/index.js'
import { chunk, readHead, readResponse } from './support/http-message.js'
import { isOpen } from './support/loopback.js'
import { connect } from './support/raw-client.js'
import { RawOrigin } from './support/raw-origin.js'
import { get, ok, post, settled, stage, Trial, until } from './support/trial.js'
import { within } from './support/within.js'

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
