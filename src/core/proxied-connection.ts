/** What a PROXY protocol header told of a client's connection, beside its addresses. */
export interface ProxiedConnection {
  /** 1: a line of text; 2: binary, which alone can tell what follows. */
  readonly version: 1 | 2
  /** The application protocol that was agreed on, such as `h2`. */
  readonly alpn?: string | undefined
  /** The host name that the client asked for, as in TLS's SNI. HAProxy: `fc_pp_authority`. */
  readonly authority?: string | undefined
  /** What identifies the connection, up to 128 bytes. HAProxy: `fc_pp_unique_id`. */
  readonly uniqueId?: Uint8Array | undefined
  /** The client's TLS; undefined when nothing was said of it. */
  readonly tls?: ProxiedTls | undefined
  /** What has no name here, by type: clouds tell of their end points so. The last of several of one type. */
  readonly others?: ReadonlyMap<number, Uint8Array> | undefined
}

/** What a PROXY protocol header tells of a client's TLS. */
export interface ProxiedTls {
  /** The client spoke TLS. */
  readonly isUsed: boolean
  /** The client has shown a certificate on this connection. */
  readonly hasCertificate: boolean
  /** The client has shown a certificate on this or an earlier connection of its TLS session. */
  readonly hasSessionCertificate: boolean
  /** The certificate, if there was any, was found good. */
  readonly isVerified: boolean
  /** Such as `TLSv1.3`. */
  readonly version?: string | undefined
  /** Of the client's certificate. */
  readonly commonName?: string | undefined
  /** OpenSSL's name, such as `ECDHE-RSA-AES128-GCM-SHA256`. */
  readonly cipher?: string | undefined
  /** How the certificate that the client was shown is signed, such as `RSA-SHA256`. */
  readonly signatureAlgorithm?: string | undefined
  /** The key of that certificate, such as `RSA2048`. */
  readonly keyAlgorithm?: string | undefined
}
