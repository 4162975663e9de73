import { OptionError } from './errors.js'

/** Certificates, keys or revocation lists in PEM: a text, or its bytes as `readFileSync` gives them. Never a path. */
export type Pem = string | Uint8Array

/** What stands in PEM after `BEGIN`. */
export type PemLabel = 'CERTIFICATE' | 'PRIVATE KEY' | 'X509 CRL'

/** Reads PEM that has a block of that label at least. What came is not shown: it may be a key. */
export function readPem(value: unknown, path: string, label: PemLabel): string {
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value
  if (typeof text === 'string' && new RegExp(`-----BEGIN (?:[A-Z]+ )*${label}-----`).test(text)) return text
  throw new OptionError(
    path,
    typeof value === 'string' ? '…' : value,
    `PEM with a ${label}, as text or bytes (no path)`,
  )
}

/** Reads PEM, or a list of such. */
export function readPems(value: unknown, path: string, label: PemLabel): string[] {
  if (!Array.isArray(value)) return [readPem(value, path, label)]
  return value.map((entry: unknown, index) => readPem(entry, `${path}[${index}]`, label))
}
