import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { createProxy, type ExchangeRecord, Frontend, type LogSink } from '../src/index.js'
import { boom, config, rejects, stage } from './support/broken-route.js'
import { readResponse } from './support/http-message.js'
import { connect } from './support/raw-client.js'
import { RawOrigin } from './support/raw-origin.js'
import { get, ok, settled, until } from './support/trial.js'
import { turn } from './support/within.js'

/** Process warnings of evenkeel while the test runs. */
function warnings(t: TestContext): string[] {
  const heard: string[] = []
  const listener = (warning: Error): void => {
    if (warning.name === 'EvenkeelWarning') heard.push(warning.message)
  }
  process.on('warning', listener)
  t.after(() => process.off('warning', listener))
  return heard
}

describe('a condition that', () => {
  const failing: readonly [string, () => unknown][] = [
    ['throws', boom],
    [
      'throws what is no error',
      () => {
        throw 'text'
      },
    ],
    ['gives a promise', async () => true],
    ['gives a promise that rejects', rejects],
    ['gives no boolean', () => 1],
  ]
  for (const [what, condition] of failing) {
    test(`${what}: 500 for that request, a fault, and the others live on`, async (t) => {
      const when = (view: { readonly path: string }): boolean =>
        view.path === '/broken' ? (condition() as boolean) : false
      const { origin, trial } = await stage(t, {}, when)
      const living = await trial.ask(get('/living'))
      const { wire } = await origin.receive()
      assert.equal((await trial.answer(get('/broken'))).status, 500)
      const { termination, failure } = await trial.record()
      assert.deepEqual([termination, failure], ['IR--', 'callback-failed'])
      assert.equal(trial.faults.length, 1)
      assert.equal(trial.faults[0]?.error.code, 'ERR_EVENKEEL_CALLBACK')
      assert.match(String(trial.faults[0]?.error.message), /frontends\.main\.routes\[0\]/)
      wire.send(ok())
      assert.equal((await readResponse(living)).status, 200)
      living.send(get('/again'))
      ;(await origin.receive()).wire.send(ok())
      assert.equal((await readResponse(living)).status, 200)
      assert.equal(trial.proxy.frontend('main').counters.internalErrors, 1)
    })
  }
})

describe('a log that', () => {
  const failing: readonly [string, LogSink][] = [
    ['throws', boom],
    ['rejects', rejects as unknown as LogSink],
    ['is a logger that throws', { info: boom }],
    ['is a logger that rejects', { info: rejects as unknown as () => void }],
  ].map(([what, log]) => [what as string, log as LogSink])
  for (const [what, log] of failing) {
    test(`${what}: a fault, and every exchange passes`, async (t) => {
      const { origin, trial } = await stage(t, { defaults: { log } })
      origin.answerAll(() => ok())
      assert.equal((await trial.answer()).status, 200)
      assert.equal((await trial.answer()).status, 200)
      await settled()
      assert.deepEqual(
        trial.faults.map(({ where }) => where),
        ['log of frontends.main', 'log of frontends.main'],
      )
      assert.equal((trial.faults[0]!.error.cause as Error).message, 'boom')
    })
  }
})

describe('an event listener that', () => {
  for (const [what, listener] of [
    ['throws', boom],
    ['rejects', rejects],
  ] as const) {
    test(`${what}: a fault, and the change takes place`, async (t) => {
      const { origin, trial } = await stage(t)
      origin.answerAll(() => ok())
      const heard: string[] = []
      const { proxy } = trial
      for (const name of ['server:maintenance', 'server:ready', 'backend:down', 'backend:up'] as const) {
        proxy.on(name, listener)
        proxy.on(name, () => heard.push(name))
      }
      proxy.server('app/a').maintenance()
      assert.equal((await trial.answer()).status, 503)
      proxy.server('app/a').ready()
      assert.equal((await trial.answer()).status, 200)
      assert.deepEqual(heard, ['backend:down', 'server:maintenance', 'backend:up', 'server:ready'])
      await settled()
      assert.equal(trial.faults.length, 4)
      assert.equal(trial.faults[0]?.where, "listener of 'backend:down'")
    })
  }

  test('throws at fault itself ends nothing', async (t) => {
    const heard = warnings(t)
    const { origin, trial } = await stage(t, { defaults: { log: boom } })
    origin.answerAll(() => ok())
    trial.proxy.on('fault', boom)
    assert.equal((await trial.answer()).status, 200)
    assert.equal((await trial.answer()).status, 200)
    await settled()
    assert.equal(trial.faults.length, 2)
    assert.deepEqual(heard, ["listener of 'fault' failed: boom"])
  })
})

describe('faults without a listener', () => {
  test('are one process warning for each place', async (t) => {
    const heard = warnings(t)
    const origin = await RawOrigin.listen(t)
    origin.answerAll(() => ok())
    const proxy = createProxy(config(origin.address, { defaults: { log: boom } }, boom))
    await proxy.listen()
    t.after(() => proxy.close({ timeout: 1 }))
    const { port } = proxy.addresses().main![0] as { port: number }
    for (let i = 0; i < 3; i++) {
      const client = (await connect(t, { port })).send(get())
      assert.equal((await readResponse(client)).status, 500)
      client.close()
    }
    await until(() => heard.length >= 2, 'two warnings')
    await settled()
    assert.equal(heard.length, 2, heard.join('\n'))
    assert.ok(heard.some((message) => message.includes('frontends.main.routes[0] failed: boom')))
    assert.ok(heard.some((message) => message === 'log of frontends.main failed: boom'))
  })

  test('have the original error and a place that names the object', async (t) => {
    const { trial } = await stage(t, {}, boom)
    await trial.answer()
    const [fault] = trial.faults
    assert.equal(fault?.where, 'routes of frontends.main')
    assert.equal((fault!.error.cause as Error).message, 'boom')
  })

  test('of the short form name the object too', async (t) => {
    const heard = warnings(t)
    const balance = { algorithm: 'own', rebuild: () => {}, pick: boom }
    const proxy = createProxy({ bind: '127.0.0.1:0', servers: ['127.0.0.1:1'], balance })
    proxy.backend('main').server('127.0.0.1:1').drain()
    proxy.backend('main').server('127.0.0.1:1').ready()
    assert.throws(() => proxy.route('main'), /boom/)
    await proxy.listen()
    t.after(() => proxy.close({ timeout: 1 }))
    const client = await connect(t, { port: (proxy.addresses().main![0] as { port: number }).port })
    client.send(get())
    assert.equal((await readResponse(client)).status, 500)
    client.close()
    await until(() => heard.length > 0, 'a warning')
    assert.deepEqual(heard, ['balancer of backends.main failed: boom'])
  })
})

test('a decision without a socket throws what a callback throws, and reports nothing', async (t) => {
  const heard = warnings(t)
  const frontend = new Frontend('web', { routes: [] })
  assert.equal(frontend.route().status, 503)
  const { trial } = await stage(t, {}, boom)
  assert.throws(() => trial.proxy.route('main'), { code: 'ERR_EVENKEEL_CALLBACK', message: /routes\[0\]/ })
  const records: ExchangeRecord[] = trial.records
  await turn()
  assert.deepEqual([trial.faults, records, heard], [[], [], []])
})
