import { constants, randomBytes } from 'node:crypto'
import { createSecureContext, type TlsOptions as NodeTlsOptions } from 'node:tls'
import { OptionError } from '../util/errors.js'
import { OptionReader } from '../util/options.js'
import { type Pem, readPems } from '../util/pem.js'
import {
  readProtocols,
  readTlsVersions,
  type TlsVersionOptions,
  type TlsVersionSettings,
} from '../util/tls-versions.js'
import { type Authorities, type CertificateOptions, type CertificateTable, readCertificates } from './certificates.js'

/** How a bind speaks TLS. HAProxy: `ssl` and its keywords on a `bind` line. */
export interface TlsOptions extends TlsVersionOptions {
  /**
   * Certificates with their keys; a client gets the one for the host that it names (SNI): by the exact name, else by
   * `*.` and the name without its first label, else the first of the list. HAProxy: `crt`.
   */
  readonly certificates: Pem | CertificateOptions | readonly (Pem | CertificateOptions)[]
  /** Refuses clients that name no host, or one that no certificate is for. Default false. HAProxy: `strict-sni`. */
  readonly strictSni?: boolean
  /**
   * Protocols to agree on by ALPN, the preferred first. Default: those that the frontend's mode can speak. A client that
   * offers others alone is refused. HAProxy: `alpn`.
   */
  readonly alpn?: readonly string[]
  /**
   * Whether clients are asked for a certificate. `optional` lets those without one in; nobody gets in with one that `ca`
   * has not signed. Default `none`. HAProxy: `verify`.
   */
  readonly clientCertificate?: 'none' | 'optional' | 'required'
  /** The authorities of the clients' certificates; needed to ask for these. HAProxy: `ca-file`. */
  readonly ca?: Pem | readonly Pem[]
  /** Lists of clients' certificates that were revoked, one for each authority. HAProxy: `crl-file`. */
  readonly crl?: Pem | readonly Pem[]
  /** Lets clients come back without a whole handshake. Default true. HAProxy: `no-tls-tickets`. */
  readonly sessionTickets?: boolean
}

/** The same, read and complete. */
export interface TlsSettings extends TlsVersionSettings {
  readonly certificates: CertificateTable
  readonly strictSni: boolean
  /** Undefined: by the frontend. */
  readonly alpn: readonly string[] | undefined
  readonly clientCertificate: 'none' | 'optional' | 'required'
  /** What Node makes connections of. */
  readonly secureContext: NodeTlsOptions
}

/**
 * How binds speak TLS, in a form that can be changed while they do: {@link update} holds for all handshakes from then
 * on, and leaves open connections alone.
 *
 * @example
 * ```ts
 * const tls = new TlsContext({ certificates: readFileSync('site.pem') })
 * const proxy = createProxy({ bind: { address: 443, tls }, servers: ['127.0.0.1:5001'] })
 * tls.update({ certificates: readFileSync('site-renewed.pem') })
 * ```
 */
export class TlsContext {
  #options: TlsOptions
  #settings: TlsSettings
  #ticketKeys = randomBytes(48)

  /** Throws an {@link OptionError} for a bad or unknown option, a key that is not the certificate's included. */
  constructor(options: TlsOptions, path = 'tls') {
    this.#options = { ...options }
    this.#settings = readTls(options, this.#ticketKeys, path)
  }

  /**
   * Lays options over those that it has. Throws an {@link OptionError} for a bad one; then everything stays as it was.
   * Clients keep their sessions when nothing but `certificates` changes; else they need a whole handshake, so that nobody
   * comes back by an older rule.
   */
  update(options: Partial<TlsOptions>): void {
    const merged = { ...this.#options, ...options }
    const keepsSessions = Object.keys(options).every((name) => name === 'certificates')
    const ticketKeys = keepsSessions ? this.#ticketKeys : randomBytes(48)
    this.#settings = readTls(merged, ticketKeys, 'tls')
    this.#options = merged
    this.#ticketKeys = ticketKeys
  }

  /** What holds at present; another object after each change. @internal */
  get settings(): TlsSettings {
    return this.#settings
  }
}

/** Reads the `tls` option of a bind. */
export function readTlsContext(value: unknown, path: string): TlsContext {
  return value instanceof TlsContext ? value : new TlsContext(value as TlsOptions, path)
}

function readTls(options: TlsOptions, ticketKeys: Buffer, path: string): TlsSettings {
  const reader = new OptionReader(options, path)
  const versions = readTlsVersions(reader)
  const strictSni = reader.boolean('strictSni') ?? false
  const alpn = reader.read('alpn', readProtocols)
  const clientCertificate = reader.oneOf('clientCertificate', ['none', 'optional', 'required']) ?? 'none'
  const authorities = readAuthorities(reader, clientCertificate !== 'none')
  const certificates = readCertificates(reader.raw('certificates'), reader.pathOf('certificates'), authorities)
  const hasTickets = reader.boolean('sessionTickets') ?? true
  reader.end()
  const { minVersion, maxVersion, ciphers } = versions
  const secureContext: NodeTlsOptions = {
    minVersion,
    maxVersion,
    // Without a certificate of its own there is nothing to fall back on, and the client is told so by an alert.
    ...(strictSni ? {} : certificates.first.source),
    ...(ciphers === undefined ? {} : { ciphers }),
    ...authorities,
    ...(hasTickets ? { ticketKeys } : { secureOptions: constants.SSL_OP_NO_TICKET }),
  }
  attempt(reader.pathOf('ciphers'), ciphers, 'suites in OpenSSL’s words', () =>
    createSecureContext(ciphers === undefined ? {} : { ciphers }),
  )
  attempt(path, options, 'options of TLS that fit together', () => createSecureContext(secureContext))
  return { certificates, ...versions, strictSni, alpn, clientCertificate, secureContext }
}

/** What clients' certificates are held against. */
function readAuthorities(reader: OptionReader, isAsked: boolean): Authorities {
  const ca = reader.read('ca', (value, path) => readPems(value, path, 'CERTIFICATE'))
  const crl = reader.read('crl', (value, path) => readPems(value, path, 'X509 CRL'))
  if (isAsked && ca === undefined) {
    throw new OptionError(
      reader.pathOf('ca'),
      ca,
      'the authorities of the clients’ certificates, as these are asked for',
    )
  }
  for (const [name, given] of Object.entries({ ca, crl })) {
    if (isAsked || given === undefined) continue
    throw new OptionError(reader.pathOf(name), '…', 'nothing while clientCertificate is none')
  }
  attempt(reader.pathOf('ca'), '…', 'certificates in PEM', () => createSecureContext(ca === undefined ? {} : { ca }))
  attempt(reader.pathOf('crl'), '…', 'lists in PEM', () => createSecureContext(crl === undefined ? {} : { crl }))
  return { ...(ca === undefined ? {} : { ca }), ...(crl === undefined ? {} : { crl }) }
}

/** Lets OpenSSL try what it alone can judge. */
function attempt(path: string, value: unknown, expected: string, make: () => unknown): void {
  try {
    make()
  } catch (error) {
    throw new OptionError(path, value, `${expected} (${(error as Error).message})`)
  }
}
