import assert from 'node:assert/strict'
import { test } from 'node:test'
import { binaryHeader, textHeader } from '../../../src/net/proxy-protocol/write-header.js'
import { binary, inetBlock } from './headers.js'

const ends = { source: { address: '192.0.2.7', port: 56324 }, destination: { address: '198.51.100.1', port: 443 } }
const ipv6 = { address: '2001:db8::1', port: 1 }
const unix = { address: '', port: 0 }

test('version 1 is a line with both ends', () => {
  assert.equal(textHeader(ends).toString(), 'PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n')
  const both = { source: ipv6, destination: { address: '::1', port: 2 } }
  assert.equal(textHeader(both).toString(), 'PROXY TCP6 2001:db8::1 ::1 1 2\r\n')
  const linkLocal = { source: { address: 'fe80::1%eth0', port: 1 }, destination: { address: 'fe80::2%eth0', port: 2 } }
  assert.equal(textHeader(linkLocal).toString(), 'PROXY TCP6 fe80::1 fe80::2 1 2\r\n')
  assert.equal(binaryHeader(linkLocal).length, 52)
})

test('version 1 names nobody where there are no two addresses of one family', () => {
  for (const destination of [unix, ipv6]) {
    assert.equal(textHeader({ ...ends, destination }).toString(), 'PROXY UNKNOWN\r\n')
  }
  assert.equal(textHeader({ ...ends, source: unix }).toString(), 'PROXY UNKNOWN\r\n')
  assert.equal(textHeader(undefined).toString(), 'PROXY UNKNOWN\r\n')
})

test('version 2 is LOCAL where there are no two addresses, and maps an IPv4 end beside an IPv6 one', () => {
  assert.deepEqual(binaryHeader(ends), binary(0x21, 0x11, inetBlock))
  assert.deepEqual(binaryHeader(undefined), binary(0x20, 0))
  assert.deepEqual(binaryHeader({ ...ends, source: unix }), binary(0x20, 0))
  const mixed = binaryHeader({ source: ends.source, destination: ipv6 })
  const block = '00000000000000000000ffffc0000207' + '20010db8000000000000000000000001' + 'dc040001'
  assert.deepEqual(mixed, binary(0x21, 0x21, Buffer.from(block, 'hex')))
})

test('version 2 has the values that HAProxy 2.6 sent, in its order', () => {
  const header = binaryHeader(
    { source: { address: '127.0.0.1', port: 48110 }, destination: { address: '127.0.0.1', port: 18104 } },
    {
      alpn: 'http/1.1',
      authority: 'foo.test',
      uniqueId: Buffer.alloc(0),
      tls: {
        isUsed: true,
        hasCertificate: true,
        hasSessionCertificate: true,
        isVerified: true,
        version: 'TLSv1.3',
        commonName: 'client one',
        keyAlgorithm: 'RSA2048',
        signatureAlgorithm: 'RSA-SHA256',
        cipher: 'TLS_AES_256_GCM_SHA384',
      },
    },
    true,
  )
  const recorded =
    '0d0a0d0a000d0a515549540a2111007b7f0000017f000001bbee46b8030004799cf841010008687474702f312e31020008666f6f2e74657374' +
    '05000020004c0700000000210007544c5376312e3322000a636c69656e74206f6e65250007525341323034382400' +
    '0a5253412d534841323536230016544c535f4145535f3235365f47434d5f534841333834'
  assert.equal(header.toString('hex'), recorded)
  assert.equal(binaryHeader(undefined, {}, true).toString('hex'), '0d0a0d0a000d0a515549540a20000007030004a9b87e8f')
})
