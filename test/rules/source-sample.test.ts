import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { source } from '../../src/rules/samples.js'
import { tcpView, view } from './views.js'

describe('source', () => {
  test('in is true for addresses within one of the ranges', () => {
    const condition = source.in('10.0.0.0/8', '192.0.2.7', '2001:db8::/32')
    for (const address of ['10.1.2.3', '192.0.2.7', '2001:db8::5', '::ffff:10.1.2.3']) {
      assert.equal(condition(view({ source: address })), true, address)
    }
    for (const address of ['11.0.0.1', '192.0.2.8', '2001:db9::', '']) {
      assert.equal(condition(view({ source: address })), false, address)
    }
  })

  test('works in TCP mode', () => {
    assert.equal(source.in('10.0.0.0/8')(tcpView('10.0.0.1')), true)
  })

  test('is takes single addresses however they are written', () => {
    for (const condition of [
      source.is('2001:DB8:0::1', '::ffff:192.0.2.7'),
      source.ignoreCase.is('2001:db8:0::1', '::ffff:192.0.2.7'),
    ]) {
      assert.equal(condition(view({ source: '2001:db8::1' })), true)
      assert.equal(condition(view({ source: '192.0.2.7' })), true)
      assert.equal(condition(view({ source: '192.0.2.8' })), false)
    }
  })

  test('is text to the other matchers', () => {
    assert.equal(source.startsWith('192.0.')(view()), true)
    assert.equal(source.startsWith('2001:DB8:')(view({ source: '2001:db8::1' })), true)
    assert.equal(source.matches(/\.7$/)(view()), true)
  })

  test('is missing for clients of a Unix socket', () => {
    assert.equal(source.exists()(view({ source: '' })), false)
    assert.equal(source.exists()(view()), true)
    assert.equal(source.in('0.0.0.0/0', '::/0')(view({ source: '' })), false)
  })

  test('refuses what is no range, or no address, by its place', () => {
    for (const value of ['10.0.0.0/33', 'a.test', '', 5, ['10.0.0.0/8']]) {
      const wrong = value as string
      assert.throws(() => source.in('10.0.0.0/8', wrong), {
        code: 'ERR_EVENKEEL_OPTION',
        path: 'source.in(arguments[1])',
        value,
      })
      assert.throws(() => source.is(wrong), { code: 'ERR_EVENKEEL_OPTION', path: 'source.is(arguments[0])', value })
    }
    assert.throws(() => source.is('10.0.0.0/8'), { path: 'source.is(arguments[0])', message: /source\.in/ })
    assert.throws(() => source.in(), { code: 'ERR_EVENKEEL_OPTION', path: 'source.in(arguments)' })
  })
})
