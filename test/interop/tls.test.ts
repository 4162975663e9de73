import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { TlsOptions } from '../../src/index.js'
import { Authority } from '../support/authority.js'
import { run } from '../support/command.js'
import { Haproxy } from '../support/haproxy.js'
import { skipWithout } from '../support/programs.js'
import { RawOrigin } from '../support/raw-origin.js'
import { TlsVisitor } from '../support/tls-handshake.js'
import { ok, Trial } from '../support/trial.js'

const timeout = 60_000

/** A proxy with two certificates of an authority, and the port at which it speaks TLS. */
async function secureProxy(t: TestContext, options: Partial<TlsOptions> = {}) {
  const authority = await Authority.make(t)
  const a = await authority.issue('a', { names: ['a.test', '*.wild.test'] })
  const b = await authority.issue('b', { names: ['b.test', 'deep.wild.test'] })
  const origin = await RawOrigin.listen(t)
  origin.answerAll(() => ok('from the server'))
  const trial = await Trial.start(t, {
    frontends: {
      main: {
        bind: { address: '127.0.0.1:0', tls: { certificates: [a, b].map(pemOf), ...options } },
        defaultBackend: 'app',
      },
    },
    backends: { app: { servers: { s: origin.address } } },
  })
  return { authority, a, b, trial, port: trial.port() }
}

function pemOf({ cert, key }: { readonly cert: string; readonly key: string }): string {
  return cert + key
}

describe('openssl s_client', { skip: skipWithout('openssl') }, () => {
  for (const version of ['1_2', '1_3']) {
    test(`verifies the certificate that it asks for, by TLS ${version}`, { timeout }, async (t) => {
      const { authority, port } = await secureProxy(t)
      const to = ['-connect', `127.0.0.1:${port}`, '-servername', 'b.test', '-verify_hostname', 'b.test']
      const { stdout } = await run('openssl', [
        's_client',
        ...to,
        `-tls${version}`,
        '-CAfile',
        authority.file,
        '-alpn',
        'http/1.1',
      ])
      assert.match(stdout, /subject=CN = b\n/)
      assert.match(stdout, /Verify return code: 0 \(ok\)/)
      assert.match(stdout, /ALPN protocol: http\/1\.1/)
      assert.match(stdout, new RegExp(`New, TLSv1\\.${version.at(-1)}`))
    })
  }

  test('takes up its session again, each time', { timeout }, async (t) => {
    const { port } = await secureProxy(t)
    const { stdout } = await run('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_2', '-reconnect'])
    assert.equal(stdout.match(/^New, /gm)?.length, 1)
    assert.equal(stdout.match(/^Reused, TLSv1\.2/gm)?.length, 5)
  })

  test('takes up a session of TLS 1.3 that it kept in a file', { timeout }, async (t) => {
    const { port, authority } = await secureProxy(t)
    const file = join(authority.folder, 'session')
    const to = ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_3', '-ign_eof']
    const request = 'GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'
    assert.match((await run('openssl', [...to, '-sess_out', file], request)).stdout, /^New, TLSv1\.3/m)
    const { stdout } = await run('openssl', [...to, '-sess_in', file], request)
    assert.match(stdout, /^Reused, TLSv1\.3/m)
    assert.match(stdout, /from the server/)
  })

  test('gets a staple that it verifies', { timeout }, async (t) => {
    const { authority, a, b } = await secureProxy(t)
    const stapled = await secureProxyWith(t, [
      { cert: a.cert, key: a.key, ocspResponse: await authority.ocspResponse(a) },
      pemOf(b),
    ])
    const to = ['s_client', '-connect', `127.0.0.1:${stapled}`, '-CAfile', authority.file, '-status']
    assert.match((await run('openssl', [...to, '-servername', 'a.test'])).stdout, /Cert Status: good/)
    assert.match((await run('openssl', [...to, '-servername', 'b.test'])).stdout, /OCSP response: no response sent/)
  })
})

/** The port of a proxy that shows these certificates and serves nothing. */
async function secureProxyWith(t: TestContext, certificates: TlsOptions['certificates']): Promise<number> {
  const trial = await Trial.start(t, {
    frontends: { main: { bind: { address: '127.0.0.1:0', tls: { certificates } } } },
  })
  return trial.port()
}

describe('curl', { skip: skipWithout('openssl', 'curl') }, () => {
  for (const [option, version] of [
    ['--http1.1', '1.1'],
    ['--http2', '2'],
  ] as const) {
    test(`gets what it asks for over a verified connection, ${option}`, { timeout }, async (t) => {
      const { authority, port } = await secureProxy(t)
      const names = ['--cacert', authority.file, '--resolve', `b.test:${port}:127.0.0.1`]
      const { stdout, stderr } = await run('curl', [
        '-sS',
        option,
        ...names,
        '-w',
        ' %{http_version}',
        `https://b.test:${port}/`,
      ])
      assert.equal(stdout, `from the server ${version}`, stderr)
    })
  }
})

describe('HAProxy', { skip: skipWithout('openssl', 'haproxy') }, () => {
  const names = [
    'a.test',
    'A.test',
    'b.test',
    'x.wild.test',
    'deep.wild.test',
    'y.x.wild.test',
    'wild.test',
    'a',
    'none.test',
    undefined,
  ]

  for (const strictSni of [false, true]) {
    test(`shows the same certificates${strictSni ? ' with strict-sni' : ''}`, { timeout }, async (t) => {
      const { a, b, port } = await secureProxy(t, { strictSni })
      const haproxy = await Haproxy.start(
        t,
        (own) => `
defaults
  mode http
  timeout client 5s
  timeout connect 5s
  timeout server 5s
frontend f
  bind 127.0.0.1:${own} ssl crt ${a.file} crt ${b.file}${strictSni ? ' strict-sni' : ''}
  http-request return status 200
`,
      )
      const shownAt = async (at: number, servername: string | undefined): Promise<string> => {
        const asking = servername === undefined ? {} : { servername }
        return TlsVisitor.connect(t, at, asking).then(
          (visitor) => visitor.certificate,
          () => 'refused',
        )
      }
      for (const name of names) {
        const [theirs, ours] = [await shownAt(haproxy.port, name), await shownAt(port, name)]
        assert.equal(ours, theirs, String(name))
      }
    })
  }
})
