import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import * as grpc from '@grpc/grpc-js'
import { settled, Trial } from '../support/trial.js'
import { until } from '../support/within.js'

const text = {
  requestSerialize: (value: string) => Buffer.from(value),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (value: string) => Buffer.from(value),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
}

const service = {
  ask: { path: '/test.Echo/Ask', requestStream: false, responseStream: false, ...text },
  list: { path: '/test.Echo/List', requestStream: false, responseStream: true, ...text },
  join: { path: '/test.Echo/Join', requestStream: true, responseStream: false, ...text },
  talk: { path: '/test.Echo/Talk', requestStream: true, responseStream: true, ...text },
} satisfies grpc.ServiceDefinition

const Echo = grpc.makeGenericClientConstructor(service, 'Echo')

/** A gRPC server that tells its name, until the test is over. */
async function serve(t: TestContext, name: string, cancelled: () => void = () => {}): Promise<string> {
  const server = new grpc.Server()
  server.addService(service, {
    ask(call: grpc.ServerUnaryCall<string, string>, reply: grpc.sendUnaryData<string>) {
      if (call.request === 'silence') return void call.on('cancelled', cancelled)
      if (call.request === 'fail') return reply({ code: grpc.status.NOT_FOUND, details: 'no such thing' })
      const head = new grpc.Metadata()
      head.set('x-server', name)
      call.sendMetadata(head)
      const trailer = new grpc.Metadata()
      trailer.set('x-told', String(call.metadata.get('x-told')[0]))
      reply(null, `${name} ${call.request}`, trailer)
    },
    list(call: grpc.ServerWritableStream<string, string>) {
      for (const part of call.request.split(' ')) call.write(part)
      call.end()
    },
    join(call: grpc.ServerReadableStream<string, string>, reply: grpc.sendUnaryData<string>) {
      const parts: string[] = []
      call.on('data', (part: string) => parts.push(part))
      call.on('end', () => reply(null, parts.join(' ')))
    },
    talk(call: grpc.ServerDuplexStream<string, string>) {
      call.on('cancelled', cancelled)
      call.on('data', (part: string) => call.write(`${part}!`))
      call.on('end', () => call.end())
    },
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  t.after(() => server.forceShutdown())
  return `127.0.0.1:${port}`
}

async function stage(t: TestContext, servers: Readonly<Record<string, string>>) {
  const trial = await Trial.start(t, {
    frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
    backends: { app: { transport: 'http2', servers, retries: 0 } },
  })
  const client = new Echo(`127.0.0.1:${trial.port()}`, grpc.credentials.createInsecure())
  t.after(() => client.close())
  return { trial, client }
}

type Answer = {
  value: string | undefined
  error: grpc.ServiceError | null
  status: grpc.StatusObject
  head: grpc.Metadata
}

/** Makes one call of the simplest kind. */
function ask(client: grpc.Client, request: string, options: grpc.CallOptions = {}): Promise<Answer> {
  return new Promise((resolve) => {
    const metadata = new grpc.Metadata()
    metadata.set('x-told', 'yes')
    let answer: { value: string | undefined; error: grpc.ServiceError | null } | undefined
    let status: grpc.StatusObject | undefined
    let head = new grpc.Metadata()
    const finish = (): void => {
      if (answer !== undefined && status !== undefined) resolve({ ...answer, status, head })
    }
    const { path, requestSerialize, responseDeserialize } = service.ask
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      options,
      (error, value) => {
        answer = { error, value }
        finish()
      },
    )
    call.on('metadata', (received) => {
      head = received
    })
    call.on('status', (received) => {
      status = received
      finish()
    })
  })
}

describe('gRPC through the proxy', () => {
  test('a call has its answer, metadata and trailers', async (t) => {
    const { trial, client } = await stage(t, { a: await serve(t, 'a') })
    const { value, status, head } = await ask(client, 'hello')
    assert.equal(value, 'a hello')
    assert.deepEqual(head.get('x-server'), ['a'])
    assert.deepEqual(status.metadata.get('x-told'), ['yes'])
    assert.equal((await trial.record()).termination, '----')
  })

  test('an error comes with its code and words', async (t) => {
    const { client } = await stage(t, { a: await serve(t, 'a') })
    const { error } = await ask(client, 'fail')
    assert.deepEqual([error?.code, error?.details], [grpc.status.NOT_FOUND, 'no such thing'])
  })

  test('a stream of answers comes whole and in order', async (t) => {
    const { client } = await stage(t, { a: await serve(t, 'a') })
    const { path, requestSerialize, responseDeserialize } = service.list
    const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, 'one two three')
    const parts: string[] = []
    for await (const part of call) parts.push(part as string)
    assert.deepEqual(parts, ['one', 'two', 'three'])
  })

  test('a stream of requests has one answer', async (t) => {
    const { client } = await stage(t, { a: await serve(t, 'a') })
    const { path, requestSerialize, responseDeserialize } = service.join
    const joined = await new Promise((resolve, reject) => {
      const call = client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, (error, value) =>
        error === null ? resolve(value) : reject(error),
      )
      for (const part of ['one', 'two', 'three']) call.write(part)
      call.end()
    })
    assert.equal(joined, 'one two three')
  })

  test('a talk goes on both ways at once', async (t) => {
    const { client } = await stage(t, { a: await serve(t, 'a') })
    const { path, requestSerialize, responseDeserialize } = service.talk
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
    for (const part of ['one', 'two', 'three']) {
      const answered = new Promise((resolve) => call.once('data', resolve))
      call.write(part)
      assert.equal(await answered, `${part}!`)
    }
    const ended = new Promise<grpc.StatusObject>((resolve) => call.once('status', resolve))
    call.end()
    assert.equal((await ended).code, grpc.status.OK)
  })

  test('calls of one client are balanced one by one', async (t) => {
    const { trial, client } = await stage(t, { a: await serve(t, 'a'), b: await serve(t, 'b') })
    const values: (string | undefined)[] = []
    for (let i = 0; i < 4; i++) values.push((await ask(client, 'x')).value)
    assert.deepEqual(values, ['a x', 'b x', 'a x', 'b x'])
    assert.equal(trial.proxy.frontend('main').counters.sessions.total, 1)
  })

  test('a deadline ends the call here and at the server', async (t) => {
    let isCancelled = false
    const address = await serve(t, 'a', () => {
      isCancelled = true
    })
    const { trial, client } = await stage(t, { a: address })
    const { error } = await ask(client, 'silence', { deadline: Date.now() + 300 })
    assert.equal(error?.code, grpc.status.DEADLINE_EXCEEDED)
    await until(() => isCancelled && trial.proxy.server('app/a').served === 0, 'it goes on')
  })

  test('a call that its client cancels is cancelled at the server', async (t) => {
    let isCancelled = false
    const address = await serve(t, 'a', () => {
      isCancelled = true
    })
    const { trial, client } = await stage(t, { a: address })
    const { path, requestSerialize, responseDeserialize } = service.talk
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
    call.on('error', () => {})
    const answered = new Promise((resolve) => call.once('data', resolve))
    call.write('one')
    await answered
    call.cancel()
    await until(() => isCancelled && trial.proxy.server('app/a').served === 0, 'it goes on')
  })

  test('without a server a call is UNAVAILABLE', async (t) => {
    const { trial, client } = await stage(t, { a: '127.0.0.1:1' })
    assert.equal((await ask(client, 'x')).error?.code, grpc.status.UNAVAILABLE)
    trial.proxy.server('app/a').maintenance()
    assert.equal((await ask(client, 'x')).error?.code, grpc.status.UNAVAILABLE)
    await settled()
  })
})
