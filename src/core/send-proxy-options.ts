import { OptionError } from '../util/errors.js'
import { OptionReader } from '../util/options.js'
import type { ClientAddress } from './exchange-view.js'

/** What identifies a client's connection: what the PROXY protocol header that it came with said, or what a function gives. */
export type UniqueIdOption = 'received' | ((client: ClientAddress) => string | Uint8Array)

/** What a server is told of clients in the PROXY protocol header of each connection. Version 2 alone tells more than addresses. */
export interface SendProxyOptions {
  /** 1 is a line of text, 2 binary. Default 2. */
  readonly version?: 1 | 2
  /** Whether and how the client spoke TLS. Default false; what is told of a certificate brings it along. HAProxy: `send-proxy-v2-ssl`. */
  readonly ssl?: boolean
  /** The common name of the client's certificate. Default false. HAProxy: `send-proxy-v2-ssl-cn`, `cert-cn`. */
  readonly certificateCommonName?: boolean
  /** The cipher, by OpenSSL's name. Default false. HAProxy: `ssl-cipher`. */
  readonly cipher?: boolean
  /** How the certificate that clients are shown is signed, such as `RSA-SHA256`. Default false. HAProxy: `cert-sig`. */
  readonly certificateSignature?: boolean
  /** The key of the certificate that clients are shown, such as `RSA2048`. Default false. HAProxy: `cert-key`. */
  readonly certificateKey?: boolean
  /** The host name that the client asked for in TLS's SNI, or that came in its own header. Default false. HAProxy: `authority`. */
  readonly authority?: boolean
  /**
   * What identifies the connection, up to 128 bytes: `received` passes on what the client's own header said, a function
   * gives it, once for each connection to the server. Default: nothing. HAProxy: `unique-id`.
   */
  readonly uniqueId?: UniqueIdOption
  /** A checksum, by which the server notices a header that was damaged. Default false. HAProxy: `crc32c`. */
  readonly checksum?: boolean
}

/** How a server learns who its clients are: `v1`, `v2`, or version 2 with more than addresses. */
export type SendProxyOption = 'v1' | 'v2' | SendProxyOptions

/** The same, read and complete. */
export interface SendProxySettings extends Required<Omit<SendProxyOptions, 'uniqueId'>> {
  readonly uniqueId: 'received' | ((client: ClientAddress) => string | Uint8Array | undefined) | undefined
}

/** Reads the `sendProxy` option of a server. */
export function readSendProxy(value: unknown, path: string): SendProxySettings {
  if (value === 'v1' || value === 'v2') return readOptions(new OptionReader({ version: value === 'v1' ? 1 : 2 }, path))
  if (typeof value === 'string') throw new OptionError(path, value, "'v1', 'v2', or options")
  return readOptions(new OptionReader(value, path))
}

function readOptions(reader: OptionReader): SendProxySettings {
  const version = (reader.integer('version', 1, 2) ?? 2) as 1 | 2
  const flag = (name: string): boolean => reader.boolean(name) ?? false
  const settings = {
    certificateCommonName: flag('certificateCommonName'),
    cipher: flag('cipher'),
    certificateSignature: flag('certificateSignature'),
    certificateKey: flag('certificateKey'),
    authority: flag('authority'),
    uniqueId: reader.read('uniqueId', readUniqueIdOption),
    checksum: flag('checksum'),
  }
  const { certificateCommonName, cipher, certificateSignature, certificateKey } = settings
  const ssl = flag('ssl') || certificateCommonName || cipher || certificateSignature || certificateKey
  reader.end()
  const extra = Object.entries({ ssl, ...settings }).find(([, wanted]) => wanted !== false && wanted !== undefined)
  if (version === 1 && extra !== undefined) {
    throw new OptionError(reader.path, 1, `version 2 for ${extra[0]}: version 1 tells addresses alone`)
  }
  return { version, ssl, ...settings }
}

/** What a function gave to identify a connection. Throws where that can't be. */
export function readUniqueId(value: unknown): string | Uint8Array {
  const isId = typeof value === 'string' || value instanceof Uint8Array
  if (isId && Buffer.byteLength(value) <= longestUniqueId) return value
  throw new TypeError(`a connection is identified by a text or bytes, ${longestUniqueId} at most`)
}

/** The protocol's limit, in bytes. */
const longestUniqueId = 128

function readUniqueIdOption(value: unknown, path: string): UniqueIdOption {
  if (value === 'received' || typeof value === 'function') return value as UniqueIdOption
  throw new OptionError(path, value, "'received', or a function of the client's address")
}
