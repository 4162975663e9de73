import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { query } from '../../src/rules/samples.js'
import { tcpView, view } from './views.js'

const is = (name: string, value: string, target: string) => query(name).is(value)(view({ target }))

describe('query', () => {
  test('finds a parameter by its whole name, case and all', () => {
    assert.equal(is('a', '1', '/?a=1'), true)
    assert.equal(is('a', '1', '/?b=2&a=1'), true)
    assert.equal(is('a', '1', '/?xa=1'), false)
    assert.equal(is('a', '1', '/?A=1'), false)
    assert.equal(is('a', '1', '/?ab=1&b=a=1'), false)
    assert.equal(is('a', '1', '/a=1'), false)
  })

  test('tries every parameter of the name, so that a second one hides nothing', () => {
    assert.equal(is('a', '2', '/?a=1&a=2'), true)
    assert.equal(is('a', '1', '/?a=1&a=2'), true)
    assert.equal(is('a', '3', '/?a=1&a=2'), false)
  })

  test('takes the value as received, to the next separator', () => {
    assert.equal(is('a', '%31', '/?a=%31'), true)
    assert.equal(is('a', '1', '/?a=%31'), false)
    assert.equal(is('a', '1=2', '/?a=1=2'), true)
    assert.equal(is('a', 'x+y', '/?a=x+y&b'), true)
  })

  test('separates at &, ; and ? as HAProxy does', () => {
    for (const target of ['/?b=1&a=2', '/?b=1;a=2', '/?b=1?a=2', '/??a=2', '/?a=2?b', '/?a=2;b', '/?&a=2&']) {
      assert.equal(is('a', '2', target), true, target)
    }
  })

  test('needs the = sign: a bare name is no parameter, an empty value is one', () => {
    assert.equal(query('a').exists()(view({ target: '/?a' })), false)
    assert.equal(query('a').exists()(view({ target: '/?a=' })), true)
    assert.equal(is('a', '', '/?a='), true)
    assert.equal(is('a', '2', '/?a&a=2'), true)
  })

  test('has the other matchers too', () => {
    const request = view({ target: '/?file=Report.PDF' })
    assert.equal(query('file').startsWith('Rep')(request), true)
    assert.equal(query('file').ignoreCase.endsWith('.pdf')(request), true)
    assert.equal(query('file').contains('port.')(request), true)
    assert.equal(query('file').matches(/\.PDF$/)(request), true)
  })

  test('is missing without a query, and in TCP mode', () => {
    for (const request of [view(), view({ target: '/?' }), tcpView()]) {
      assert.equal(query('a').exists()(request), false)
      assert.equal(query('a').matches(/(?:)/)(request), false)
    }
  })

  test('finds what splitting the query would find', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'ab', '=', '&', ';', '?', 'a=', '&a='), { maxLength: 14 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, (text) => {
        const values = text
          .split(/[&;?]/)
          .filter((part) => part.startsWith('a='))
          .map((part) => part.slice(2))
        const request = view({ target: `/?${text}` })
        assert.equal(query('a').exists()(request), values.length > 0)
        for (const value of [...values, 'b', ''])
          assert.equal(query('a').is(value)(request), values.includes(value), text)
      }),
      { seed: 29, numRuns: 1000 },
    )
  })
})
