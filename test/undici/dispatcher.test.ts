import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { Agent, type Dispatcher, MockAgent, ProxyAgent } from 'undici'
import type { BackendConfig } from '../../src/index.js'
import { readResponse } from '../support/http-message.js'
import { RawOrigin } from '../support/raw-origin.js'
import { get, ok, post, settled, Trial, until } from '../support/trial.js'

/** A proxy `main` before a backend of these servers, which nobody plays. */
function start(t: TestContext, backend: BackendConfig): Promise<Trial> {
  return Trial.start(t, {
    frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
    backends: { app: { servers: { a: 'app.test:80' }, retries: 0, ...backend } },
  })
}

/** A mock of `app.test`, and a proxy in front of it. */
async function startWithMock(t: TestContext, backend: BackendConfig = {}) {
  const agent = new MockAgent()
  agent.disableNetConnect()
  t.after(() => agent.close())
  return { mock: agent.get('http://app.test:80'), agent, trial: await start(t, { dispatcher: agent, ...backend }) }
}

describe('a MockAgent as the dispatcher of a backend', () => {
  test('answers in the place of the servers', async (t) => {
    const { mock, trial } = await startWithMock(t)
    mock
      .intercept({ path: '/hello?a=b', method: 'GET', headers: { 'x-asked': 'yes' } })
      .reply(201, 'Hello.', { headers: { 'X-From': 'mock' } })
    const response = await trial.answer(get('/hello?a=b', 'X-Asked: yes'))
    assert.deepEqual([response.status, response.get('x-from'), response.body], [201, 'mock', 'Hello.'])
    const { status, server, bytesOut, failure } = await trial.record()
    assert.deepEqual([status, server, bytesOut, failure], [201, 'a', 6, null])
  })

  test('gets the body of a request', async (t) => {
    const { mock, trial } = await startWithMock(t)
    const bodies: unknown[] = []
    mock.intercept({ path: '/', method: 'POST' }).reply(200, ({ body }) => {
      bodies.push(body)
      return 'taken'
    })
    const client = await trial.ask(`${post(5)}hello`)
    assert.equal((await readResponse(client)).body, 'taken')
    assert.equal(bodies.length, 1)
  })

  test('that has no such answer makes a 500, and the log has its words', async (t) => {
    const { trial } = await startWithMock(t)
    assert.equal((await trial.answer(get('/nothing'))).status, 500)
    const { failure, error } = await trial.record()
    assert.equal(failure, 'internal')
    assert.match(error ?? '', /Mock dispatch not matched/)
  })

  test('that fails makes a 503, after the retries that there are', async (t) => {
    const { mock, trial } = await startWithMock(t, { retries: 1 })
    mock.intercept({ path: '/' }).replyWithError(new Error('no such luck')).times(2)
    const client = await trial.ask(get())
    await settled()
    await trial.pass(1000)
    assert.equal((await readResponse(client)).status, 503)
    const { retries, error } = await trial.record()
    assert.deepEqual([retries, error], [1, 'no such luck'])
  })

  test('that says more than its length says makes a 502', async (t) => {
    const { mock, trial } = await startWithMock(t)
    mock.intercept({ path: '/' }).reply(200, 'hello', { headers: { 'content-length': '3' } })
    assert.equal((await trial.answer()).status, 502)
    assert.equal((await trial.record()).failure, 'bad-response')
  })

  test('that says less than its length says leaves no response that looks whole', async (t) => {
    const { mock, trial } = await startWithMock(t)
    mock.intercept({ path: '/' }).reply(200, 'hello', { headers: { 'content-length': '9' } })
    const client = await trial.ask()
    await client.ending()
    assert.match(client.pending, /content-length: 9\r\n[\s\S]*\r\nhello$/)
    assert.equal((await trial.record()).failure, 'server-lost')
  })

  test('that makes up a field of two lines does not get it through', async (t) => {
    const { mock, trial } = await startWithMock(t)
    mock.intercept({ path: '/' }).reply(200, 'hello', { headers: { 'x-a': '1\r\nSet-Cookie: stolen=1' } })
    const response = await trial.answer()
    assert.deepEqual([response.status, response.get('set-cookie')], [502, undefined])
  })
})

test('a dispatcher made for each server gets that server’s requests alone', async (t) => {
  const agents = new Map<string, MockAgent>()
  const trial = await start(t, {
    servers: { a: 'a.test:80', b: 'b.test:80' },
    dispatcher: (server) => {
      const agent = new MockAgent()
      agent.disableNetConnect()
      agent.get(`http://${server.target}`).intercept({ path: '/' }).reply(200, `mock of ${server.name}`).persist()
      agents.set(server.name, agent)
      return agent
    },
  })
  const bodies = [await trial.answer(), await trial.answer()].map(({ body }) => body)
  assert.deepEqual(
    [[...agents.keys()], bodies.sort()],
    [
      ['a', 'b'],
      ['mock of a', 'mock of b'],
    ],
  )
})

