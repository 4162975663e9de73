import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RequestView } from '../../src/core/exchange-view.js'
import { RawRequestHead } from '../../src/core/message/raw-head.js'

function viewOf(target: string, fields: readonly string[] = ['Host', 'a.test'], method = 'GET'): RequestView {
  return new RequestView(new RawRequestHead(method, target, 1, fields), { address: '192.0.2.7', port: 1 }, false)
}

/** The parts of a target: path, query. */
function parts(target: string, method?: string): [string, string] {
  const view = viewOf(target, undefined, method)
  // In this order and the other: each must work out both.
  assert.equal(viewOf(target, undefined, method).query, view.query)
  return [view.path, view.query]
}

describe('RequestView', () => {
  test('splits a target at its first question mark, and decodes nothing', () => {
    assert.deepEqual(parts('/x?y=1'), ['/x', 'y=1'])
    assert.deepEqual(parts('/x'), ['/x', ''])
    assert.deepEqual(parts('/x?'), ['/x', ''])
    assert.deepEqual(parts('/a%2Fb/../c?x=/d?e&f'), ['/a%2Fb/../c', 'x=/d?e&f'])
    assert.deepEqual(parts('//double//slash'), ['//double//slash', ''])
    assert.deepEqual(parts('/http://b.test/x'), ['/http://b.test/x', ''])
  })

  test('leaves scheme and authority of an absolute target out of the path', () => {
    assert.deepEqual(parts('http://b.test/x/y?z'), ['/x/y', 'z'])
    assert.deepEqual(parts('HTTPS://b.test:8443/x'), ['/x', ''])
    assert.deepEqual(parts('http://b.test'), ['/', ''])
    assert.deepEqual(parts('http://b.test?z=1'), ['/', 'z=1'])
  })

  test('has no path and no query where the target is * or the authority of CONNECT', () => {
    assert.deepEqual(parts('*', 'OPTIONS'), ['', ''])
    assert.deepEqual(parts('b.test:443', 'CONNECT'), ['', ''])
    assert.deepEqual(parts('[::1]:443', 'CONNECT'), ['', ''])
  })

  test('gives the host in lower case and without port', () => {
    const cases: [string, string][] = [
      ['A.Test', 'a.test'],
      ['a.test:8080', 'a.test'],
      ['a.test:', 'a.test'],
      ['192.0.2.1:80', '192.0.2.1'],
      ['[2001:DB8::1]', '[2001:db8::1]'],
      ['[2001:DB8::1]:8080', '[2001:db8::1]'],
      ['', ''],
      [':80', ''],
    ]
    for (const [field, host] of cases) assert.equal(viewOf('/', ['Host', field]).host, host, field)
  })

  test('has an empty host when there is no Host field', () => {
    assert.equal(viewOf('/', []).host, '')
    assert.equal(viewOf('*', [], 'OPTIONS').host, '')
  })

  test('believes an absolute target and CONNECT’s authority before the Host field', () => {
    assert.equal(viewOf('http://B.test:81/x', ['Host', 'a.test']).host, 'b.test')
    assert.equal(viewOf('http://[::1]:81/x', ['Host', 'a.test']).host, '[::1]')
    assert.equal(viewOf('http://user:p@ss@b.test/x').host, 'b.test')
    assert.equal(viewOf('http://b.test?@a.test').host, 'b.test')
    assert.equal(viewOf('http://b.test/@a.test').host, 'b.test')
    assert.equal(viewOf('B.test:443', ['Host', 'a.test'], 'CONNECT').host, 'b.test')
    assert.equal(viewOf('[::1]:443', [], 'CONNECT').host, '[::1]')
    assert.equal(viewOf('*', ['Host', 'a.test'], 'OPTIONS').host, 'a.test')
  })

  test('finds fields by name in any case, the first or all in order', () => {
    const view = viewOf('/', ['Host', 'a.test', 'X-Tag', 'one', 'x-tag', 'two', 'X-TAG', ''])
    assert.equal(view.header('x-TAG'), 'one')
    assert.deepEqual(view.headers('X-Tag'), ['one', 'two', ''])
    assert.equal(view.header('x-other'), undefined)
    assert.deepEqual(view.headers('x-other'), [])
  })

  test('has everything of HTTP empty in TCP mode', () => {
    const view = new RequestView(undefined, { address: '', port: 0 }, true)
    assert.deepEqual([view.method, view.target, view.path, view.query, view.host], ['', '', '', '', ''])
    assert.equal(view.header('host'), undefined)
    assert.deepEqual(view.headers('host'), [])
    assert.equal(view.secure, true)
  })
})
