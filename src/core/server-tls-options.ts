import { createPrivateKey, X509Certificate } from 'node:crypto'
import { OptionError } from '../util/errors.js'
import { OptionReader } from '../util/options.js'
import { type Pem, readPem, readPems } from '../util/pem.js'
import {
  readProtocols,
  readTlsVersions,
  type TlsVersionOptions,
  type TlsVersionSettings,
} from '../util/tls-versions.js'

/** How a server is spoken to over TLS. HAProxy: `ssl` and its keywords on a `server` line. */
export interface ServerTlsOptions extends TlsVersionOptions {
  /**
   * Whether the server's certificate must be good: signed by an authority that is known, in its time, and for the name
   * that is asked for. Default true. HAProxy: `verify`.
   */
  readonly verify?: boolean
  /** The authorities of the server's certificate. Default: those that Node knows. HAProxy: `ca-file`. */
  readonly ca?: Pem | readonly Pem[]
  /** Lists of certificates that were revoked, one for each authority. HAProxy: `crl-file`. */
  readonly crl?: Pem | readonly Pem[]
  /** The host name that the server is asked for (SNI). Default: that of its address, if it is a name. HAProxy: `sni`. */
  readonly sni?: string
  /** The name or IP address that its certificate must be for. Default: `sni`, else the address's host. HAProxy: `verifyhost`. */
  readonly verifyHost?: string
  /** Protocols to agree on by ALPN, the preferred first. Default: those of the transport. HAProxy: `alpn`. */
  readonly alpn?: readonly string[]
  /** The certificate that the server is shown, in PEM, with its chain. The key may stand here too. HAProxy: `crt`. */
  readonly cert?: Pem
  /** The key of that certificate. Default: the one that stands in `cert`. */
  readonly key?: Pem
  /** What opens an encrypted key. */
  readonly passphrase?: string
  /** Takes up sessions again, which spares most of a handshake. Default true. HAProxy: `no-ssl-reuse`. */
  readonly sessionReuse?: boolean
}

/** The same, read and complete. */
export interface ServerTlsSettings extends TlsVersionSettings {
  readonly verify: boolean
  readonly ca: readonly string[] | undefined
  readonly crl: readonly string[] | undefined
  readonly sni: string | undefined
  readonly verifyHost: string | undefined
  readonly alpn: readonly string[] | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
  readonly passphrase: string | undefined
  readonly sessionReuse: boolean
}

/** Reads the `tls` option of a server: `true` for all that is usual; `false` for none. */
export function readServerTls(value: unknown, path: string): ServerTlsSettings | undefined {
  if (value === false) return undefined
  const reader = new OptionReader(value === true ? {} : value, path)
  const cert = reader.read('cert', (pem, at) => readPem(pem, at, 'CERTIFICATE'))
  const key = reader.read('key', (pem, at) => readPem(pem, at, 'PRIVATE KEY'))
  if (key !== undefined && cert === undefined) throw new OptionError(reader.pathOf('key'), '…', 'nothing without cert')
  const settings: ServerTlsSettings = {
    ...readTlsVersions(reader),
    verify: reader.boolean('verify') ?? true,
    ca: reader.read('ca', (pems, at) => readPems(pems, at, 'CERTIFICATE')),
    crl: reader.read('crl', (pems, at) => readPems(pems, at, 'X509 CRL')),
    sni: reader.read('sni', readHostName),
    verifyHost: reader.string('verifyHost'),
    alpn: reader.read('alpn', readProtocols),
    cert,
    key: cert === undefined ? undefined : (key ?? readPem(cert, reader.pathOf('key'), 'PRIVATE KEY')),
    passphrase: reader.string('passphrase'),
    sessionReuse: reader.boolean('sessionReuse') ?? true,
  }
  reader.end()
  if (!settings.verify) refuseUnused(settings, reader)
  refuseUnreadable(settings, path)
  return settings
}

/** What only a verification would look at. */
function refuseUnused(settings: ServerTlsSettings, reader: OptionReader): void {
  for (const name of ['ca', 'crl', 'verifyHost'] as const) {
    if (settings[name] === undefined) continue
    throw new OptionError(reader.pathOf(name), '…', 'nothing beside verify: false')
  }
}

/** What is no certificate, and a key that is not the certificate's. */
function refuseUnreadable({ ca = [], cert, key, passphrase }: ServerTlsSettings, path: string): void {
  try {
    for (const authority of ca) new X509Certificate(authority)
    if (cert === undefined || key === undefined) return
    const privateKey = createPrivateKey(passphrase === undefined ? key : { key, passphrase })
    if (!new X509Certificate(cert).checkPrivateKey(privateKey)) throw new Error('the key is another certificate’s')
  } catch (error) {
    throw new OptionError(path, '…', `certificates and keys in PEM (${(error as Error).message})`)
  }
}

function readHostName(value: unknown, path: string): string {
  // SNI has no place for IP addresses (RFC 6066, 3).
  if (typeof value === 'string' && /^(?=.*[a-z])[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i.test(value)) return value
  throw new OptionError(path, value, 'a host name')
}