test('a function that gives no dispatcher is a fault, and its server answers nothing', async (t) => {
  for (const [dispatcher, words] of [
    [() => ({}) as Dispatcher, /gave no Dispatcher/],
    [
      () => {
        throw new Error('not today')
      },
      /not today/,
    ],
  ] as const) {
    const trial = await start(t, { dispatcher })
    assert.equal((await trial.answer()).status, 503)
    const [fault] = trial.faults
    assert.match(String(fault?.error), words)
    assert.equal(fault?.where, 'dispatcher of backends.app for a')
  }
})

test('an interceptor may change what passes', async (t) => {
  const origin = await RawOrigin.listen(t)
  const requests = origin.answerAll(() => ok('secret', 'X-Kept: 1', 'X-Dropped: 2'))
  const agent = new Agent()
  t.after(() => agent.destroy())
  const intercept: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
    dispatch(
      { ...options, path: `/prefix${options.path}` },
      {
        onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
        onResponseStart: (controller, status, headers, message) => {
          const { 'x-dropped': _, ...rest } = headers
          handler.onResponseStart?.(controller, status + 1, { ...rest, 'x-added': '3' }, message)
        },
        onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
        onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
        onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
      },
    )
  const trial = await start(t, { servers: { a: origin.address }, dispatcher: agent.compose(intercept) })
  const response = await trial.answer(get('/x'))
  assert.equal(requests[0]!.startLine, 'GET /prefix/x HTTP/1.1')
  assert.deepEqual(
    [response.status, response.get('X-Kept'), response.get('x-dropped'), response.get('x-added'), response.body],
    [201, '1', undefined, '3', 'secret'],
  )
})

/** A forward proxy that tunnels, and counts what it was asked for. */
async function forwardProxy(t: TestContext): Promise<{ port: number; asked: string[] }> {
  const { connect } = await import('node:net')
  const asked: string[] = []
  const server: HttpServer = createServer()
  server.on('connect', (request, socket) => {
    asked.push(request.url ?? '')
    const [host, port] = (request.url ?? '').split(':')
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connected\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    for (const side of [onward, socket]) side.on('error', () => {})
    t.after(() => onward.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close())
  return { port: (server.address() as AddressInfo).port, asked }
}

test('a ProxyAgent leads to the servers by way of another proxy', async (t) => {
  const origin = await RawOrigin.listen(t)
  origin.answerAll(() => ok('far away'))
  const { port, asked } = await forwardProxy(t)
  const agent = new ProxyAgent({ uri: `http://127.0.0.1:${port}`, proxyTunnel: true })
  t.after(() => agent.destroy())
  const trial = await start(t, { servers: { a: origin.address }, dispatcher: agent })
  assert.equal((await trial.answer()).body, 'far away')
  assert.deepEqual(asked, [origin.address])
})

test('a dispatcher that does not begin in time is given up, and what it begins later is nobody’s', async (t) => {
  const begun: Dispatcher.DispatchHandler[] = []
  const dispatcher = {
    dispatch: (_: unknown, handler: Dispatcher.DispatchHandler) => begun.push(handler) > 0,
  } as unknown as Dispatcher
  const trial = await start(t, { dispatcher, timeout: { connect: '2s' } })
  const client = await trial.ask()
  await until(() => begun.length === 1, 'it was asked')
  await trial.pass(1999)
  assert.equal(client.pending, '')
  await trial.pass(1)
  assert.equal((await readResponse(client)).status, 503)
  assert.equal((await trial.record()).failure, 'connect-timeout')
  let aborted = 0
  begun[0]!.onRequestStart?.({ abort: () => aborted++ } as unknown as Dispatcher.DispatchController, {})
  assert.equal(aborted, 1)
})

test('a dispatcher is its user’s: closing the proxy leaves it at work', async (t) => {
  const { mock, agent, trial } = await startWithMock(t)
  mock.intercept({ path: '/' }).reply(200, 'still here').persist()
  await trial.answer()
  const closed = trial.proxy.close({ timeout: 0 })
  await trial.clock.advanceAsync(1)
  await closed
  const response = await agent.request({ origin: 'http://app.test:80', path: '/', method: 'GET' })
  assert.equal(await response.body.text(), 'still here')
})
