import { OptionError } from '../../util/errors.js'
import { isAddress } from '../../util/ip-address.js'
import { AddressSet, normalizeAddress } from '../../util/network.js'
import { OptionReader } from '../../util/options.js'
import type { ClientAddress, ExchangeView } from '../exchange-view.js'
import { isFieldValue } from './field-syntax.js'
import type { RequestHead } from './head.js'
import type { HeadEdits } from './head-edits.js'

/** Options that say what servers are told of the client, and who may say it on the client's behalf. */
export interface ForwardingOptions {
  /** Tells servers the client's address in X-Forwarded-For. Default false. HAProxy: `option forwardfor`. */
  readonly forwardFor?: boolean | ForwardForOptions
  /** Tells servers the client's scheme, host and port in X-Forwarded-Proto, -Host, -Port. Default: none of them. */
  readonly forwardedHeaders?: boolean | { readonly proto?: boolean; readonly host?: boolean; readonly port?: boolean }
  /** Tells servers address, host and scheme in one Forwarded field (RFC 7239). Default false. HAProxy: `option forwarded`. */
  readonly forwarded?: boolean
  /** Adds a Via field to requests and responses (RFC 9110 7.6.3): `true`, or the pseudonym to use. Default false. */
  readonly via?: boolean | string
  /**
   * Peers whose X-Forwarded-* and Forwarded fields are believed and added to; those of all others are replaced. The
   * last address in X-Forwarded-For that is no trusted proxy is the client's for conditions and the log. Default: nobody.
   */
  readonly trustedProxies?: string | readonly string[]
}

/** Options of `forwardFor`. */
export interface ForwardForOptions {
  /**
   * `replace`: a field from a peer that is no trusted proxy is replaced, one from a trusted proxy is added to. `add`:
   * HAProxy's way, a field of our own after whatever came. Default `replace`.
   */
  readonly mode?: 'replace' | 'add'
  /** The field. Default `X-Forwarded-For`. HAProxy: `header`. */
  readonly header?: string
  /** Clients of whom servers are told nothing, as addresses or ranges. Default: none. HAProxy: `except`. */
  readonly except?: string | readonly string[]
  /** Leaves a field that came alone. Default false. HAProxy: `if-none`. */
  readonly ifNone?: boolean
}

/** The same, read and complete. */
export interface ForwardingSettings {
  readonly forwardFor: ForwardForSettings | undefined
  readonly forwardedHeaders: { readonly proto: boolean; readonly host: boolean; readonly port: boolean }
  readonly forwarded: boolean
  /** Whether servers are told anything by `forwardedHeaders` or `forwarded`. */
  readonly tellsMore: boolean
  readonly via: string | undefined
  readonly trustedProxies: AddressSet | undefined
}

interface ForwardForSettings {
  readonly mode: 'replace' | 'add'
  readonly header: string
  readonly except: AddressSet | undefined
  readonly ifNone: boolean
}

/** The client of a request: the peer, or whom the trusted proxies in front of us name in X-Forwarded-For. */
export function clientOf(
  peer: ClientAddress,
  head: RequestHead | undefined,
  trusted: AddressSet | undefined,
): ClientAddress {
  if (trusted === undefined || head === undefined || !trusted.has(peer.address)) return peer
  const hops = head.getAll('x-forwarded-for').flatMap((value) => value.split(','))
  for (let i = hops.length - 1; i >= 0; i--) {
    const address = normalizeAddress(hops[i]!.trim())
    // What is no address can't be a client's: whoever wrote it is the last that we know.
    if (!isAddress(address)) return peer
    if (i === 0 || !trusted.has(address)) return { address, port: 0 }
  }
  return peer
}

/** Lays what servers shall be told of the client over the request. */
export function applyForwarding(
  edits: HeadEdits,
  head: RequestHead,
  view: ExchangeView,
  peer: ClientAddress,
  localPort: number,
  settings: ForwardingSettings,
): void {
  const isTrusted = settings.trustedProxies?.has(peer.address) ?? false
  if (settings.forwardFor !== undefined) applyForwardFor(edits, head, peer, isTrusted, settings.forwardFor)
  if (settings.tellsMore) applyHeaders(edits, head, view, peer, localPort, isTrusted, settings)
  if (settings.via !== undefined) edits.add('Via', `${head.version.slice('HTTP/'.length)} ${settings.via}`)
}

