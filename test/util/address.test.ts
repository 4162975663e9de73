import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatAddress, readAddress, readBind } from '../../src/util/address.js'

function refuses(read: (value: unknown, path: string) => unknown, value: unknown): void {
  assert.throws(
    () => read(value, 'servers.a.address'),
    { code: 'ERR_EVENKEEL_OPTION', path: 'servers.a.address', value },
    String(value),
  )
}

describe('readAddress', () => {
  test('reads hosts, IPv4, IPv6 in brackets and Unix sockets', () => {
    assert.deepEqual(readAddress('app.internal:8080', 'a'), { host: 'app.internal', port: 8080 })
    assert.deepEqual(readAddress('127.0.0.1:1', 'a'), { host: '127.0.0.1', port: 1 })
    assert.deepEqual(readAddress('[::1]:65535', 'a'), { host: '::1', port: 65535 })
    assert.deepEqual(readAddress('[fe80::1%eth0]:80', 'a'), { host: 'fe80::1%eth0', port: 80 })
    assert.deepEqual(readAddress('unix:/run/app.sock', 'a'), { path: '/run/app.sock' })
  })

  test('refuses what has no port, no host, or is none of these', () => {
    for (const value of [
      'app',
      'app:',
      ':80',
      '*:80',
      'app:0',
      'app:65536',
      'app:1e3',
      'app:-1',
      'app:80/',
      'http://app:80',
      '::1:80',
      '[::1]',
      '[:::]:80',
      '[app]:80',
      '[127.0.0.1%]:80',
      ' app:80',
      'app:80 ',
      'unix:',
      '',
      80,
      null,
      undefined,
      {},
    ]) {
      refuses(readAddress, value)
    }
  })
})

describe('readBind', () => {
  test('reads a port alone, any interface, and addresses; port 0 means any free one', () => {
    assert.deepEqual(readBind(8080, 'b'), { host: '*', port: 8080 })
    assert.deepEqual(readBind(0, 'b'), { host: '*', port: 0 })
    assert.deepEqual(readBind('*:80', 'b'), { host: '*', port: 80 })
    assert.deepEqual(readBind(':80', 'b'), { host: '*', port: 80 })
    assert.deepEqual(readBind('127.0.0.1:0', 'b'), { host: '127.0.0.1', port: 0 })
    assert.deepEqual(readBind('[::]:443', 'b'), { host: '::', port: 443 })
    assert.deepEqual(readBind('unix:/tmp/s', 'b'), { path: '/tmp/s' })
  })

  test('refuses ports out of range and anything else', () => {
    for (const value of [-1, 65536, 80.5, Number.NaN, '80', 'a.test', '*:65536', true, null, undefined, []])
      refuses(readBind, value)
  })
})

test('formatAddress writes what readAddress reads', () => {
  const address = fc.oneof(
    fc.record({ host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()), port: fc.integer({ min: 1, max: 65535 }) }),
    fc.record({ path: fc.string({ minLength: 1 }) }),
  )
  fc.assert(
    fc.property(address, (address) => {
      assert.deepEqual({ ...readAddress(formatAddress(address), 'a') }, { ...address })
    }),
    { seed: 5 },
  )
})
