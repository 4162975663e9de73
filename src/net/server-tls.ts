import type { Socket } from 'node:net'
import { isIP } from 'node:net'
import { checkServerIdentity, connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import type { ServerTlsSettings } from '../core/server-tls-options.js'
import type { Address } from '../util/address.js'
import { OptionError } from '../util/errors.js'

/** TLS with one server: what its connections have in common, and the session that the next one takes up again. */
export class ServerTls {
  readonly #settings: ServerTlsSettings
  readonly #context: SecureContext
  /** Asked for by SNI, if anything. */
  readonly #serverName: string | undefined
  /** What the certificate must be for. */
  readonly #identity: string
  #session: Buffer | undefined

  /** Throws an {@link OptionError} for keys and certificates that OpenSSL does not take. */
  constructor(settings: ServerTlsSettings, address: Address, path: string) {
    this.#settings = settings
    const host = 'path' in address ? 'localhost' : address.host.replace(/%.*/, '')
    this.#serverName = settings.sni ?? (isIP(host) === 0 && !('path' in address) ? host : undefined)
    this.#identity = settings.verifyHost ?? settings.sni ?? host
    this.#context = contextOf(settings, path)
  }

  /** Shakes hands on a connected socket. The result reports its end by `secureConnect` or `error`. */
  connect(socket: Socket, protocols: readonly string[]): TLSSocket {
    const { verify, sessionReuse, alpn = protocols } = this.#settings
    const secure = connect({
      socket,
      secureContext: this.#context,
      rejectUnauthorized: verify,
      checkServerIdentity: (_name, certificate) =>
        verify ? checkServerIdentity(this.#identity, certificate) : undefined,
      // Node would ask for the name of the proxy's own host.
      servername: this.#serverName ?? '',
      ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
      ...(this.#session === undefined ? {} : { session: this.#session }),
    })
    if (sessionReuse) {
      secure.on('session', (session) => {
        this.#session = session
      })
    }
    return secure
  }

  /** A handshake came to nothing: what it was to take up may be the reason. */
  forgetSession(): void {
    this.#session = undefined
  }
}

function contextOf(settings: ServerTlsSettings, path: string): SecureContext {
  const { ca, crl, ciphers, cert, key, passphrase, minVersion, maxVersion } = settings
  try {
    return createSecureContext({
      minVersion,
      maxVersion,
      ...(ca === undefined ? {} : { ca: [...ca] }),
      ...(crl === undefined ? {} : { crl: [...crl] }),
      ...(ciphers === undefined ? {} : { ciphers }),
      ...(cert === undefined ? {} : { cert, key }),
      ...(passphrase === undefined ? {} : { passphrase }),
    })
  } catch (error) {
    throw new OptionError(path, '…', `options of TLS that OpenSSL takes (${(error as Error).message})`)
  }
}
