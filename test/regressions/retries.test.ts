import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readResponse } from '../support/http-message.js'
import { RawOrigin } from '../support/raw-origin.js'
import { get, ok, post, settled, stage, Trial } from '../support/trial.js'

// What users of other proxies suffered (retries), as claims that it can't happen here.
// Each names issues of theirs; what other suites claim already is not repeated.

// node#47130, agentkeepalive#23, fastify/help#413, reply-from#167
test('a kept connection that the server gave up is replaced for a GET', async (t) => {
  const { origin, trial, server } = await stage(t)
  const first = await trial.ask()
  const { wire } = await origin.receive()
  wire.send(ok())
  await readResponse(first)
  // It reads the next request, and dies of it.
  first.send(get('/again'))
  await wire.through('\r\n\r\n')
  wire.reset()
  const { request, wire: fresh } = await origin.receive()
  assert.equal(request.startLine, 'GET /again HTTP/1.1')
  fresh.send(ok('fresh'))
  assert.equal((await readResponse(first)).body, 'fresh')
  assert.deepEqual([server.counters.retries, server.counters.responseErrors], [1, 0])
  assert.deepEqual(
    [await trial.record(), await trial.record()].map(({ retries, termination }) => [retries, termination]),
    [
      [0, '----'],
      [1, '----'],
    ],
  )
})

// undici#3288, #470: bodies are gone at retry time
test('a kept connection that dies is replaced for a PUT, with its whole body', async (t) => {
  const { origin, trial } = await stage(t)
  const client = await trial.ask()
  const { wire } = await origin.receive()
  wire.send(ok())
  await readResponse(client)
  client.send('PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nhelloworld')
  await wire.through('helloworld')
  wire.reset()
  const { request, wire: fresh } = await origin.receive()
  assert.deepEqual([request.body, request.get('content-length')], ['helloworld', '10'])
  fresh.send(ok())
  assert.equal((await readResponse(client)).status, 200)
})

// reply-from#167 ("you can't retry POSTs"), node-http-proxy#514
test('a POST is sent once, whatever becomes of its connection', async (t) => {
  const origin = await RawOrigin.listen(t)
  const other = await RawOrigin.listen(t)
  const trial = await Trial.start(t, {
    frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
    backends: { app: { servers: { a: origin.address, b: { address: other.address, backup: true } } } },
  })
  const client = await trial.ask()
  const { wire } = await origin.receive()
  wire.send(ok())
  await readResponse(client)
  client.send(`${post(5)}hello`)
  // The request came on the kept connection, or on one of its own: a transport may choose.
  const { request, wire: used } = await origin.receive()
  assert.equal(request.body, 'hello')
  used.reset()
  assert.equal((await readResponse(client)).status, 502)
  await settled()
  assert.equal(other.wires.length, 0)
  assert.ok(origin.wires.every((wire) => wire.pending === ''))
  assert.equal((await trial.record()).method, 'GET')
  const { retries, termination } = await trial.record()
  assert.deepEqual([retries, termination], [0, 'SH--'])
})
