import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { ConnectionOptions } from 'node:tls'
import { TlsContext, type TlsOptions, type TlsView, tls } from '../src/index.js'
import { Authority } from './support/authority.js'
import { selfSigned } from './support/certificate.js'
import { skipWithout } from './support/programs.js'
import { RawOrigin } from './support/raw-origin.js'
import { refusal, TlsVisitor } from './support/tls-handshake.js'
import { get, ok, Trial } from './support/trial.js'
import { until } from './support/within.js'

const skip = skipWithout('openssl')
const own = selfSigned('a.test')

/** A proxy that asks clients for certificates, and what it saw of each exchange's TLS. */
async function stage(t: TestContext, options: Partial<TlsOptions> | TlsContext) {
  const origin = await RawOrigin.listen(t)
  origin.answerAll(() => ok())
  const seen: (TlsView | undefined)[] = []
  const look = ({ tls: view }: { readonly tls?: TlsView | undefined }): boolean => {
    seen.push(view)
    return false
  }
  const context = options instanceof TlsContext ? options : { certificates: own, ...options }
  const trial = await Trial.start(t, {
    frontends: {
      main: {
        bind: { address: '127.0.0.1:0', tls: context },
        routes: [
          { backend: 'app', when: look },
          { backend: 'named', when: tls.clientCertificate.commonName.is('alice') },
        ],
        defaultBackend: 'app',
      },
    },
    backends: { app: { servers: { a: origin.address } }, named: { servers: { a: origin.address } } },
  })
  const { counters } = trial.proxy.frontend('main')
  const ask = async (client: ConnectionOptions): Promise<TlsView | undefined> => {
    const visitor = await TlsVisitor.connect(t, trial.port(), client)
    assert.equal((await visitor.ask(get('/'))).status, 200)
    return seen.at(-1)
  }
  return { trial, counters, ask, refused: (client: ConnectionOptions) => refusal(t, trial.port(), client) }
}

describe('clients’ certificates', { skip }, () => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`are asked for, and held against authority, time and list of revoked ones, with ${maxVersion}`, async (t) => {
      const authority = await Authority.make(t)
      const stranger = await (await Authority.make(t, 'stranger')).issue('alice')
      const good = await authority.issue('alice')
      const expired = await authority.issue('old', { isExpired: true })
      const revoked = await authority.issue('mallory')
      const crl = await authority.revoke(revoked)
      for (const clientCertificate of ['optional', 'required'] as const) {
        const { ask, refused, counters } = await stage(t, { clientCertificate, ca: authority.cert, crl })
        assert.equal((await ask({ ...good, maxVersion, servername: 'a.test' }))?.clientCertificate?.commonName, 'alice')
        assert.equal((await ask({ ...good, maxVersion }))?.clientCertificate?.commonName, 'alice')
        let refusals = 0
        for (const [name, bad] of Object.entries({ stranger, expired, revoked, alone: selfSigned('alice') })) {
          // By name or without: Node holds it against what belongs to the certificate that it shows.
          for (const by of [{}, { servername: 'a.test' }]) {
            await refused({ ...bad, maxVersion, ...by })
            refusals++
            await until(() => counters.failedHandshakes === refusals, `${name} was not counted as refused`)
          }
        }
        if (clientCertificate === 'optional') {
          assert.equal((await ask({ maxVersion }))?.clientCertificate, undefined)
        } else {
          assert.match(await refused({ maxVersion }), /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/)
          assert.equal(counters.failedHandshakes, refusals + 1)
        }
      }
    })

    test(`stay known when a session of ${maxVersion} is taken up again, and not when they were revoked`, async (t) => {
      const authority = await Authority.make(t)
      const alice = await authority.issue('alice')
      const context = new TlsContext({ certificates: own, clientCertificate: 'required', ca: authority.cert })
      const { trial, ask, refused } = await stage(t, context)
      const visitor = await TlsVisitor.connect(t, trial.port(), { ...alice, maxVersion })
      const session = await visitor.session(get('/'))
      const again = await ask({ maxVersion, session })
      assert.deepEqual([again?.isResumed, again?.clientCertificate?.commonName], [true, 'alice'])
      assert.equal(again?.clientCertificate?.isVerified, true)
      context.update({ crl: await authority.revoke(alice) })
      await refused({ ...alice, maxVersion, session })
      // Who is in already stays so.
      assert.equal((await visitor.ask(get('/'))).status, 200)
    })
  }

  test('are not asked for without need', async (t) => {
    const authority = await Authority.make(t)
    const alice = await authority.issue('alice')
    const { ask } = await stage(t, {})
    assert.equal((await ask(alice))?.clientCertificate, undefined)
  })

  test('lead to routes, and tell all that there is to know, in HAProxy’s words', async (t) => {
    const authority = await Authority.make(t)
    const subject = '/C=FR/O=Smith, "J"/CN=alice'
    const alice = await authority.issue('alice', { subject: '/C=FR/O=Smith, \\"J\\"/CN=alice' })
    const { ask, trial } = await stage(t, { clientCertificate: 'required', ca: authority.cert })
    const view = await ask({ ...alice, servername: 'A.test', ALPNProtocols: ['http/1.1'], maxVersion: 'TLSv1.3' })
    assert.equal((await trial.record()).backend, 'named')
    const { X509Certificate } = await import('node:crypto')
    const x509 = new X509Certificate(alice.cert)
    assert.deepEqual(JSON.parse(JSON.stringify(view)), {
      version: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
      alpn: 'http/1.1',
      sni: 'a.test',
      isResumed: false,
      clientCertificate: {
        subject,
        commonName: 'alice',
        issuer: '/O=Test/CN=authority',
        serial: x509.serialNumber,
        fingerprint: x509.fingerprint.replaceAll(':', '').toLowerCase(),
        fingerprint256: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
        isVerified: true,
      },
    })
  })
})

describe('the options of clients’ certificates', () => {
  const refuses = (options: object, path: string): void => {
    assert.throws(() => new TlsContext({ certificates: own, ...options }), { code: 'ERR_EVENKEEL_OPTION', path })
  }

  test('are refused where they don’t fit together', () => {
    refuses({ clientCertificate: 'required' }, 'tls.ca')
    refuses({ ca: own.cert }, 'tls.ca')
    refuses({ clientCertificate: 'optional', ca: 'ca.pem' }, 'tls.ca')
    refuses({ clientCertificate: 'optional', ca: own.cert, crl: own.cert }, 'tls.crl')
  })
})
