import type { CertificateView } from '../core/tls-view.js'
import { type Condition, described } from './condition.js'
import { caselessSample, type StringSample, singleSubject, stringSample } from './string-matcher.js'

/** Samples of the TLS of the client's connection. On a connection without TLS they find nothing. */
export interface TlsSamples {
  /** The client's connection is TLS. HAProxy: `ssl_fc`. */
  exists(): Condition
  /** The session is an earlier one's, taken up again. HAProxy: `ssl_fc_is_resumed`. */
  isResumed(): Condition
  /** The version: `TLSv1.3`. HAProxy: `ssl_fc_protocol`. */
  readonly version: StringSample
  /** The cipher suite, in OpenSSL's words. HAProxy: `ssl_fc_cipher`. */
  readonly cipher: StringSample
  /** The protocol that was agreed on by ALPN. HAProxy: `ssl_fc_alpn`. */
  readonly alpn: StringSample
  /** The host that the client asked for in its handshake; values may be written in any case. HAProxy: `ssl_fc_sni`. */
  readonly sni: StringSample
  /** The certificate that the client sent. */
  readonly clientCertificate: ClientCertificateSamples
}

/** Samples of a client's certificate. Without one they find nothing. */
export interface ClientCertificateSamples {
  /** There is one. At a bind of a proxy it is a verified one. HAProxy: `ssl_c_used`. */
  exists(): Condition
  /** It was verified; an application's TLS server may let in others. HAProxy: `ssl_c_verify 0`. */
  isVerified(): Condition
  /** Its subject, as `/C=FR/O=Example/CN=alice`. HAProxy: `ssl_c_s_dn`. */
  readonly subject: StringSample
  /** Its subject's common name. HAProxy: `ssl_c_s_dn(CN)`. */
  readonly commonName: StringSample
  /** Its issuer, as `/C=FR/O=Example/CN=authority`. HAProxy: `ssl_c_i_dn`. */
  readonly issuer: StringSample
  /** Its serial number in hex digits; values may be written in any case. HAProxy: `ssl_c_serial,hex`. */
  readonly serial: StringSample
  /** Its SHA-1 in hex digits; values may be written in any case. HAProxy: `ssl_c_sha1,hex`. */
  readonly fingerprint: StringSample
  /** Its SHA-256 in the same form. HAProxy: `ssl_c_der,sha2(256),hex`. */
  readonly fingerprint256: StringSample
}

/**
 * What is known of the TLS of the client's connection.
 *
 * @example
 * ```ts
 * tls.sni.endsWith('.example.org')
 * tls.version.is('TLSv1.3')
 * tls.clientCertificate.commonName.is('alice', 'bob')
 * ```
 */
export const tls: TlsSamples = {
  exists: () => described('tls exists', (exchange) => exchange.secure),
  isResumed: () => described('tls is resumed', (exchange) => exchange.tls?.isResumed ?? false),
  version: stringSample(singleSubject('tls.version', (exchange) => exchange.tls?.version ?? '')),
  cipher: stringSample(singleSubject('tls.cipher', (exchange) => exchange.tls?.cipher ?? '')),
  alpn: stringSample(singleSubject('tls.alpn', (exchange) => exchange.tls?.alpn ?? '')),
  sni: caselessSample(singleSubject('tls.sni', (exchange) => exchange.tls?.sni ?? '')),
  clientCertificate: {
    exists: () => described('client certificate exists', (exchange) => exchange.tls?.clientCertificate !== undefined),
    isVerified: () =>
      described('client certificate is verified', (exchange) => exchange.tls?.clientCertificate?.isVerified ?? false),
    subject: stringSample(partOfCertificate('subject')),
    commonName: stringSample(partOfCertificate('commonName')),
    issuer: stringSample(partOfCertificate('issuer')),
    serial: caselessSample(partOfCertificate('serial')),
    fingerprint: caselessSample(partOfCertificate('fingerprint')),
    fingerprint256: caselessSample(partOfCertificate('fingerprint256')),
  },
}

function partOfCertificate(part: Exclude<keyof CertificateView, 'isVerified'>) {
  return singleSubject(`tls.clientCertificate.${part}`, (exchange) => exchange.tls?.clientCertificate?.[part] ?? '')
}
