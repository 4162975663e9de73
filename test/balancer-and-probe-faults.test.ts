import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Server } from '../src/core/server.js'
import type { Balancer, Probe } from '../src/index.js'
import { boom, rejects, stage } from './support/broken-route.js'
import { RawOrigin } from './support/raw-origin.js'
import { get, ok, Trial } from './support/trial.js'

describe('a balancer that', () => {
  /** A balancer that does as told in one place, and else chooses the first server. */
  function balancer(broken: Partial<Record<keyof Balancer, () => unknown>>): Balancer {
    let servers: readonly Server[] = []
    return {
      algorithm: 'own',
      rebuild(candidates) {
        servers = candidates
        broken.rebuild?.()
      },
      pick: () => (broken.pick === undefined ? servers[0] : (broken.pick() as undefined)),
      onTake: () => void broken.onTake?.(),
      onRelease: () => void broken.onRelease?.(),
      onOutcome: () => void broken.onOutcome?.(),
    }
  }

  const failing: readonly [string, Balancer, number][] = [
    ['throws at a pick', balancer({ pick: boom }), 500],
    ['picks a name', balancer({ pick: () => 'b' }), 500],
    ['picks null', balancer({ pick: () => null }), 500],
    ['picks a promise', balancer({ pick: async () => undefined }), 500],
    ['throws when a slot is taken', balancer({ onTake: boom }), 200],
    ['throws when a slot is given back', balancer({ onRelease: boom }), 200],
    ['throws when it hears of a response', balancer({ onOutcome: boom }), 200],
  ]
  for (const [what, balance, status] of failing) {
    test(`${what}: ${status}, a fault, and others live on`, async (t) => {
      const { origin, trial } = await stage(t, {}, undefined, balance)
      origin.answerAll(() => ok())
      for (let i = 0; i < 3; i++) {
        assert.equal((await trial.answer(get('/broken'))).status, status)
        assert.equal((await trial.answer()).status, 200)
      }
      assert.deepEqual(
        trial.faults.map(({ where }) => where),
        Array(3).fill('balancer of backends.broken'),
      )
      const { served, counters } = trial.proxy.server('broken/b')
      assert.deepEqual([served, counters.sessions.current], [0, 0])
    })
  }

  test('throws at a rebuild: a fault, and changes go on', async (t) => {
    let isBroken = false
    const balance = balancer({
      rebuild: () => {
        if (isBroken) boom()
      },
    })
    const { origin, trial } = await stage(t, {}, undefined, balance)
    origin.answerAll(() => ok())
    isBroken = true
    const server = trial.proxy.server('broken/b')
    for (const weight of [2, 3, 4]) {
      server.weight = weight
      server.drain()
      server.ready()
      assert.equal((await trial.answer(get('/broken'))).status, 200)
    }
    assert.equal(trial.faults.length, 3, 'one for each pick after changes')
  })
})

describe('a probe that', () => {
  const failing: readonly [string, Probe, boolean][] = [
    ['throws', boom as unknown as Probe, true],
    ['rejects', rejects, true],
    ['gives nonsense', (async () => 'fine') as unknown as Probe, true],
    ['gives nothing', (async () => undefined) as unknown as Probe, true],
    ['never ends', () => new Promise(() => {}), false],
  ]
  for (const [what, probe, isFault] of failing) {
    test(`${what} counts as failed, and traffic to others goes on`, async (t) => {
      const origin = await RawOrigin.listen(t)
      origin.answerAll(() => ok())
      const trial = await Trial.start(t, {
        frontends: { main: { bind: '127.0.0.1:0', defaultBackend: 'app' } },
        backends: {
          app: {
            servers: {
              a: { address: origin.address, check: { probe, interval: 100, fall: 1 } },
              b: origin.address,
            },
          },
        },
      })
      const events: string[] = []
      trial.proxy.on('server:down', ({ server, check }) => events.push(`${server.name} ${check?.passed}`))
      await trial.clock.advanceAsync(1000)
      assert.deepEqual(events, ['a false'])
      assert.equal(trial.faults.length > 0, isFault)
      assert.ok(trial.faults.every(({ where }) => where.includes('backends.app')))
      assert.equal((await trial.answer()).status, 200)
      assert.equal(trial.proxy.server('app/a').counters.chosen, 0)
    })
  }
})
