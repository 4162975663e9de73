/** What is known of a client's TLS connection. */
export interface TlsView {
  /** The version: `TLSv1.3`. HAProxy: `ssl_fc_protocol`. */
  readonly version: string
  /** The cipher suite, in OpenSSL's words. HAProxy: `ssl_fc_cipher`. */
  readonly cipher: string
  /** The protocol that both sides agreed on by ALPN; empty when they did not. HAProxy: `ssl_fc_alpn`. */
  readonly alpn: string
  /** The host that the client asked for, in lower case; empty when it asked for none. HAProxy: `ssl_fc_sni`. */
  readonly sni: string
  /** Whether the session is an earlier one's, taken up again. HAProxy: `ssl_fc_is_resumed`. */
  readonly isResumed: boolean
  /** The client's certificate; undefined when it sent none, or was not asked for one. HAProxy: `ssl_c_used`. */
  readonly clientCertificate: CertificateView | undefined
}

/** What is known of a certificate. */
export interface CertificateView {
  /** The subject as `/C=FR/O=Example/CN=alice`. HAProxy: `ssl_c_s_dn`. */
  readonly subject: string
  /** The subject's common name; empty without one. HAProxy: `ssl_c_s_dn(CN)`. */
  readonly commonName: string
  /** The issuer, in the form of `subject`. HAProxy: `ssl_c_i_dn`. */
  readonly issuer: string
  /** The serial number in upper-case hex digits. HAProxy: `ssl_c_serial,hex`. */
  readonly serial: string
  /** SHA-1 of the certificate in lower-case hex digits. HAProxy: `ssl_c_sha1,hex`, in lower case. */
  readonly fingerprint: string
  /** SHA-256 of the same. HAProxy: `ssl_c_der,sha2(256),hex`. */
  readonly fingerprint256: string
  /**
   * Whether it was verified. Always true at a bind of our own, which refuses others; an application's TLS server may let
   * them in. HAProxy: `ssl_c_verify 0`.
   */
  readonly isVerified: boolean
}
