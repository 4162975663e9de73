import { randomBytes } from 'node:crypto'
import { isToken } from '../core/message/field-syntax.js'
import type { RequestDefect } from '../core/message/head.js'
import type { RequestLimits } from '../core/message/head-limits.js'
import { isHost, sameAuthority } from '../core/message/host-conflict.js'
import { RawRequestHead } from '../core/message/raw-head.js'

/** What the pseudo fields of a request say. */
interface PseudoFields {
  method: string
  scheme: string
  authority: string | undefined
  path: string
  /** What an extended CONNECT wants to speak (RFC 8441). */
  protocol: string | undefined
}

/** As in HTTP/1: no blank, no control, no byte above ASCII, no fragment. */
const target = /^[\x21\x22\x24-\x7e]+$/

/**
 * The head of a request that came over HTTP/2, as it would stand in HTTP/1.1: with `Host` for `:authority`, one `Cookie`,
 * and a body of unknown length as one in chunks. An extended CONNECT becomes the GET that asks for an upgrade.
 */
export class StreamRequestHead extends RawRequestHead {
  readonly #isMalformed: boolean

  private constructor(
    method: string,
    path: string,
    fields: readonly string[],
    limits: RequestLimits,
    isMalformed: boolean,
    /** The value of Sec-WebSocket-Key that was made up for the server: an extended CONNECT has none. */
    readonly webSocketKey: string | undefined,
    /** Whether it is an extended CONNECT. */
    readonly isExtendedConnect: boolean,
  ) {
    super(method, path, 1, fields, limits)
    this.#isMalformed = isMalformed
  }

  /** Reads the flat list that node:http2 gives. `hasBody`: the stream goes on after the head. */
  static read(raw: readonly string[], hasBody: boolean, limits: RequestLimits): StreamRequestHead {
    const pseudo: PseudoFields = { method: '', scheme: '', authority: undefined, path: '', protocol: undefined }
    const fields: string[] = []
    const host = readFields(raw, pseudo, fields)
    const { method, path, authority, protocol } = pseudo
    const isMalformed = !isWellFormed(pseudo, host)
    if (authority !== undefined && host === undefined) fields.unshift('host', authority)
    if (method === 'CONNECT' && protocol !== undefined) {
      const key = protocol === 'websocket' ? randomBytes(16).toString('base64') : undefined
      fields.push('connection', 'Upgrade', 'upgrade', protocol)
      if (key !== undefined) fields.push('sec-websocket-key', key)
      return new StreamRequestHead('GET', path, fields, limits, isMalformed, key, true)
    }
    if (method === 'CONNECT')
      return new StreamRequestHead(method, authority ?? '', fields, limits, isMalformed, undefined, false)
    if (hasBody && !hasLength(fields)) fields.push('transfer-encoding', 'chunked')
    return new StreamRequestHead(method, path, fields, limits, isMalformed, undefined, false)
  }

  override get version(): string {
    return 'HTTP/2.0'
  }

  override get defect(): RequestDefect | undefined {
    return super.defect ?? (this.#isMalformed ? 'bad-request' : undefined)
  }
}

/** Takes pseudo fields and others apart, and gives the value of Host. Cookies in pieces become one (RFC 9113 8.2.3). */
function readFields(raw: readonly string[], pseudo: PseudoFields, fields: string[]): string | undefined {
  let host: string | undefined
  let cookieAt = -1
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!
    const value = raw[i + 1]!
    if (name.charCodeAt(0) === colon) {
      readPseudo(pseudo, name, value)
    } else if (name === 'cookie' && cookieAt >= 0) {
      fields[cookieAt] += `; ${value}`
    } else {
      if (name === 'cookie') cookieAt = fields.length + 1
      else if (name === 'host') host = value
      // Each would be a hop's own affair, and HTTP/2 has none of them; node:http2 refuses the others.
      if (name !== 'http2-settings') fields.push(name, value)
    }
  }
  return host
}

const colon = 58

function readPseudo(pseudo: PseudoFields, name: string, value: string): void {
  switch (name) {
    case ':method':
      pseudo.method = value
      break
    case ':path':
      pseudo.path = value
      break
    case ':scheme':
      pseudo.scheme = value
      break
    case ':authority':
      pseudo.authority = value
      break
    case ':protocol':
      pseudo.protocol = value
      break
  }
}

/** What node:http2 leaves to look at: it has refused what is missing, repeated or unknown. */
function isWellFormed({ method, scheme, authority, path, protocol }: PseudoFields, host: string | undefined): boolean {
  if (!isToken(method)) return false
  // Whoever believes the one and whoever believes the other would not ask the same (RFC 9113 8.3.1).
  if (authority !== undefined && host !== undefined && !sameAuthority(authority, host, scheme)) return false
  if (method === 'CONNECT' && protocol === undefined)
    return authority !== undefined && isHost(authority) && /.:\d+$/.test(authority)
  if (protocol !== undefined && !isToken(protocol)) return false
  const isOrigin = path.charCodeAt(0) === slash || (path === '*' && method === 'OPTIONS')
  return isOrigin && target.test(path) && (scheme === 'http' || scheme === 'https')
}

const slash = 47

function hasLength(fields: readonly string[]): boolean {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === 'content-length') return true
  return false
}
