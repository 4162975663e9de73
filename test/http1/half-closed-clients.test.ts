import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readHead, readResponse } from '../support/http-message.js'
import { digest, largeBody } from '../support/large-body.js'
import { RawOrigin } from '../support/raw-origin.js'
import { get, ok, post, settled, stage, Trial } from '../support/trial.js'
import { until } from '../support/within.js'

const patient = { abortOnClose: false }

describe('a client that has ended its side and does not count as gone', () => {
  test('gets the answers to all that it sent, in order, and the end', async (t) => {
    const { origin, trial } = await stage(t, patient)
    origin.answerAll(({ startLine, body }) => ok(`${startLine} ${body}`))
    const client = await trial.connect()
    client.end(`${get('/1')}${post(2)}hi${get('/3')}`)
    for (const line of ['GET /1 HTTP/1.1 ', 'POST / HTTP/1.1 hi', 'GET /3 HTTP/1.1 ']) {
      assert.equal((await readResponse(client)).body, line)
      assert.equal((await trial.record()).termination, '----')
    }
    assert.equal(await client.ending(), 'end')
  })

  test('gets a large answer whole, however slowly it reads', async (t) => {
    const { origin, trial } = await stage(t, patient)
    const client = await trial.connect()
    client.end(get())
    const { wire } = await origin.receive()
    client.socket.pause()
    wire.send(`HTTP/1.1 200 OK\r\nContent-Length: ${largeBody.length}\r\n\r\n`, largeBody)
    await settled()
    client.socket.resume()
    assert.equal(digest((await readResponse(client)).body), digest(largeBody))
    assert.equal(await client.ending(), 'end')
  })

  for (const [framing, request] of [
    ['length', `${post(5)}hello`],
    ['chunks', 'POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  ] as const) {
    test(`keeps its place in the queue, and its body with ${framing}`, async (t) => {
      const origin = await RawOrigin.listen(t)
      const trial = await Trial.start(t, {
        frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
        backends: { app: { ...patient, servers: { a: { address: origin.address, maxConnections: 1 } } } },
      })
      const { counters } = trial.proxy.backend('app')
      const first = await trial.ask()
      const { wire } = await origin.receive()
      const second = await trial.connect()
      second.end(request)
      await until(() => counters.sessions.current === 2, 'it does not wait')
      await settled()
      wire.send(ok())
      await readResponse(first)
      const next = await origin.receive()
      assert.equal(next.request.body, 'hello')
      next.wire.send(ok('late'))
      assert.equal((await readResponse(second)).body, 'late')
      assert.equal(await second.ending(), 'end')
    })
  }

  test('is gone at once when half a request is all that it sent', async (t) => {
    for (const [part, isRequest] of [
      ['', false],
      ['GET / HT', false],
      [`${post(5)}hel`, true],
      ['POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel', true],
    ] as const) {
      const { origin, trial, server } = await stage(t, patient)
      const client = await trial.connect()
      client.send(part)
      const wire = isRequest ? await origin.accept() : undefined
      if (wire !== undefined) await readHead(wire)
      client.end()
      await client.ending()
      assert.equal(client.pending, '')
      await wire?.ending()
      assert.equal(server.served, 0)
      if (isRequest) assert.equal((await trial.record()).failure, 'client-aborted')
    }
  })

  test('gets what it began as its next request refused by the end, after its answer', async (t) => {
    const { origin, trial } = await stage(t, patient)
    origin.answerAll(() => ok())
    const client = await trial.connect()
    client.end(`${get()}GET /next HT`)
    assert.equal((await readResponse(client)).status, 200)
    assert.equal(await client.rest(), '')
  })

  test('is seen to have left when the answer meets nobody, and frees its server', async (t) => {
    const { origin, trial, server } = await stage(t, patient)
    const client = await trial.ask()
    const { wire } = await origin.receive()
    client.close()
    await settled()
    assert.equal(server.served, 1)
    wire.send(`HTTP/1.1 200 OK\r\nContent-Length: ${2 * largeBody.length}\r\n\r\n`, largeBody)
    assert.equal((await trial.record()).termination, 'CD--')
    await wire.ending()
    assert.equal(server.served, 0)
  })
})
