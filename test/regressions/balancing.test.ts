import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readResponse } from '../support/http-message.js'
import { RawOrigin } from '../support/raw-origin.js'
import { get, ok, stage, Trial } from '../support/trial.js'

// What users of other proxies suffered (load balancing), as claims that it can't happen here.
// Each names issues of theirs; what other suites claim already is not repeated.

// undici#4424, #4223
test('a server that is removed keeps no connection', async (t) => {
  const { origin, trial } = await stage(t)
  const clients = [await trial.ask(get('/1')), await trial.ask(get('/2'))]
  const wires = [(await origin.receive()).wire, (await origin.receive()).wire]
  for (const wire of wires) wire.send(ok())
  for (const client of clients) await readResponse(client)
  await trial.proxy.backend('app').removeServer('a')
  for (const wire of wires) assert.equal(await wire.ending(), 'end')
  assert.equal((await trial.answer()).status, 503)
  trial.proxy.backend('app').addServer({ name: 'a', address: origin.address })
  const client = await trial.ask()
  ;(await origin.receive()).wire.send(ok())
  assert.equal((await readResponse(client)).status, 200)
})

// node-http-proxy#44, #414, undici#4839
test('a server that checks find dead gets no traffic, and its share again when it is back', async (t) => {
  const origins = [await RawOrigin.listen(t), await RawOrigin.listen(t)]
  for (const origin of origins) origin.answerAll(() => ok())
  let isWell = true
  const trial = await Trial.start(t, {
    frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
    backends: {
      app: {
        servers: { a: origins[0]!.address, b: origins[1]!.address },
        check: {
          interval: 1000,
          probe: async (target) => {
            const isDead = !isWell && 'port' in target && origins[0]!.address.endsWith(`:${target.port}`)
            return { passed: !isDead, status: 'L7OK', reason: '' }
          },
        },
      },
    },
  })
  const { counters } = trial.proxy.server('app/a')
  const statuses = new Set<number>()
  const ask = async (times: number): Promise<number> => {
    const before = counters.chosen
    for (let i = 0; i < times; i++) statuses.add((await trial.answer()).status)
    return counters.chosen - before
  }
  assert.equal(await ask(10), 5)
  isWell = false
  await trial.clock.advanceAsync(4000)
  assert.equal(trial.proxy.server('app/a').operational, 'stopped')
  assert.equal(await ask(10), 0)
  isWell = true
  await trial.clock.advanceAsync(4000)
  // undici#1959, #3648: after an outage two equal servers have equal shares again.
  const share = await ask(20)
  assert.ok(share >= 9 && share <= 11, `${share} of 20`)
  assert.deepEqual([...statuses], [200])
})

// traefik#41, #963
test('a server that drains finishes its requests, and can be taken away without one that fails', async (t) => {
  const origins = [await RawOrigin.listen(t), await RawOrigin.listen(t)]
  const trial = await Trial.start(t, {
    frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
    backends: { app: { servers: { a: origins[0]!.address } } },
  })
  const backend = trial.proxy.backend('app')
  const slow = await trial.ask(get('/slow'))
  const { wire } = await origins[0]!.receive()
  backend.addServer({ name: 'b', address: origins[1]!.address })
  backend.server('a').drain()
  origins[1]!.answerAll(() => ok('b'))
  for (let i = 0; i < 4; i++) assert.equal((await trial.answer()).body, 'b')
  let isRemoved = false
  const removed = backend.removeServer('a').then(() => {
    isRemoved = true
  })
  await trial.pass(50_000)
  assert.equal(isRemoved, false)
  wire.send(ok('slow'))
  assert.equal((await readResponse(slow)).body, 'slow')
  await removed
  assert.equal(backend.servers.length, 1)
})

// caddy#7037, #7036
test('servers that join and leave change nothing about those that stay', async (t) => {
  const trial = Trial.make(t, {
    frontends: {},
    backends: { app: { servers: { a: '127.0.0.1:1', b: '127.0.0.1:2' }, check: { fall: 2 } } },
  })
  const backend = trial.proxy.backend('app')
  const failed = { passed: false, status: 'L4CON', reason: '', duration: 1 } as const
  for (let i = 0; i < 2; i++) backend.server('a').observeCheck(failed)
  backend.server('b').observeCheck(failed)
  backend.server('b').weight = 7
  const state = (): unknown =>
    backend.servers.slice(0, 2).map(({ name, status, weight, id, lastCheck }) => [name, status, weight, id, lastCheck])
  const before = state()
  backend.addServer('127.0.0.1:3')
  await backend.removeServer('127.0.0.1:3')
  assert.deepEqual(state(), before)
  assert.equal(backend.server('a').operational, 'stopped')
})
