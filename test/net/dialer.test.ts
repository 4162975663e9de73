import assert from 'node:assert/strict'
import dns from 'node:dns'
import { once } from 'node:events'
import { Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { DialError, type DialOptions, type DialOutcome, dial } from '../../src/net/dialer.js'
import type { Address } from '../../src/util/address.js'
import { closedAddress, Loopback, noSocketsOpen, socketPath } from '../support/loopback.js'

const patient: DialOptions = { timeout: 60_000 }

/** Dials and waits for the outcome. */
function outcomeOf(address: Address, options = patient): Promise<DialOutcome> {
  return new Promise((resolve) => {
    dial({ address }, options, (outcome) => {
      outcome.socket?.on('error', () => {})
      resolve(outcome)
    })
  })
}

async function connected(address: Address, options = patient): Promise<Socket> {
  const { socket, error } = await outcomeOf(address, options)
  assert.ok(socket !== undefined, error?.message)
  return socket
}

async function failure(address: Address, options = patient): Promise<DialError> {
  const { error } = await outcomeOf(address, options)
  assert.ok(error instanceof DialError)
  return error
}

/** Makes every name mean these addresses; without any, look-ups never end. */
function resolveNames(t: TestContext, addresses: { address: string; family: number }[]): void {
  type Callback = (error: null, addresses: { address: string; family: number }[]) => void
  t.mock.method(dns, 'lookup', (_name: string, _options: object, callback: Callback) => {
    if (addresses.length > 0) setImmediate(callback, null, addresses)
  })
  // A real look-up keeps the process alive; the timer of a dial does not.
  const alive = setInterval(() => {}, 60_000)
  t.after(() => clearInterval(alive))
}

const bothLoopbacks = [
  { address: '::1', family: 6 },
  { address: '127.0.0.1', family: 4 },
]

describe('dial', () => {
  for (const host of ['127.0.0.1', '::1', 'unix'] as const) {
    test(`connects to ${host}, and the bytes that follow pass`, async (t) => {
      const { address } = await Loopback.listen(t, (socket) => socket.pipe(socket), host)
      const socket = await connected(address)
      socket.end('hello')
      let text = ''
      socket.setEncoding('latin1').resume()
      for await (const chunk of socket) text += chunk
      assert.equal(text, 'hello')
    })
  }

  test('hands over a socket that is paused and has only Node’s own listeners', async (t) => {
    const server = await Loopback.listen(t, () => {})
    const { socket, events } = await new Promise<{ socket: Socket; events: string }>((resolve) => {
      dial(server, patient, ({ socket }) => {
        resolve({ socket: socket!, events: socket!.eventNames().join() })
        socket!.on('error', () => {})
      })
    })
    assert.equal(events, 'end')
    const peer = await server.accepted(0)
    await new Promise((resolve) => peer.write('early', resolve))
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(socket.isPaused(), true)
    assert.equal(socket.bytesRead, 0)
    socket.resume()
    assert.equal(String((await once(socket, 'data'))[0]), 'early')
    socket.destroy()
  })

  test('leaves the socket half open when asked to, and else closes it with the peer', async (t) => {
    const { address } = await Loopback.listen(t, (socket) => socket.end())
    for (const allowHalfOpen of [true, false]) {
      const socket = await connected(address, { ...patient, allowHalfOpen })
      socket.resume()
      await once(socket, 'end')
      assert.equal(socket.writable, allowHalfOpen)
      socket.destroy()
    }
  })

  test('fails with the system’s error where nobody listens', async (t) => {
    const { host, port } = await closedAddress()
    const refused = await failure({ host, port })
    assert.deepEqual([refused.kind, refused.code], ['connect-refused', 'ECONNREFUSED'])
    assert.equal(refused.message, `connect ECONNREFUSED 127.0.0.1:${port}`)
    assert.equal((refused.cause as NodeJS.ErrnoException).syscall, 'connect')
    const path = await socketPath(t)
    const missing = await failure({ path })
    assert.deepEqual([missing.kind, missing.code], ['connect-refused', 'ENOENT'])
    assert.equal(missing.message, `connect ENOENT ${path}`)
  })

  test('fails when a name means nothing', async (t) => {
    t.mock.method(dns, 'lookup', (_name: string, _options: object, callback: (error: Error) => void) => {
      setImmediate(callback, Object.assign(new Error('getaddrinfo ENOTFOUND app.test'), { code: 'ENOTFOUND' }))
    })
    const { kind, message } = await failure({ host: 'app.test', port: 80 })
    assert.deepEqual([kind, message], ['connect-refused', 'getaddrinfo ENOTFOUND app.test'])
  })

  test('tries every address of a name, and takes the one that answers', async (t) => {
    const { address } = await Loopback.listen(t, () => {})
    assert.ok('port' in address)
    resolveNames(t, bothLoopbacks)
    const socket = await connected({ host: 'app.test', port: address.port })
    assert.equal(socket.remoteAddress, '127.0.0.1')
    socket.destroy()
  })

  test('lists every address of a name that it tried', async (t) => {
    const { port } = await closedAddress()
    resolveNames(t, bothLoopbacks)
    const { kind, code, message, cause } = await failure({ host: 'app.test', port })
    assert.deepEqual([kind, code], ['connect-refused', 'ECONNREFUSED'])
    assert.equal(message, `tried ::1:${port} (ECONNREFUSED), 127.0.0.1:${port} (ECONNREFUSED)`)
    assert.ok(cause instanceof AggregateError)
  })

  test('fails when its time is over, and leaves nothing open', async (t) => {
    resolveNames(t, [])
    const { kind, code, message } = await failure({ host: 'app.test', port: 80 }, { timeout: 5 })
    assert.deepEqual([kind, code], ['connect-timeout', 'ETIMEDOUT'])
    assert.equal(message, 'no connection to app.test:80 within 5 ms')
    await noSocketsOpen()
  })

  test('given up, it stays silent, whatever stage it is at', async (t) => {
    const { address: answering } = await Loopback.listen(t, () => {})
    const refused = await closedAddress()
    const outcomes: DialOutcome[] = []
    const note = (outcome: DialOutcome) => outcomes.push(outcome)
    for (const address of [answering, refused, { path: await socketPath(t) }]) {
      const target = { address }
      dial(target, patient, note)()
      const giveUp = dial(target, { timeout: 1 }, note)
      queueMicrotask(giveUp)
    }
    resolveNames(t, [])
    const duringLookUp = dial({ address: { host: 'app.test', port: refused.port } }, { timeout: 1 }, note)
    duringLookUp()
    duringLookUp()
    await noSocketsOpen()
    // By the time that this one fails, a timer that was left behind would have fired.
    await failure({ host: 'app.test', port: 80 }, { timeout: 10 })
    assert.deepEqual(outcomes, [])
  })

  test('no socket is left without a listener for its errors', async (t) => {
    const destroy = t.mock.method(Socket.prototype, 'destroy')
    const path = await socketPath(t)
    dial({ address: { path } }, patient, () => assert.fail('it was given up'))()
    await failure({ path })
    const sockets = new Set(destroy.mock.calls.map((call) => call.this as Socket))
    assert.equal(sockets.size, 2)
    for (const socket of sockets) assert.ok(socket.listenerCount('error') > 0)
  })

  test('giving up after the outcome leaves the socket to its receiver', async (t) => {
    const { address } = await Loopback.listen(t, (socket) => socket.pipe(socket))
    let giveUp = () => {}
    const socket = await new Promise<Socket>((resolve) => {
      giveUp = dial({ address }, patient, ({ socket }) => resolve(socket!.on('error', () => {})))
    })
    giveUp()
    assert.equal(socket.destroyed, false)
    socket.end('still here')
    assert.equal(String((await once(socket.resume(), 'data'))[0]), 'still here')
  })
})
