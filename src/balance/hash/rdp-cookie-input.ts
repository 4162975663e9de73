import { OptionError } from '../../util/errors.js'
import type { OptionReader } from '../../util/options.js'
import type { HashInput } from './hash-input.js'
import type { HashOptions } from './hash-options.js'

/** Options of the algorithm `rdpCookie`. */
export interface RdpCookieHashOptions extends HashOptions {
  /** The cookie's name, in any case. Default `mstshash`. HAProxy: the argument of `rdp-cookie`. */
  readonly name?: string
}

/** How much stands before the cookie in the first packet of a Remote Desktop client: the heads of TPKT and X.224. */
const headLength = 11
const mark = 'cookie:'

/**
 * The cookie that a Remote Desktop client sends first, in TCP mode: its first bytes are waited for, for
 * `timeout.httpRequest` at most. HAProxy: `balance rdp-cookie`, which needs `tcp-request inspect-delay` to wait.
 */
export function readRdpCookieInput(reader: OptionReader): HashInput {
  const name = reader.read('name', readCookieName) ?? 'mstshash'
  return {
    name: `RDP cookie ${name}`,
    read: ({ payload }) => (payload === undefined ? undefined : rdpCookie(payload, name)),
    wantsPayload: ({ method, payload }) => method === '' && (payload === undefined || mayHaveRdpCookie(payload)),
  }
}

function readCookieName(value: unknown, path: string): string {
  if (typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value)) return value
  throw new OptionError(path, value, 'the name of a cookie')
}

/** The value of the cookie of that name in the first bytes of a Remote Desktop connection; undefined: there is none. */
export function rdpCookie(payload: Uint8Array, name: string): string | undefined {
  const text = textOf(payload)
  if (!text.toLowerCase().startsWith(mark)) return undefined
  const start = mark.length + /^ */.exec(text.slice(mark.length))![0].length
  const end = text.indexOf('\r', start)
  const value = start + name.length + 1
  if (end < value || text[end + 1] !== '\n' || text.slice(start, value).toLowerCase() !== `${name.toLowerCase()}=`) {
    return undefined
  }
  return text.slice(value, end) || undefined
}

/** Whether the bytes can be the beginning of a cookie whose end is still to come. */
function mayHaveRdpCookie(payload: Uint8Array): boolean {
  const text = textOf(payload)
  return mark.startsWith(text.slice(0, mark.length).toLowerCase()) && !/\r./s.test(text)
}

function textOf(payload: Uint8Array): string {
  return Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('latin1', headLength)
}
