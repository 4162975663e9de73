import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { StickyTable, source } from '../../src/index.js'
import type { Condition } from '../../src/rules/condition.js'
import { type NumberSample, numberSample } from '../../src/rules/number-sample.js'
import { header } from '../../src/rules/samples.js'
import { VirtualClock } from '../../src/testing/index.js'
import { OptionError } from '../../src/util/errors.js'
import { tcpView, view } from './views.js'

describe('conditions on a number', () => {
  const length = numberSample('length', 'length', ({ target }) => (target === '/none' ? undefined : target.length))

  test('compare as their names say', () => {
    const holds: readonly (readonly [condition: Condition, lengths: readonly number[]])[] = [
      [length.is(3), [3]],
      [length.is(2, 4), [2, 4]],
      [length.above(2), [3, 4]],
      [length.atLeast(2), [2, 3, 4]],
      [length.below(3), [1, 2]],
      [length.atMost(3), [1, 2, 3]],
    ]
    for (const [condition, lengths] of holds) {
      const found = [1, 2, 3, 4].filter((count) => condition(view({ target: '/'.repeat(count) })))
      assert.deepEqual(found, lengths, condition.description)
    }
  })

  test('match nothing where there is no number', () => {
    const all = [length.is(0), length.above(-1), length.atLeast(0), length.below(99), length.atMost(99)]
    for (const condition of all) assert.equal(condition(view({ target: '/none' })), false, condition.description)
  })

  test('say what they ask', () => {
    assert.deepEqual(
      [length.is(1, 2), length.above(2), length.atLeast(2), length.below(2), length.atMost(2)].map(
        ({ description }) => description,
      ),
      ['length is 1 or 2', 'length above 2', 'length at least 2', 'length below 2', 'length at most 2'],
    )
  })

  test('refuse what is no number by name', () => {
    const wrong = '2' as unknown as number
    for (const name of ['above', 'atLeast', 'below', 'atMost', 'is'] as const satisfies (keyof NumberSample)[]) {
      for (const value of [wrong, Number.NaN]) {
        assert.throws(() => length[name](value), { constructor: OptionError, path: `length.${name}(arguments[0])` })
      }
    }
    assert.throws(() => length.is(), { path: 'length.is(arguments)' })
  })
})

describe("a table's data as a sample", () => {
  function clients(): StickyTable {
    const store = { httpRequestRate: '10s', connectionsCurrent: true } as const
    return new StickyTable({ type: 'ip', size: 10, clock: new VirtualClock(), store })
  }

  test('is the value of the key that the exchange gives, as it stands when it is asked', () => {
    const table = clients()
    const isFast = table.data('httpRequestRate').of(source).above(2)
    const ask = () => ['192.0.2.7', '192.0.2.8'].map((address) => isFast(view({ source: address })))
    assert.deepEqual(ask(), [false, false])
    table.count('192.0.2.7', 'httpRequest', 3)
    assert.deepEqual(ask(), [true, false])
    assert.equal(isFast.description, 'httpRequestRate of the key above 2')
    assert.equal(table.size, 1, 'asking makes no entry')
    table.clear()
    assert.deepEqual(ask(), [false, false])
  })

  test('is 0 for a key that the table has not, and missing where the exchange gives none', () => {
    const table = clients()
    const rate = table.data('httpRequestRate')
    assert.equal(rate.of(source).value(view()), 0)
    assert.equal(rate.of(source).is(0)(view()), true)
    assert.equal(rate.of(header('x-client')).value(view()), undefined)
    assert.equal(rate.of(header('x-client')).is(0)(view()), false)
    assert.equal(rate.of(source).below(1)(tcpView('')), false)
  })

  test('takes any function of the exchange for a key', () => {
    const table = clients()
    table.count('192.0.2.9', 'httpRequest')
    const rate = table.data('httpRequestRate').of((exchange) => exchange.header('x-client'))
    assert.equal(rate.value(view({ fields: ['Host', 'a.test', 'X-Client', '192.0.2.9'] })), 1)
    assert.throws(() => table.data('httpRequestRate').of('source' as never), {
      path: "data('httpRequestRate').of(arguments[0])",
    })
  })

  test('knows whether the table contains the key', () => {
    const table = clients()
    const isKnown = table.contains(source)
    assert.equal(isKnown(view()), false)
    table.store('192.0.2.7', 'app1')
    assert.deepEqual(
      [isKnown(view()), isKnown(view({ source: '192.0.2.8' })), isKnown(tcpView(''))],
      [true, false, false],
    )
    assert.throws(() => table.contains(7 as never), { path: 'contains(arguments[0])' })
  })
})
