import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readSample, type Sample } from '../../src/rules/sample.js'
import { header, host, method, path, query, source } from '../../src/rules/samples.js'
import { tcpView, view } from './views.js'

describe('the value of a sample', () => {
  const exchange = view({
    target: '/a/b?user=u1&id=7;user=u2',
    fields: ['Host', 'A.test:80', 'X-User', 'a, "b,c"', 'X-User', 'd, e'],
  })
  const cases: readonly [Sample, unknown][] = [
    [path, '/a/b'],
    [host, 'a.test'],
    [method, 'GET'],
    [query('user'), 'u1'],
    [query('id'), '7'],
    [query('nobody'), undefined],
    [header('x-user'), 'e'],
    [header('X-User').whole, 'd, e'],
    [header('x-nothing'), undefined],
    [({ target }) => target.length, 25],
  ]
  for (const [sample, value] of cases) {
    test(`is ${value}`, () => assert.equal(readSample(sample, 'on')(exchange), value))
  }

  test('is none where the exchange has no such part', () => {
    for (const sample of [path, host, method, query('a'), header('a')])
      assert.equal(readSample(sample, 'on')(tcpView()), undefined)
    assert.equal(readSample(source, 'on')(tcpView()), tcpView().source.address)
  })

  test('is refused of what is no sample', () => {
    for (const bad of [undefined, null, 'source', {}, { value: 'x' }]) {
      assert.throws(() => readSample(bad, 'stick[0].on'), { code: 'ERR_EVENKEEL_OPTION', path: 'stick[0].on' })
    }
  })
})
