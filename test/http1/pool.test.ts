import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readRequest, readResponse } from '../support/http-message.js'
import { get, ok, post, settled, stage, type Trial } from '../support/trial.js'
import type { Wire } from '../support/wire.js'

/** Sends a request from each of so many new clients at once; gives the connections that they came on. */
async function occupy(trial: Trial, origin: Awaited<ReturnType<typeof stage>>['origin'], count: number) {
  const clients: Wire[] = []
  for (let i = 0; i < count; i++) clients.push(await trial.ask())
  const wires: Wire[] = []
  for (let i = 0; i < count; i++) wires.push((await origin.receive()).wire)
  /** Answers on that connection, so that it becomes idle. */
  const release = async (index: number, ...fields: string[]): Promise<void> => {
    wires[index]!.send(ok('ok', ...fields))
    await readResponse(clients[index]!)
    await settled()
  }
  return { wires, release }
}

describe('idle server connections', () => {
  test('are taken up again, the youngest first', async (t) => {
    const { origin, trial } = await stage(t)
    const { wires, release } = await occupy(trial, origin, 3)
    for (const index of [2, 0, 1]) await release(index)
    for (const index of [1, 0, 2]) {
      await trial.ask()
      assert.equal((await origin.receive()).wire, wires[index])
    }
  })

  test('are closed when they have been idle for poolPurgeDelay, not before', async (t) => {
    const { origin, trial } = await stage(t, { poolPurgeDelay: '4s' })
    const { wires, release } = await occupy(trial, origin, 3)
    await release(1)
    await trial.pass(1500)
    await release(0)
    const ended = (): boolean[] => wires.map(({ hasEnded }) => hasEnded)
    await trial.pass(2499)
    await settled()
    assert.deepEqual(ended(), [false, false, false])
    await trial.pass(1)
    await wires[1]!.ending()
    await trial.pass(1499)
    await settled()
    assert.deepEqual(ended(), [false, true, false])
    await trial.pass(1)
    await wires[0]!.ending()
    await trial.pass(10_000)
    await settled()
    assert.deepEqual(ended(), [true, true, false], 'one that serves is not idle')
  })

  test('start their time anew with each use', async (t) => {
    const { origin, trial } = await stage(t, { poolPurgeDelay: '4s' })
    origin.answerAll(() => ok())
    for (let i = 0; i < 5; i++) {
      await trial.answer()
      await trial.pass(3999)
    }
    assert.equal(origin.wires.length, 1)
    await trial.pass(1)
    await origin.wires[0]!.ending()
  })

  for (const [said, kept] of [
    ['timeout=3', 2000],
    ['timeout=1', 500],
    ['max=100, timeout=2', 1000],
    ['timeout=100', 4000],
    ['timeouts=1', 4000],
    ['nonsense', 4000],
  ] as const) {
    test(`are closed before the time that their server told is up: Keep-Alive: ${said}`, async (t) => {
      const { origin, trial } = await stage(t)
      origin.answerAll(() => ok('ok', `Keep-Alive: ${said}`))
      await trial.answer()
      await trial.pass(kept - 1)
      await settled()
      assert.equal(origin.wires[0]!.hasEnded, false)
      await trial.pass(1)
      await origin.wires[0]!.ending()
    })
  }

  test('are not kept where the server says that it does not', async (t) => {
    const { origin, trial } = await stage(t)
    origin.answerAll(() => ok('ok', 'Keep-Alive: timeout=0'))
    await trial.answer()
    await origin.wires[0]!.ending()
    await trial.answer()
    assert.equal(origin.wires.length, 2)
  })

  test('are kept up to poolMaxConnections', async (t) => {
    const { origin, trial } = await stage(t, { poolMaxConnections: 2 })
    const { wires, release } = await occupy(trial, origin, 4)
    for (let index = 0; index < 4; index++) await release(index)
    await settled()
    assert.deepEqual(
      wires.map(({ hasEnded }) => hasEnded),
      [false, false, true, true],
    )
  })

  test('are kept as a server says, where it says otherwise than its backend', async (t) => {
    const { origin, trial, proxy } = await stage(t, { poolMaxConnections: 0 })
    proxy.backend('app').addServer({ name: 'b', address: origin.address, poolMaxConnections: 1 })
    await proxy.backend('app').removeServer('a')
    origin.answerAll(() => ok())
    for (let i = 0; i < 3; i++) await trial.answer()
    assert.equal(origin.wires.length, 1)
  })

  for (const [what, act] of [
    ['sends its end', (wire: Wire) => wire.end()],
    ['breaks off', (wire: Wire) => wire.reset()],
    ['says a word that nobody asked for', (wire: Wire) => wire.send('x')],
    ['sends a response that nobody asked for', (wire: Wire) => wire.send(ok('stolen'))],
  ] as const) {
    test(`are dropped at once when their server ${what}`, async (t) => {
      const { origin, trial } = await stage(t)
      origin.answerAll(() => ok('mine'))
      await trial.answer()
      await settled()
      act(origin.wires[0]!)
      if (what !== 'breaks off') await origin.wires[0]!.ending()
      await settled()
      // A POST would fail on a dead connection: nothing of it is sent twice.
      const client = await trial.ask(get())
      assert.equal((await readResponse(client)).body, 'mine')
      assert.equal((await readResponse(client.send(post(2), 'hi'))).body, 'mine')
      assert.equal(origin.wires.length, 2)
      assert.deepEqual(
        trial.records.map(({ retries, failure }) => [retries, failure]),
        Array.from({ length: 3 }, () => [0, null]),
      )
    })
  }

  test('are closed when their server is removed, and those that serve are not kept after that', async (t) => {
    const { origin, trial, proxy } = await stage(t)
    const { wires, release } = await occupy(trial, origin, 2)
    await release(0)
    const removed = proxy.backend('app').removeServer('a')
    await settled()
    await release(1)
    await removed
    await Promise.all(wires.map((wire) => wire.ending()))
  })
})

test('a request that a stale connection lost is sent again on a fresh one, not on another idle one', async (t) => {
  const { origin, trial } = await stage(t)
  const { wires, release } = await occupy(trial, origin, 2)
  await release(0)
  await release(1)
  const client = await trial.ask()
  await readRequest(wires[1]!)
  wires[1]!.end()
  const { wire } = await origin.receive()
  assert.ok(!wires.includes(wire))
  wire.send(ok('again'))
  assert.equal((await readResponse(client)).body, 'again')
  assert.equal(trial.records.at(-1)!.retries, 1)
})

test('a connection that has carried maxReuse further requests ends, and its server is told with the last', async (t) => {
  const { origin, trial, server } = await stage(t, { maxReuse: 2 })
  const requests = origin.answerAll(() => ok())
  for (let i = 0; i < 6; i++) await trial.answer()
  assert.deepEqual(
    requests.map((request) => request.get('connection')),
    [undefined, undefined, 'close', undefined, undefined, 'close'],
  )
  assert.deepEqual([origin.wires.length, server.counters.connects, server.counters.reuses], [2, 2, 4])
})
