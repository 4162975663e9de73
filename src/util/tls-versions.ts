import { OptionError } from './errors.js'
import type { OptionReader } from './options.js'

/** A version of TLS, as Node names it. */
export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'

const versions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const

/** Which versions of TLS are spoken, with which ciphers. */
export interface TlsVersionOptions {
  /** The oldest version that is spoken. Default `TLSv1.2`. HAProxy: `ssl-min-ver`. */
  readonly minVersion?: TlsVersion
  /** The newest version that is spoken. Default `TLSv1.3`. HAProxy: `ssl-max-ver`. */
  readonly maxVersion?: TlsVersion
  /** Suites of all versions in OpenSSL's words, the preferred first. Default: Node's. HAProxy: `ciphers`, `ciphersuites`. */
  readonly ciphers?: string
}

/** The same, read and complete. */
export interface TlsVersionSettings {
  readonly minVersion: TlsVersion
  readonly maxVersion: TlsVersion
  readonly ciphers: string | undefined
}

/** Reads them. */
export function readTlsVersions(reader: OptionReader): TlsVersionSettings {
  const minVersion = reader.oneOf('minVersion', versions)
  const maxVersion = reader.oneOf('maxVersion', versions) ?? 'TLSv1.3'
  const oldest = minVersion ?? (versions.indexOf(maxVersion) < 2 ? maxVersion : 'TLSv1.2')
  if (versions.indexOf(oldest) > versions.indexOf(maxVersion)) {
    throw new OptionError(reader.pathOf('minVersion'), oldest, `nothing newer than maxVersion, ${maxVersion}`)
  }
  return { minVersion: oldest, maxVersion, ciphers: reader.string('ciphers') }
}

/** Reads a list of names of protocols for ALPN. */
export function readProtocols(value: unknown, path: string): string[] {
  const isName = (name: unknown): name is string => typeof name === 'string' && /^[\x21-\x7e]{1,255}$/.test(name)
  if (Array.isArray(value) && value.every(isName)) return value
  throw new OptionError(path, value, "a list of names of protocols, such as ['h2', 'http/1.1']")
}
