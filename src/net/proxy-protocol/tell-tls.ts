import type { X509Certificate } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import type { ProxiedTls } from '../../core/proxied-connection.js'
import type { SendProxySettings } from '../../core/send-proxy-options.js'
import type { ConnectionOrigin } from '../../core/session.js'
import { signatureAlgorithm } from './signature-algorithm.js'

/** What is told of a client's TLS, as far as the settings want it; of a client without TLS that it has none. */
export function tellTls(origin: ConnectionOrigin | undefined, wanted: SendProxySettings): ProxiedTls {
  if (origin?.tls === undefined) return none
  const { version, cipher, isResumed, clientCertificate: client } = origin.tls
  const own = wanted.certificateKey || wanted.certificateSignature ? ownCertificate(origin) : undefined
  return {
    isUsed: true,
    // A resumed session has its certificate from an earlier connection.
    hasCertificate: client !== undefined && !isResumed,
    hasSessionCertificate: client !== undefined,
    isVerified: client?.isVerified ?? true,
    version,
    commonName: wanted.certificateCommonName ? client?.commonName || undefined : undefined,
    cipher: wanted.cipher ? cipher : undefined,
    signatureAlgorithm: wanted.certificateSignature && own ? signatureAlgorithm(own.raw) : undefined,
    keyAlgorithm: wanted.certificateKey && own ? keyAlgorithm(own) : undefined,
  }
}

const none: ProxiedTls = { isUsed: false, hasCertificate: false, hasSessionCertificate: false, isVerified: true }

/** The certificate that the client was shown. */
function ownCertificate({ socket }: ConnectionOrigin): X509Certificate | undefined {
  return socket instanceof TLSSocket ? socket.getX509Certificate() : undefined
}

/** A key's kind and bits, as HAProxy writes them: `RSA2048`, `EC256`. */
function keyAlgorithm({ publicKey }: X509Certificate): string | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey
  if (type === 'rsa' || type === 'rsa-pss') return `RSA${details?.modulusLength}`
  if (type === 'ec') return `EC${curveBits.get(details?.namedCurve ?? '') ?? ''}`
  return undefined
}

const curveBits = new Map([
  ['prime256v1', 256],
  ['secp384r1', 384],
  ['secp521r1', 521],
  ['secp256k1', 256],
])
