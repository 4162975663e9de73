import type { ExchangeView } from '../core/exchange-view.js'
import { OptionError } from '../util/errors.js'
import { readArguments, readExpression } from './call-arguments.js'
import { type ClientHello, readClientHello } from './client-hello.js'
import { type Condition, described } from './condition.js'
import { type StringSample, type Subject, singleSubject, stringSample } from './string-matcher.js'
import { alternatives } from './wording.js'

/** What a TLS client asks for, of connections that pass through in TCP mode. */
export interface ClientHelloSample {
  /** The name of the server that the client wants, in lower case. HAProxy: `req.ssl_sni`. */
  readonly sni: StringSample
  /** The protocols that the client offers; one that fits is enough. HAProxy: `req.ssl_alpn`. */
  readonly alpn: StringSample
  /** The connection begins with a whole, well-formed ClientHello. HAProxy: `req.ssl_hello_type 1`. */
  exists(): Condition
}

/** The first bytes of a connection in TCP mode, and the conditions that can be put on them. */
export interface PayloadSample {
  /** They are one of these; text stands for single bytes (latin1). HAProxy: `req.payload(0,n) -m bin`. */
  startsWith(...values: (string | Uint8Array)[]): Condition
  /** One of the expressions finds something in them, taken as latin1 text. HAProxy: `req.payload(0,0) -m reg`. */
  matches(...expressions: RegExp[]): Condition
  /** There is at least one byte. HAProxy: `req.len gt 0`. */
  exists(): Condition
  /** All bytes so far, as latin1 text. */
  readonly value: (exchange: ExchangeView) => string | undefined
}

/**
 * The ClientHello that a TLS client begins with, in TCP mode: it is waited for, up to the frontend's `inspectDelay`, and
 * passed on with the rest. Nothing is decrypted.
 *
 * @example
 * ```ts
 * clientHello.sni.is('shop.example', 'www.shop.example')
 * clientHello.sni.endsWith('.example')
 * clientHello.alpn.is('h2')
 * ```
 */
export const clientHello: ClientHelloSample = {
  sni: stringSample(singleSubject('clientHello.sni', (exchange) => helloOf(exchange)?.sni ?? '')),
  alpn: stringSample(protocolsSubject()),
  exists: () => described('clientHello exists', (exchange) => helloOf(exchange) !== undefined),
}

/**
 * The first bytes of a connection in TCP mode, as many as it takes to tell, up to 16 KiB: they are waited for, up to the
 * frontend's `inspectDelay`.
 *
 * @example
 * ```ts
 * payload.startsWith('SSH-')
 * payload.startsWith(new Uint8Array([0x16, 0x03]))
 * ```
 */
export const payload: PayloadSample = {
  startsWith(...values) {
    const texts = readArguments('payload.startsWith', values, readBytes)
    return described(`payload starts with ${alternatives(texts)}`, (exchange) => {
      const text = textOf(exchange)
      if (texts.some((value) => text.startsWith(value))) return true
      if (texts.some((value) => value.startsWith(text))) exchange.awaitPayload?.()
      return false
    })
  },
  matches(...expressions) {
    const list = readArguments('payload.matches', expressions, readExpression)
    return described(`payload matches ${alternatives(list.map(String))}`, (exchange) => {
      const text = textOf(exchange)
      const isMatch = list.some((expression) => expression.test(text))
      if (!isMatch) exchange.awaitPayload?.()
      return isMatch
    })
  },
  exists: () =>
    described('payload exists', (exchange) => {
      const isThere = textOf(exchange) !== ''
      if (!isThere) exchange.awaitPayload?.()
      return isThere
    }),
  value: (exchange) => textOf(exchange) || undefined,
}

/**
 * What a connection in TCP mode speaks, by its first bytes: `tls`, `http` (1 and 2) or `unknown`. They are waited for, up
 * to the frontend's `inspectDelay`; a client that says nothing until then is `unknown`, as those are whose server speaks
 * first. HAProxy: `req.proto_http`, `req.ssl_hello_type`.
 *
 * @example
 * ```ts
 * protocol.is('tls')
 * ```
 */
export const protocol: StringSample = stringSample(singleSubject('protocol', guess))

/** The ClientHello that was read last: several conditions look at one, one after the other. */
let lastPayload: Uint8Array | undefined
let lastHello: ClientHello | 'more' | undefined

function helloOf(exchange: ExchangeView): ClientHello | undefined {
  const bytes = exchange.payload ?? nothing
  if (bytes !== lastPayload) {
    lastHello = readClientHello(bytes)
    lastPayload = bytes
  }
  if (lastHello !== 'more') return lastHello
  exchange.awaitPayload?.()
  return undefined
}

function protocolsSubject(): Subject {
  return {
    name: 'clientHello.alpn',
    call: 'clientHello.alpn',
    some: (exchange, test) => helloOf(exchange)?.alpn.some(test) === true,
    value: (exchange) => helloOf(exchange)?.alpn[0],
  }
}

/** A record of a handshake, which has a ClientHello's type as its sixth byte. */
const helloBegin = '\x16\x03'

/** A method and a blank; that of HTTP/2 without TLS is `PRI`. */
const httpBegin = /^[A-Z]{1,20} /

function guess(exchange: ExchangeView): string {
  const text = textOf(exchange).slice(0, 21)
  if (text.startsWith(helloBegin) && text[5] === '\x01') return 'tls'
  if (httpBegin.test(text)) return 'http'
  if (mayBecomeHello(text) || /^[A-Z]{0,20}$/.test(text)) exchange.awaitPayload?.()
  return 'unknown'
}

function mayBecomeHello(text: string): boolean {
  return text.length < 6 && helloBegin.startsWith(text.slice(0, 2))
}

function textOf({ payload }: ExchangeView): string {
  return payload === undefined
    ? ''
    : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('latin1')
}

function readBytes(value: unknown, path: string): string {
  if (value instanceof Uint8Array && value.length > 0) return Buffer.from(value).toString('latin1')
  if (typeof value === 'string' && value !== '' && Buffer.from(value, 'latin1').toString('latin1') === value)
    return value
  throw new OptionError(path, value, 'bytes, or a text of single bytes, that are not empty')
}

const nothing = new Uint8Array(0)
