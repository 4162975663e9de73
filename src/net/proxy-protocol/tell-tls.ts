import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { ProxiedTls } from '../../core/proxied-connection.js'
import type { SendProxySettings } from '../../core/send-proxy-options.js'
import { signatureAlgorithm } from './signature-algorithm.js'

/** What is told of a client's TLS, as far as the settings want it; of a client without TLS that it has none. */
export function tellTls(socket: TLSSocket | undefined, wanted: SendProxySettings): ProxiedTls {
  if (socket === undefined) {
    return { isUsed: false, hasCertificate: false, hasSessionCertificate: false, isVerified: true }
  }
  const client = socket.getPeerX509Certificate()
  const own = wanted.certificateKey || wanted.certificateSignature ? socket.getX509Certificate() : undefined
  return {
    isUsed: true,
    // A resumed session has its certificate from an earlier connection.
    hasCertificate: client !== undefined && !socket.isSessionReused(),
    hasSessionCertificate: client !== undefined,
    isVerified: client === undefined || socket.authorized,
    version: socket.getProtocol() ?? undefined,
    commonName: wanted.certificateCommonName ? commonName(client) : undefined,
    cipher: wanted.cipher ? socket.getCipher().name : undefined,
    signatureAlgorithm: wanted.certificateSignature && own ? signatureAlgorithm(own.raw) : undefined,
    keyAlgorithm: wanted.certificateKey && own ? keyAlgorithm(own) : undefined,
  }
}

/** Of several the first. */
function commonName(certificate: X509Certificate | undefined): string | undefined {
  const names: string | readonly string[] | undefined = certificate?.toLegacyObject().subject?.CN
  return typeof names === 'string' ? names : names?.[0]
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
