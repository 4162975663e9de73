import assert from 'node:assert/strict'
import http from 'node:http'
import { test } from 'node:test'
import { attach, Frontend, path } from '../../src/index.js'
import { readResponse } from '../support/http-message.js'
import { closedAddress } from '../support/loopback.js'
import { settled, stage, until } from '../support/trial.js'

// What users of other proxies suffered (errors and insight), as claims that it can't happen here.
// Each names issues of theirs; what other suites claim already is not repeated.

// node#46574, immich#2766
test('a frontend behind a server with shorter time limits says so, once', async (t) => {
  const heard: string[] = []
  const listener = (warning: Error & { code?: string }): void => {
    if (warning.code === 'EVENKEEL_W_SERVER_TIMEOUT') heard.push(warning.message)
  }
  process.on('warning', listener)
  t.after(() => process.off('warning', listener))
  const web = new Frontend('web', { timeout: { httpKeepAlive: '1m', httpRequest: '10s' } })
  const server = http.createServer({ keepAliveTimeout: 5000, headersTimeout: 60_000, requestTimeout: 300_000 })
  const before = [server.keepAliveTimeout, server.headersTimeout, server.requestTimeout]
  for (let i = 0; i < 2; i++) attach(web, server)()
  const patient = http.createServer({ keepAliveTimeout: 60_000, headersTimeout: 0, requestTimeout: 0 })
  attach(web, patient)()
  await until(() => heard.length > 0, 'a warning')
  await settled()
  assert.equal(heard.length, 1)
  assert.match(String(heard[0]), /frontends\.web.*keepAliveTimeout 5000ms is under timeout\.httpKeepAlive 60000ms/)
  assert.match(String(heard[0]), /requestTimeout 300000ms/)
  assert.deepEqual([server.keepAliveTimeout, server.headersTimeout, server.requestTimeout], before)
})

// node-http-proxy#1331, #1535: each failure has a status, a state and an error of its own
test('a refused connection, a silent server and one that breaks off can be told apart', async (t) => {
  const { host, port } = await closedAddress()
  const silent = await stage(t, { timeout: { server: 100 } })
  const broken = await stage(t)
  const refused = await stage(t, { servers: { a: `${host}:${port}` }, retries: 0 })
  const clients = [await refused.trial.ask(), await silent.trial.ask(), await broken.trial.ask()]
  await silent.origin.receive()
  ;(await broken.origin.receive()).wire.reset()
  await silent.trial.pass(100)
  const statuses = await Promise.all(clients.map(async (client) => (await readResponse(client)).status))
  assert.deepEqual(statuses, [503, 504, 502])
  const records = await Promise.all([refused, silent, broken].map(({ trial }) => trial.record()))
  assert.deepEqual(
    records.map(({ termination, failure }) => [termination, failure]),
    [
      ['SC--', 'connect-refused'],
      ['sH--', 'server-timeout'],
      ['SH--', 'server-closed'],
    ],
  )
  assert.match(String(records[0]?.error), /ECONNREFUSED/)
})

// node-http-proxy#1017, #813, #1455, go#28239
test('a client that leaves is nobody else’s error', async (t) => {
  const { origin, trial, server, counters } = await stage(t)
  const client = await trial.ask()
  const { wire } = await origin.receive()
  client.reset()
  await wire.ending()
  const { termination, failure, status } = await trial.record()
  assert.deepEqual([termination, failure, status], ['CH--', 'client-aborted', -1])
  const { clientAborts, serverAborts, responseErrors, connectionErrors } = server.counters
  assert.deepEqual([clientAborts, serverAborts, responseErrors, connectionErrors], [1, 0, 0, 0])
  assert.deepEqual([counters.internalErrors, counters.responses.serverError, trial.faults], [0, 0, []])
})

// Fastllm-proxy#4, llm-simple-router#140
test('every decision can say why', async (t) => {
  const { trial } = await stage(t, {}, { routes: [{ backend: 'app', when: path.startsWith('/static') }] })
  const { trace } = trial.proxy.route('main', { url: '/other' })
  const said = trace.map((step) => (step.step === 'route' ? `${step.condition}: ${step.matched}` : step.step))
  assert.deepEqual(said, ['path starts with /static: false', 'default-backend', 'persistence', 'balance'])
  const balance = trace.at(-1)
  assert.ok(balance?.step === 'balance' && balance.server === 'a' && balance.reason !== '')
})
