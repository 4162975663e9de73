import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { CertificateView, TlsView } from '../core/tls-view.js'

/** A client's TLS connection. What its socket forgets when it closes is read at once, once for each connection. */
export class ClientTls implements TlsView {
  readonly version: string
  readonly cipher: string
  readonly alpn: string
  readonly sni: string
  readonly isResumed: boolean
  readonly clientCertificate: CertificateView | undefined

  constructor(socket: TLSSocket) {
    this.version = socket.getProtocol() ?? ''
    // Of a socket that is gone already Node knows no cipher.
    this.cipher = (socket.getCipher() as { name: string } | null)?.name ?? ''
    this.alpn = socket.alpnProtocol || ''
    // Absent and false mean the same, which the types don't say.
    this.sni = ((socket as { servername?: string | false }).servername || '').toLowerCase()
    this.isResumed = socket.isSessionReused() ?? false
    this.clientCertificate = certificateOf(socket)
  }
}

/** Only a client that was asked for a certificate may have one. */
function certificateOf(socket: TLSSocket): CertificateView | undefined {
  if (!socket.authorized && !socket.authorizationError) return undefined
  const certificate = socket.getPeerX509Certificate()
  return certificate && new PeerCertificate(certificate, socket.authorized)
}

/** A certificate that a peer sent. Its parts are worked out when somebody looks at them. */
class PeerCertificate implements CertificateView {
  readonly #certificate: X509Certificate
  readonly isVerified: boolean

  constructor(certificate: X509Certificate, isVerified: boolean) {
    this.#certificate = certificate
    this.isVerified = isVerified
  }

  get subject(): string {
    return oneLine(this.#certificate.subject)
  }

  get commonName(): string {
    const line = linesOf(this.#certificate.subject).findLast((part) => part.startsWith('CN='))
    return line?.slice(3) ?? ''
  }

  get issuer(): string {
    return oneLine(this.#certificate.issuer)
  }

  get serial(): string {
    return this.#certificate.serialNumber
  }

  get fingerprint(): string {
    return hex(this.#certificate.fingerprint)
  }

  get fingerprint256(): string {
    return hex(this.#certificate.fingerprint256)
  }

  /** What loggers and `JSON.stringify` show. */
  toJSON(): CertificateView {
    const { subject, commonName, issuer, serial, fingerprint, fingerprint256, isVerified } = this
    return { subject, commonName, issuer, serial, fingerprint, fingerprint256, isVerified }
  }
}

/** A name in OpenSSL's old form, which HAProxy uses. */
function oneLine(name: string): string {
  return linesOf(name)
    .map((part) => `/${part}`)
    .join('')
}

/** The parts of a name, each `CN=value`, as they are written in the certificate. */
function linesOf(name: string | undefined): string[] {
  return name ? name.split('\n').map(unescaped) : []
}

/** Takes back what RFC 2253 escapes. */
function unescaped(text: string): string {
  return text.replace(/\\(?:([0-9A-Fa-f]{2})|(.))/g, (_match, code: string | undefined, character: string) =>
    code === undefined ? character : String.fromCharCode(Number.parseInt(code, 16)),
  )
}

function hex(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase()
}
