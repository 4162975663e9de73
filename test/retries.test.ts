import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { BackendConfig } from '../src/index.js'
import { chunk, readResponse } from './support/http-message.js'
import { RawOrigin } from './support/raw-origin.js'
import { get, ok, post, settled, Trial, until } from './support/trial.js'
import type { Wire } from './support/wire.js'

// Retries after a request was sent, over sockets, with servers that lie; each transport in its turn.

const sorry = 'HTTP/1.1 503 Sorry\r\nContent-Length: 5\r\n\r\nsorry'

/** A proxy before two servers, of which `a` is always asked first. */
async function stage(t: TestContext, backend: BackendConfig) {
  const [a, b] = [await RawOrigin.listen(t), await RawOrigin.listen(t)]
  const trial = await Trial.start(t, {
    frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
    backends: { app: { servers: { a: a.address, b: b.address }, balance: 'first', ...backend } },
  })
  return { a, b, trial }
}

const lies: Readonly<Record<string, (wire: Wire) => void>> = {
  'closes without an answer': (wire) => wire.end(),
  'breaks the connection': (wire) => wire.reset(),
  'answers what is no HTTP': (wire) => wire.end('This is no HTTP.\r\n\r\n'),
  'stops within its head': (wire) => wire.end('HTTP/1.1 200 OK\r\nContent-Le'),
  'answers 503': (wire) => wire.send(sorry),
  'answers 503 in chunks': (wire) =>
    wire.send(`HTTP/1.1 503 Sorry\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('sorry')}0\r\n\r\n`),
  'answers 503 with nothing but trailer fields': (wire) =>
    wire.send('HTTP/1.1 503 Sorry\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n'),
  'answers 503 and never ends': (wire) => wire.send('HTTP/1.1 503 Sorry\r\nContent-Length: 100\r\n\r\nsorry'),
}

for (const transport of ['http1', 'undici'] as const) {
  describe(`over ${transport}`, () => {
    for (const [lie, act] of Object.entries(lies)) {
      test(`a server that ${lie} is not noticed by the client of a GET or PUT`, async (t) => {
        const { a, b, trial } = await stage(t, { transport, retryOn: 'all-retryable-errors' })
        a.serveAll((_request, wire) => act(wire))
        const received = b.answerAll(() => ok('fine'))
        assert.equal((await trial.answer()).body, 'fine')
        assert.equal((await trial.answer(`${post(5).replace('POST', 'PUT')}hello`)).body, 'fine')
        assert.deepEqual(
          received.map(({ startLine, body }) => [startLine, body]),
          [
            ['GET / HTTP/1.1', ''],
            ['PUT / HTTP/1.1', 'hello'],
          ],
        )
        for (const { status, retries, redispatched, server, termination } of [
          await trial.record(),
          await trial.record(),
        ]) {
          const expected = [200, 1, true, 'b', '----']
          assert.deepEqual([status, retries, redispatched, server, termination], expected)
        }
      })

      test(`a server that ${lie} gets a POST alone`, async (t) => {
        const { a, b, trial } = await stage(t, { transport, retryOn: 'all-retryable-errors' })
        const received = a.serveAll((_request, wire) => act(wire))
        const client = await trial.ask(`${post(5)}hello`)
        await client.through('\r\n\r\n')
        await settled()
        assert.deepEqual([received.length, b.wires.length], [1, 0])
      })
    }

    test('a 503 whose rest nobody wants is broken off', async (t) => {
      const { a, b, trial } = await stage(t, { transport, retryOn: 503 })
      a.serveAll((_request, wire) => lies['answers 503 and never ends']!(wire))
      b.answerAll(() => ok())
      assert.equal((await trial.answer()).status, 200)
      await until(() => a.wires[0]!.hasEnded, 'the connection to a is broken off')
    })

    test('the last 503 is the client’s, body and all', async (t) => {
      const { a, b, trial } = await stage(t, { transport, retryOn: 503, retries: 1 })
      a.answerAll(() => sorry)
      b.answerAll(() => sorry.replace('sorry', 'never'))
      const { status, body } = await trial.answer()
      assert.deepEqual([status, body], [503, 'never'])
      const { retries, server } = await trial.record()
      assert.deepEqual([retries, server], [1, 'b'])
    })

    test('a server that says nothing is left when its time is over', async (t) => {
      const { a, b, trial } = await stage(t, { transport, retryOn: 'response-timeout', timeout: { server: '5s' } })
      b.answerAll(() => ok('fine'))
      const client = await trial.ask()
      const { wire } = await a.receive()
      await trial.pass(4999)
      assert.equal(b.wires.length, 0)
      await trial.pass(1)
      assert.equal((await readResponse(client)).body, 'fine')
      await until(() => wire.hasEnded, 'the connection to a is broken off')
      const { Tw, Ta, termination } = await trial.record()
      assert.deepEqual([Tw, Ta, termination], [5000, 5000, '----'])
    })

    test('an upload goes on at the next server where the first one broke off', async (t) => {
      const { a, b, trial } = await stage(t, { transport, retryOn: 'empty-response' })
      const client = await trial.ask('PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nhello')
      const wire = await a.accept()
      await wire.through('hello')
      wire.reset()
      const second = await b.accept()
      await second.through('hello')
      client.send('world')
      assert.equal(await second.bytes(5), 'world')
      second.send(ok())
      assert.equal((await readResponse(client)).status, 200)
    })

    test('an upload beyond the replay buffer is sent once', async (t) => {
      const { a, b, trial } = await stage(t, { transport, retryOn: 'all-retryable-errors', replayBuffer: '4k' })
      a.serveAll((_request, wire) => wire.reset())
      const client = await trial.ask(
        `PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5000\r\n\r\n${'x'.repeat(5000)}`,
      )
      assert.equal((await readResponse(client)).status, 502)
      await settled()
      assert.equal(b.wires.length, 0)
    })

    test('clients keep their connection over it all', async (t) => {
      const { a, b, trial } = await stage(t, { transport, retryOn: 503 })
      a.answerAll(() => sorry)
      b.answerAll(({ startLine }) => ok(startLine.split(' ')[1]))
      const client = await trial.connect()
      for (const target of ['/1', '/2', '/3']) {
        client.send(get(target))
        assert.equal((await readResponse(client)).body, target)
      }
    })
  })
}

test('a retry rides on a connection of its own', async (t) => {
  const { a, trial } = await stage(t, { retryOn: ['conn-failure', 503], redispatch: false, retries: 2 })
  const statuses = [503, 503, 200]
  a.answerAll(() => `HTTP/1.1 ${statuses.shift()} Reason\r\nContent-Length: 2\r\n\r\nok`)
  const { status, body } = await trial.answer()
  assert.deepEqual([status, body], [200, 'ok'])
  assert.equal(a.wires.length, 3)
})
