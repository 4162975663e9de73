import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { OptionError, TlsContext, type TlsOptions } from '../../src/index.js'
import { selfSigned } from '../support/certificate.js'

const own = selfSigned('a.test')
const other = selfSigned('b.test')

/** Bad options, and where the error says that they stand. */
const bad: readonly (readonly [options: object, path: string])[] = [
  [{ certificates: undefined }, 'tls.certificates'],
  [{ certificates: [] }, 'tls.certificates'],
  [{ certificates: '/etc/ssl/site.pem' }, 'tls.certificates'],
  [{ certificates: own.cert }, 'tls.certificates.key'],
  [{ certificates: [own, { ...own, key: other.key }] }, 'tls.certificates[1]'],
  [{ certificates: { ...own, names: ['*'] } }, 'tls.certificates.names'],
  [{ certificates: { ...own, ocspResponse: 'x' } }, 'tls.certificates.ocspResponse'],
  [
    { certificates: { ...own, cert: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' } },
    'tls.certificates',
  ],
  [{ minVersion: 'SSLv3' }, 'tls.minVersion'],
  [{ minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' }, 'tls.minVersion'],
  [{ ciphers: 'nonsense' }, 'tls.ciphers'],
  [{ alpn: 'h2' }, 'tls.alpn'],
  [{ alpn: [''] }, 'tls.alpn'],
  [{ clientCertificate: true }, 'tls.clientCertificate'],
  [{ nonsense: 1 }, 'tls.nonsense'],
]

describe('the options of TLS', () => {
  for (const [options, path] of bad) {
    test(`refuse ${inspect(Object.keys(options)[0])} at ${path}, and show no key`, () => {
      assert.throws(
        () => new TlsContext({ certificates: own, ...options } as TlsOptions),
        (error: unknown) => {
          assert.ok(error instanceof OptionError)
          assert.equal(error.path, path)
          assert.doesNotMatch(inspect(error, { depth: 9 }), /PRIVATE KEY-----/)
          return true
        },
      )
    })
  }

  test('name one older version alone by maxVersion', () => {
    assert.doesNotThrow(
      () => new TlsContext({ certificates: own, maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    )
  })
})
