import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { Agent } from 'undici'
import type { Chunk, OutgoingRequest, ServerListener, Transport, Try } from '../../src/core/carrier.js'
import type { TryFailure } from '../../src/core/failure.js'
import { RawRequestHead } from '../../src/core/message/raw-head.js'
import { Session } from '../../src/core/session.js'
import { DispatcherTransport } from '../../src/undici/dispatcher-transport.js'
import { UndiciTransport } from '../../src/undici/transport.js'
import { type Address, readAddress } from '../../src/util/address.js'
import { systemClock } from '../../src/util/clock.js'
import { RawOrigin } from '../support/raw-origin.js'
import type { Wire } from '../support/wire.js'
import { turn, until } from '../support/within.js'

/** A client that takes nothing of a response until the test lets it. */
class SlowListener implements ServerListener {
  readonly isFlushed = false
  attempt: Try | undefined
  body = ''
  isPaused = false
  hasEnded = false
  failure: TryFailure | undefined

  serverConnected(): void {}
  serverDrained(): void {}
  serverInformational(): void {}
  serverTunnel(): void {}

  serverHead(_head: unknown, first: Chunk | undefined, ended: boolean): void {
    if (first !== undefined) this.serverData(first)
    if (ended) this.hasEnded = true
  }

  serverData(chunk: Chunk): void {
    this.body += chunk.toString()
    this.isPaused = true
    this.attempt!.pause()
  }

  serverEnd(): void {
    this.hasEnded = true
  }

  serverFailed(failure: TryFailure): void {
    this.failure = failure
  }

  resume(): void {
    this.isPaused = false
    this.attempt!.resume()
  }
}

/** The ways of undici to a server. */
const ways: Readonly<Record<string, (t: TestContext, address: Address) => Transport>> = {
  'a pool of ours'(_t, address) {
    const [connectTimeout, poolPurgeDelay, responseLimits] = [5000, 4000, { maxHeaderBytes: 65_536, maxHeaders: 1000 }]
    return new UndiciTransport({ address }, { connectTimeout, poolPurgeDelay, maxReuse: Infinity, responseLimits })
  },
  'a dispatcher of somebody else'(t, address) {
    const dispatcher = new Agent()
    t.after(() => dispatcher.destroy())
    return new DispatcherTransport(address, dispatcher, {
      connectTimeout: 5000,
      maxResponseHeaders: 1000,
      clock: systemClock,
    })
  },
}

/** A try whose listener has paused it after the first piece of a response. */
async function begun(t: TestContext, way: string, text: string): Promise<{ listener: SlowListener; server: Wire }> {
  const origin = await RawOrigin.listen(t)
  const transport = ways[way]!(t, readAddress(origin.address, 'address'))
  t.after(() => transport.close())
  const listener = new SlowListener()
  const request: OutgoingRequest = {
    head: new RawRequestHead('GET', '/', 1, ['Host', 'a.test']),
    requestEdits: [],
    session: new Session({ sessionClosed: () => {} }, { address: '', port: 0 }, 0, false),
    mayReuse: true,
    isRetry: false,
    closes: false,
  }
  listener.attempt = transport.open(request, listener)
  listener.attempt.send(undefined, true)
  const { wire } = await origin.receive()
  wire.send(text)
  await until(() => listener.isPaused, 'no data came')
  return { listener, server: wire }
}

/** The same after the last piece of a response that comes in two. */
async function paused(t: TestContext, way: string, head: string, rest: string): ReturnType<typeof begun> {
  const { listener, server } = await begun(t, way, head)
  listener.resume()
  server.send(rest)
  await until(() => listener.isPaused, 'no more data came')
  return { listener, server }
}

/** Long enough for what a server did on loopback to arrive, in a process that does nothing else. */
async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await turn()
}

for (const way of Object.keys(ways))
  describe(`a server that ends its connection while its response is held, by ${way}`, () => {
    for (const [framing, head, rest] of [
      ['no length', 'HTTP/1.1 200 OK\r\n\r\nhel', 'lo'],
      ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel', 'lo'],
      ['a length, and close', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhel', 'lo'],
      ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n', '2\r\nlo\r\n0\r\n\r\n'],
    ] as const) {
      test(`a response with ${framing} arrives whole once the client reads on`, async (t) => {
        const { listener, server } = await paused(t, way, head, rest)
        server.end()
        await settled()
        assert.deepEqual([listener.hasEnded, listener.failure], [false, undefined])
        listener.resume()
        await until(() => listener.hasEnded, 'the end of the response')
        assert.deepEqual([listener.body, listener.failure], ['hello', undefined])
      })
    }

    test('a response whose pieces came at once is read on piece by piece, to its end', async (t) => {
      const chunks = '3\r\nhel\r\n2\r\nlo\r\n1\r\n!\r\n0\r\n\r\n'
      const response = `HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`
      const { listener, server } = await begun(t, way, response)
      server.end()
      await settled()
      for (const body of ['hello', 'hello!']) {
        listener.resume()
        assert.deepEqual([listener.body, listener.isPaused, listener.hasEnded], [body, true, false])
        await settled()
      }
      listener.resume()
      await until(() => listener.hasEnded, 'the end of the response')
      assert.equal(listener.failure, undefined)
    })

    test('a response that is not whole fails once the client reads on', async (t) => {
      for (const [head, rest] of [
        ['HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhel', 'lo'],
        ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n', '2\r\nlo\r\n'],
      ] as const) {
        const { listener, server } = await paused(t, way, head, rest)
        server.end()
        await settled()
        listener.resume()
        await until(() => listener.failure !== undefined, 'no failure')
        assert.equal(listener.hasEnded, false)
      }
    })

    test('a connection that is gone before its end is let through fails the response', async (t) => {
      let socket: Socket | undefined
      const onHead = (message: unknown): void => {
        socket = (message as { readonly socket: Socket }).socket
      }
      subscribe('undici:client:sendHeaders', onHead)
      t.after(() => unsubscribe('undici:client:sendHeaders', onHead))
      const { listener, server } = await paused(t, way, 'HTTP/1.1 200 OK\r\n\r\nhel', 'lo')
      server.end()
      await settled()
      socket!.destroy()
      await until(() => listener.failure !== undefined, 'no failure')
      listener.resume()
      await settled()
      assert.deepEqual([listener.failure?.kind, listener.hasEnded], ['bad-response', false])
    })

    test('given up, it says nothing more, and nothing is left open', async (t) => {
      const { listener, server } = await paused(t, way, 'HTTP/1.1 200 OK\r\n\r\nhel', 'lo')
      server.end()
      await settled()
      listener.attempt!.abort()
      await server.closed()
      assert.deepEqual([listener.hasEnded, listener.failure], [false, undefined])
    })

    test('a response without a length that breaks off is no whole one, read or held', async (t) => {
      for (const isHeld of [true, false]) {
        const { listener, server } = await paused(t, way, 'HTTP/1.1 200 OK\r\n\r\nhel', 'lo')
        if (!isHeld) listener.resume()
        server.reset()
        if (isHeld) await settled()
        if (isHeld) listener.resume()
        await until(() => listener.failure !== undefined || listener.hasEnded, 'no end')
        assert.deepEqual([listener.hasEnded, listener.failure?.kind], [false, 'bad-response'])
      }
    })
  })
