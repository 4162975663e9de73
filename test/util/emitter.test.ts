import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Emitter, type Fault, type FaultEvents } from '../../src/util/emitter.js'
import { EvenkeelError } from '../../src/util/errors.js'

interface Events extends FaultEvents {
  change: [value: number, name: string]
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Runs `act`, and gives the warnings of the process that it led to. */
async function warningsOf(act: () => void): Promise<(Error & { code?: string })[]> {
  const warnings: Error[] = []
  const collect = (warning: Error) => void warnings.push(warning)
  process.on('warning', collect)
  try {
    act()
    await turn()
  } finally {
    process.off('warning', collect)
  }
  return warnings.filter((warning) => warning.name === 'EvenkeelWarning')
}

describe('Emitter', () => {
  test('calls every listener in order with what happened, and those of once only once', () => {
    const emitter = new Emitter<Events>()
    const calls: string[] = []
    emitter.on('change', (value, name) => calls.push(`on ${value} ${name}`))
    emitter.once('change', (value) => calls.push(`once ${value}`))
    emitter.prependListener('change', (value) => calls.push(`first ${value}`))
    emitter.notify('change', 1, 'a')
    emitter.notify('change', 2, 'b')
    assert.deepEqual(calls, ['first 1', 'on 1 a', 'once 1', 'first 2', 'on 2 b'])
  })

  test('a listener that throws is a fault, and the others are still called', () => {
    const emitter = new Emitter<Events>()
    const faults: Fault[] = []
    const values: number[] = []
    const thrown = new Error('mine')
    emitter.on('fault', (fault) => faults.push(fault))
    emitter.on('change', () => {
      throw thrown
    })
    emitter.on('change', (value) => values.push(value))
    emitter.notify('change', 1, 'a')
    assert.deepEqual(values, [1])
    assert.equal(faults.length, 1)
    assert.equal(faults[0]!.where, "listener of 'change'")
    assert.equal(faults[0]!.error.code, 'ERR_EVENKEEL_CALLBACK')
    assert.equal(faults[0]!.error.cause, thrown)
    assert.match(faults[0]!.error.message, /mine/)
  })

  test('a listener whose promise rejects is a fault, and does not end the process', async () => {
    const emitter = new Emitter<Events>()
    const faults: Fault[] = []
    emitter.on('fault', (fault) => faults.push(fault))
    emitter.on('change', async () => {
      throw new Error('later')
    })
    emitter.once('change', async () => {
      throw new Error('once')
    })
    emitter.notify('change', 1, 'a')
    await turn()
    assert.deepEqual(
      faults.map(({ error }) => (error.cause as Error).message),
      ['later', 'once'],
    )
  })

  test('without a fault listener, each place warns once', async () => {
    const emitter = new Emitter<Events>()
    const warnings = await warningsOf(() => {
      emitter.fault('plain text', 'condition of routes[0]')
      emitter.fault(new Error('again'), 'condition of routes[0]')
      emitter.fault(new Error('other'), 'condition of routes[1]')
    })
    assert.deepEqual(
      warnings.map(({ message, code }) => [message, code]),
      [
        ['condition of routes[0] failed: plain text', 'ERR_EVENKEEL_CALLBACK'],
        ['condition of routes[1] failed: other', 'ERR_EVENKEEL_CALLBACK'],
      ],
    )
  })

  test('a fault listener that fails, now or later, leads to a warning and not to itself', async () => {
    for (const listener of [
      () => {
        throw new Error('bad listener')
      },
      () => Promise.reject(new Error('bad listener')),
    ]) {
      const emitter = new Emitter<Events>()
      let calls = 0
      emitter.on('fault', () => {
        calls++
        return listener()
      })
      const warnings = await warningsOf(() => emitter.fault(new Error('first'), 'somewhere'))
      assert.deepEqual(
        warnings.map(({ message }) => message),
        ["listener of 'fault' failed: bad listener"],
      )
      assert.equal(calls, 1)
    }
  })

  test('a fault can be handed on from one emitter to another', () => {
    const [inner, outer] = [new Emitter<Events>(), new Emitter<Events>()]
    const faults: Fault[] = []
    inner.on('fault', (fault) => outer.report(fault))
    outer.on('fault', (fault) => faults.push(fault))
    inner.fault(new Error('deep'), 'inside')
    assert.deepEqual(
      faults.map(({ where, error }) => [where, error.message]),
      [['inside', 'inside failed: deep']],
    )
  })

  test('an error of ours is handed on as it is', () => {
    const emitter = new Emitter<Events>()
    const faults: Fault[] = []
    emitter.on('fault', (fault) => faults.push(fault))
    const error = new EvenkeelError('ERR_EVENKEEL_CALLBACK', 'gave a promise')
    const other = new EvenkeelError('ERR_EVENKEEL_STATE', 'closed')
    emitter.fault(error, 'here')
    emitter.fault(other, 'there')
    assert.equal(faults[0]!.error, error)
    assert.equal(faults[1]!.error, other)
  })
})
