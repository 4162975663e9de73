import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BackendConfig, ExchangeRecord, FrontendConfig, WholeConfig } from '../src/index.js'
import { readResponse } from './support/http-message.js'
import { closedAddress } from './support/loopback.js'
import { RawOrigin } from './support/raw-origin.js'
import { get, ok, post, stage, Trial, until } from './support/trial.js'

/** A configuration with one frontend and one backend. */
function one(backend: BackendConfig, frontend: FrontendConfig = {}): WholeConfig {
  return {
    frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app', ...frontend } },
    backends: { app: backend },
  }
}

/** Where nobody listens. */
async function dead(): Promise<string> {
  const { host, port } = await closedAddress()
  return `${host}:${port}`
}

function outcome({ status, termination, failure }: ExchangeRecord) {
  return [status, termination, failure]
}

describe('servers that refuse connections', () => {
  test('cost no request as long as another one serves', async (t) => {
    const origin = await RawOrigin.listen(t)
    const requests = origin.answerAll(() => ok())
    const trial = await Trial.start(t, one({ servers: { dead: await dead(), live: origin.address } }))
    for (let i = 0; i < 10; i++) assert.equal((await trial.answer()).status, 200)
    assert.equal(requests.length, 10)
    const redispatched = trial.records.filter((record) => record.redispatched)
    assert.ok(redispatched.length >= 4, `the dead one had its turns: ${redispatched.length}`)
    assert.ok(trial.records.every(({ server, termination }) => server === 'live' && termination === '----'))
    const { counters } = trial.proxy.server('app/dead')
    assert.deepEqual([counters.redispatches, counters.connects], [redispatched.length, 0])
  })

  test('cost no upload either: nothing of it was sent before', async (t) => {
    const origin = await RawOrigin.listen(t)
    const requests = origin.answerAll(() => ok())
    const trial = await Trial.start(t, one({ servers: { dead: await dead(), live: origin.address } }))
    for (let i = 0; i < 4; i++) assert.equal((await trial.answer(`${post(5)}hello`)).status, 200)
    assert.deepEqual(
      requests.map(({ body }) => body),
      Array(4).fill('hello'),
    )
  })

  test('all of them: 503, in HTML or JSON as the client accepts', async (t) => {
    const trial = await Trial.start(t, one({ servers: { a: await dead(), b: await dead() } }))
    const html = await trial.answer()
    assert.deepEqual([html.status, html.get('content-type')], [503, 'text/html'])
    assert.match(html.body, /No server is available to handle this request\./)
    const json = await trial.answer(get('/', 'Accept: application/json'))
    assert.deepEqual([json.status, json.get('content-type')], [503, 'application/json'])
    assert.deepEqual(JSON.parse(json.body).status, 503)
    const record = await trial.record()
    assert.deepEqual(outcome(record), [503, 'SC--', 'connect-refused'])
    assert.deepEqual([record.retries, record.redispatched, record.Tc], [3, true, -1])
    assert.match(String(record.error), /ECONNREFUSED/)
  })

  test('a single one: it is tried again after pauses, and serves if it is back by then', async (t) => {
    const address = await closedAddress()
    const trial = await Trial.start(
      t,
      one({ servers: { a: `${address.host}:${address.port}` }, timeout: { connect: 300 } }),
    )
    const client = await trial.ask()
    const { counters, served } = trial.proxy.server('app/a')
    assert.equal(served, 0)
    for (let retry = 1; retry <= 3; retry++) {
      await until(() => counters.retries === retry, 'it waits before the next try')
      assert.equal(client.pending, '')
      assert.equal(counters.retries, retry)
      await trial.pass(300)
    }
    assert.equal((await readResponse(client)).status, 503)
    const { retries, Ta } = await trial.record()
    assert.deepEqual([retries, Ta], [3, 900])
  })
})

describe('pages of one’s own', () => {
  const pages = { 503: { body: 'back soon', contentType: 'text/plain', headers: { 'Retry-After': '5' } } }

  test('take the place of the proxy’s', async (t) => {
    const trial = await Trial.start(t, one({}, { errorFiles: pages }))
    const { status, body, ...response } = await trial.answer(get('/', 'Accept: application/json'))
    assert.deepEqual([status, body], [503, 'back soon'])
    assert.equal((await trial.answer()).get('retry-after'), '5')
    assert.ok(response)
  })

  test('of a backend go before the frontend’s', async (t) => {
    const trial = await Trial.start(t, one({ errorFiles: pages }, { errorFiles: { 503: { body: 'frontend' } } }))
    assert.equal((await trial.answer()).body, 'back soon')
  })

  test('come without their body for HEAD, with its length', async (t) => {
    const trial = await Trial.start(t, one({ errorFiles: pages }))
    const client = await trial.ask('HEAD / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n')
    const text = await client.rest()
    assert.match(text, /^HTTP\/1\.1 503 .*Content-Length: 9\r\n.*\r\n\r\n$/s)
  })
})

test('a request that finds no route and no default gets 503, without a backend in the log', async (t) => {
  const trial = await Trial.start(t, { frontends: { main: { bind: '127.0.0.1:0' } } })
  assert.equal((await trial.answer()).status, 503)
  const { backend, server, termination } = await trial.record()
  assert.deepEqual([backend, server, termination], [null, null, 'SC--'])
})

test('a server in maintenance gets nothing new, and finishes what it has', async (t) => {
  const { origin, trial, server } = await stage(t)
  const client = await trial.ask()
  const { wire } = await origin.receive()
  server.maintenance()
  assert.equal((await trial.answer()).status, 503)
  wire.send(ok())
  assert.equal((await readResponse(client)).status, 200)
  server.ready()
  client.send(get())
  ;(await origin.receive()).wire.send(ok())
  assert.equal((await readResponse(client)).status, 200)
})
