import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { OptionError } from '../util/errors.js'
import { OptionReader } from '../util/options.js'
import { type Pem, readPem } from '../util/pem.js'

/** A certificate with its key. HAProxy: a file of `crt`, and its line in a `crt-list`. */
export interface CertificateOptions {
  /** The certificate, then those that lead to its authority. The key may stand here too, as in a file of HAProxy. */
  readonly cert: Pem
  /** The private key. Default: the one that stands in `cert`. */
  readonly key?: Pem
  /** What opens an encrypted key. */
  readonly passphrase?: string
  /** The names that it is for, such as `a.test` or `*.a.test`. Default: those that it bears. HAProxy: in `crt-list`. */
  readonly names?: readonly string[]
  /** What its authority says of its being valid, in DER, for clients that ask for it. HAProxy: the `.ocsp` file. */
  readonly ocspResponse?: Uint8Array
}

/** A certificate that can be chosen. */
export interface Certificate {
  readonly context: SecureContext
  /** What the context was made of. */
  readonly source: { readonly cert: string; readonly key: string; readonly passphrase?: string }
  /** In lower case. */
  readonly names: readonly string[]
  /** The certificate alone, in DER. */
  readonly der: Buffer
  readonly ocspResponse: Buffer | undefined
}

/** Certificates by the names that they are for. */
export class CertificateTable {
  /** The one for clients that name no host, or one that no certificate is for. */
  readonly first: Certificate
  readonly all: readonly Certificate[]
  readonly #byName = new Map<string, Certificate>()

  constructor(certificates: readonly [Certificate, ...Certificate[]]) {
    this.first = certificates[0]
    this.all = certificates
    for (const certificate of certificates) {
      for (const name of certificate.names) {
        if (!this.#byName.has(name)) this.#byName.set(name, certificate)
      }
    }
  }

  /** The certificate for a host: that of its name, else that of `*` in the place of its first label. */
  find(host: string): Certificate | undefined {
    const name = host.toLowerCase()
    const dot = name.indexOf('.')
    return this.#byName.get(name) ?? (dot < 0 ? undefined : this.#byName.get(`*${name.slice(dot)}`))
  }
}

/** What clients' certificates are held against. Node takes it from the certificate that a client is shown. */
export interface Authorities {
  readonly ca?: string[]
  readonly crl?: string[]
}

/** Reads the `certificates` option: one certificate or a list. */
export function readCertificates(value: unknown, path: string, authorities: Authorities): CertificateTable {
  const [first, ...others] = Array.isArray(value)
    ? value.map((entry: unknown, index) => readCertificate(entry, `${path}[${index}]`, authorities))
    : [readCertificate(value, path, authorities)]
  if (first === undefined) throw new OptionError(path, value, 'a certificate, or a list of them')
  return new CertificateTable([first, ...others])
}

function readCertificate(value: unknown, path: string, authorities: Authorities): Certificate {
  const isPem = typeof value === 'string' || value instanceof Uint8Array
  const reader = new OptionReader(isPem ? { cert: value } : value, path)
  const cert = readPem(reader.raw('cert'), isPem ? path : reader.pathOf('cert'), 'CERTIFICATE')
  const key = readPem(reader.raw('key') ?? cert, reader.pathOf('key'), 'PRIVATE KEY')
  const passphrase = reader.string('passphrase')
  const names = reader.read('names', readNames)
  const ocspResponse = reader.read('ocspResponse', readBytes)
  reader.end()
  const source = { cert, key, ...(passphrase === undefined ? {} : { passphrase }) }
  try {
    const parsed = new X509Certificate(cert)
    return {
      context: createSecureContext({ ...source, ...authorities }),
      source,
      names: names ?? namesOf(parsed),
      der: parsed.raw,
      ocspResponse,
    }
  } catch (error) {
    throw new OptionError(path, '…', `a certificate and its key in PEM (${(error as Error).message})`)
  }
}

function readNames(value: unknown, path: string): string[] {
  const isName = (name: unknown): name is string =>
    typeof name === 'string' && /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i.test(name)
  if (Array.isArray(value) && value.every(isName)) return value.map((name) => name.toLowerCase())
  throw new OptionError(path, value, "a list of names, such as ['a.test', '*.a.test']")
}

function readBytes(value: unknown, path: string): Buffer {
  if (value instanceof Uint8Array && value.length > 0) return Buffer.from(value)
  throw new OptionError(path, value, 'the bytes of an OCSP response in DER')
}

/** The names that a certificate bears: its common name and its DNS names, as HAProxy takes them. */
function namesOf({ subject, subjectAltName }: X509Certificate): string[] {
  const names = /^CN=(.*)$/m.exec(subject ?? '')?.slice(1) ?? []
  // What has a comma in it is quoted, so that no name can pretend to be two.
  for (const [, kind, name] of (subjectAltName ?? '').matchAll(/([^:]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g)) {
    if (kind === 'DNS') names.push(name!)
  }
  return names.map((name) => name.toLowerCase())
}
