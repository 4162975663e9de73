import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dynamicCookie } from '../../src/persistence/dynamic-cookie.js'
import { readAddress } from '../../src/util/address.js'

/** What HAProxy 2.6.12 shows as the cookies of such servers with `dynamic-cookie-key s3cr3t`. */
const values: Readonly<Record<string, string>> = {
  '127.0.0.1:5001': '217be7600d901797',
  '192.0.2.255:80': 'cd86902f504a7369',
  '[2001:db8::1]:65535': 'e9a7797e6b1622b7',
  '[::1]:5001': 'efd11e168dbcfcdf',
  '[::ffff:192.0.2.1]:80': 'c7a40f80fc0b4b96',
}

for (const [address, value] of Object.entries(values)) {
  test(`the dynamic cookie of ${address} is HAProxy’s`, () => {
    assert.equal(dynamicCookie('s3cr3t', readAddress(address, 'address')), value)
  })
}

test('secrets, and addresses that are no IP addresses, make cookies of their own', () => {
  const addresses = [...Object.keys(values), 'localhost:5001', 'localhost:5002', 'unix:/run/app.sock']
  const cookies = ['s3cr3t', 'other'].flatMap((key) =>
    addresses.map((address) => dynamicCookie(key, readAddress(address, 'address'))),
  )
  assert.equal(new Set(cookies).size, 2 * addresses.length)
  for (const cookie of cookies) assert.match(cookie, /^[0-9a-f]{16}$/)
})
