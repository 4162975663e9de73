import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ExchangeView } from '../../src/core/exchange-view.js'
import { type Condition, described, evaluate, describe as inWords } from '../../src/rules/condition.js'
import { view } from './views.js'

/** A condition as plain JavaScript could hand it over, whatever it gives. */
function sloppy(result: unknown): Condition {
  return Reflect.get({ condition: () => result }, 'condition') as Condition
}

describe('evaluate', () => {
  test('gives what the condition says of the exchange', () => {
    const exchange = view({ target: '/x' })
    const isX: Condition = (exchange: ExchangeView) => exchange.path === '/x'
    assert.equal(evaluate(isX, exchange), true)
    assert.equal(evaluate(isX, view()), false)
  })

  test('refuses a condition that gives no boolean, and says which one', () => {
    for (const [result, got] of [
      [undefined, 'undefined'],
      [null, 'null'],
      [1, 'number'],
      ['yes', 'string'],
      [{}, 'object'],
      [Promise.resolve(true), 'a promise'],
    ] as const) {
      assert.throws(() => evaluate(sloppy(result), view()), {
        code: 'ERR_EVENKEEL_CALLBACK',
        message: `condition 'a function' gave ${got}: it must give true or false at once`,
      })
    }
    const named = described('is a bot', sloppy('yes'))
    assert.throws(() => evaluate(named, view()), { message: /^condition 'is a bot' gave string/ })
  })

  test('a promise that it refuses ends nothing when it rejects later', async () => {
    const unhandled: unknown[] = []
    const collect = (reason: unknown) => void unhandled.push(reason)
    process.on('unhandledRejection', collect)
    try {
      assert.throws(() => evaluate(sloppy(Promise.reject(new Error('later'))), view()), {
        code: 'ERR_EVENKEEL_CALLBACK',
      })
      await new Promise((resolve) => setImmediate(resolve))
    } finally {
      process.off('unhandledRejection', collect)
    }
    assert.deepEqual(unhandled, [])
  })

  test('lets through what the condition throws', () => {
    const thrown = new TypeError('mine')
    const condition = () => {
      throw thrown
    }
    assert.throws(() => evaluate(condition, view()), thrown)
  })
})

test('describe gives the description, or the fallback when there is none', () => {
  assert.equal(
    inWords(
      described('path is /x', () => true),
      'a function',
    ),
    'path is /x',
  )
  assert.equal(
    inWords(() => true, 'a function'),
    'a function',
  )
})