function applyForwardFor(
  edits: HeadEdits,
  head: RequestHead,
  peer: ClientAddress,
  isTrusted: boolean,
  { mode, header, except, ifNone }: ForwardForSettings,
): void {
  if (peer.address === '' || except?.has(peer.address)) return
  const lower = header.toLowerCase()
  if (ifNone && head.get(lower) !== undefined) return
  if (mode === 'add') edits.add(header, peer.address)
  else edits.set(header, isTrusted ? [...received(head, lower), peer.address].join(', ') : peer.address)
}

function applyHeaders(
  edits: HeadEdits,
  head: RequestHead,
  view: ExchangeView,
  peer: ClientAddress,
  localPort: number,
  isTrusted: boolean,
  { forwardedHeaders, forwarded }: ForwardingSettings,
): void {
  const proto = view.secure ? 'https' : 'http'
  const host = head.get('host') ?? ''
  // A trusted proxy has seen the client, we have not: what it says stands.
  const tell = (name: string, value: string): void => {
    if (!(isTrusted && head.get(name.toLowerCase()) !== undefined)) edits.set(name, value)
  }
  if (forwardedHeaders.proto) tell('X-Forwarded-Proto', proto)
  if (forwardedHeaders.host && host !== '') tell('X-Forwarded-Host', host)
  if (forwardedHeaders.port && localPort > 0) tell('X-Forwarded-Port', String(localPort))
  if (forwarded) {
    // RFC 7239 5.2: each hop tells of the one before it, whomever that one speaks for.
    const own = forwardedElement(peer.address, host, proto)
    edits.set('Forwarded', isTrusted ? [...received(head, 'forwarded'), own].join(', ') : own)
  }
}

/** What came in fields of that name, as far as a field can say it again: a lenient carrier may have let other things in. */
function received(head: RequestHead, name: string): string[] {
  return head.getAll(name).filter(isFieldValue)
}

/** One element of RFC 7239's list. */
function forwardedElement(address: string, host: string, proto: string): string {
  const node = address === '' ? 'unknown' : address.includes(':') ? `"[${address}]"` : address
  const quoted = host === '' ? '' : `;host="${host.replace(/["\\]/g, '\\$&')}"`
  return `for=${node}${quoted};proto=${proto}`
}

/** Reads the options. */
export function readForwarding(reader: OptionReader): ForwardingSettings {
  const forwardedHeaders = reader.read('forwardedHeaders', readForwardedHeaders) ?? readForwardedHeaders(false, '')
  const forwarded = reader.boolean('forwarded') ?? false
  return {
    forwardFor: reader.read('forwardFor', readForwardFor),
    forwardedHeaders,
    forwarded,
    tellsMore: forwarded || Object.values(forwardedHeaders).includes(true),
    via: reader.read('via', readVia),
    trustedProxies: reader.read('trustedProxies', readRanges),
  }
}

function readRanges(value: unknown, path: string): AddressSet {
  return new AddressSet(Array.isArray(value) ? value : [value], path)
}

function readForwardFor(value: unknown, path: string): ForwardForSettings | undefined {
  if (value === false) return undefined
  const reader = new OptionReader(value === true ? {} : value, path)
  const settings = {
    mode: reader.oneOf('mode', ['replace', 'add']) ?? 'replace',
    header: reader.string('header') ?? 'X-Forwarded-For',
    except: reader.read('except', readRanges),
    ifNone: reader.boolean('ifNone') ?? false,
  } as const
  reader.end()
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(settings.header)) {
    throw new OptionError(reader.pathOf('header'), settings.header, 'the name of a field')
  }
  return settings
}

function readForwardedHeaders(value: unknown, path: string): ForwardingSettings['forwardedHeaders'] {
  if (typeof value === 'boolean') return { proto: value, host: value, port: value }
  const reader = new OptionReader(value, path)
  const settings = {
    proto: reader.boolean('proto') ?? false,
    host: reader.boolean('host') ?? false,
    port: reader.boolean('port') ?? false,
  }
  reader.end()
  return settings
}

function readVia(value: unknown, path: string): string | undefined {
  if (typeof value === 'boolean') return value ? 'evenkeel' : undefined
  if (typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+(?::\d{1,5})?$/.test(value)) return value
  throw new OptionError(path, value, 'true, false, or a pseudonym for the Via field')
}
