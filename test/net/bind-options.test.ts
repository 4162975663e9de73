import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readBinds } from '../../src/net/bind-options.js'

const addressesOf = (value: unknown) => readBinds(value, 'bind').map(({ address }) => address)

describe('the bind option', () => {
  test('takes a port, an address, options, and lists of them', () => {
    assert.deepEqual(addressesOf(8080), [{ host: '*', port: 8080 }])
    assert.deepEqual(addressesOf('[::1]:80'), [{ host: '::1', port: 80 }])
    assert.deepEqual(addressesOf({ address: 'unix:/run/a' }), [{ path: '/run/a' }])
    assert.deepEqual(addressesOf([1, '*:2', { address: 3 }]), [
      { host: '*', port: 1 },
      { host: '*', port: 2 },
      { host: '*', port: 3 },
    ])
  })

  test('takes a range of ports as that many binds with the same options', () => {
    assert.deepEqual(readBinds({ address: '[::1]:8000-8002', backlog: 7 }, 'bind'), [
      { address: { host: '::1', port: 8000 }, backlog: 7, acceptProxy: undefined, tls: undefined },
      { address: { host: '::1', port: 8001 }, backlog: 7, acceptProxy: undefined, tls: undefined },
      { address: { host: '::1', port: 8002 }, backlog: 7, acceptProxy: undefined, tls: undefined },
    ])
    assert.deepEqual(addressesOf(':80-81'), [
      { host: '*', port: 80 },
      { host: '*', port: 81 },
    ])
    assert.deepEqual(addressesOf('*:80-80'), [{ host: '*', port: 80 }])
    // The path of a Unix socket may look like one.
    assert.deepEqual(addressesOf('unix:/run/a:1-2'), [{ path: '/run/a:1-2' }])
  })

  const refused: readonly (readonly [value: unknown, path: string])[] = [
    [[], 'bind'],
    ['*:81-80', 'bind'],
    ['*:0-80', 'bind'],
    ['*:80-65536', 'bind'],
    ['*:80-', 'bind'],
    ['*:1-2-3', 'bind'],
    ['80-81', 'bind'],
    [null, 'bind'],
    [{}, 'bind.address'],
    [[80, { address: 'x' }], 'bind[1].address'],
    [{ address: 80, backlog: 0 }, 'bind.backlog'],
    [{ address: 80, nonsense: 1 }, 'bind.nonsense'],
  ]
  for (const [value, path] of refused) {
    test(`refuses ${JSON.stringify(value)} at ${path}`, () => {
      assert.throws(() => readBinds(value, 'bind'), { code: 'ERR_EVENKEEL_OPTION', path })
    })
  }
})
