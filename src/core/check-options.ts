import { type Address, readAddress } from '../util/address.js'
import { OptionError } from '../util/errors.js'
import { type Duration, OptionReader } from '../util/options.js'
import type { ProbeResult } from './check-result.js'

/**
 * Asks a server how it is. A failed check is a value, not a rejection; one that rejects counts as failed all the same.
 * It stops when the signal says so, and leaves nothing open.
 */
export type Probe = (target: Address, signal: AbortSignal) => Promise<ProbeResult>

/**
 * What the `check` option of a backend or a server takes: a check's options or a `HealthCheck` made of them; `true` for
 * a plain TCP connection where nothing else is said, `false` for no check.
 */
export type CheckOption = boolean | CheckOptions | { readonly options: CheckOptions }

/** When and how a server is checked. HAProxy: `option httpchk` and the check keywords of a `server` line. */
export interface CheckOptions {
  /** Sends an HTTP request and expects a status or a body; absent, a check is a TCP connection. */
  readonly http?: HttpCheckOptions
  /** A check of one's own, in place of `http`. */
  readonly probe?: Probe
  /** From the end of one check to the start of the next, while the server is fully up. Default 2s. HAProxy: `inter`. */
  readonly interval?: Duration
  /** The same while it is going up or down. Default: `interval`. HAProxy: `fastinter`. */
  readonly fastInterval?: Duration
  /** The same while it is down. Default: `interval`. HAProxy: `downinter`. */
  readonly downInterval?: Duration
  /** Successes in a row that bring it up, 1 to 1000. Default 2. HAProxy: `rise`. */
  readonly rise?: number
  /** Failures in a row that take it down, 1 to 1000. Default 3. HAProxy: `fall`. */
  readonly fall?: number
  /** How long one check may take, its connection included. Default: `interval`. HAProxy: `timeout check`. */
  readonly timeout?: Duration
  /** Varies each interval by up to so many percent either way, 0 to 50. Default 0. HAProxy: `spread-checks`. */
  readonly spreadChecks?: number
  /** Where to check instead of the server's address, in the same forms. HAProxy: `addr`. */
  readonly address?: string
  /** The port to check, on the server's host or that of `address`; not for a Unix socket. HAProxy: `port`. */
  readonly port?: number
  /**
   * Whether a check's connection begins with a PROXY protocol header, which says that it is the proxy's own. Default: as
   * the server's `sendProxy`, where the check goes to the server's own address. HAProxy: `check-send-proxy`.
   */
  readonly sendProxy?: boolean
  /**
   * Whether a check speaks TLS, as the server's `tls` says. Default: as exchanges do, where the check goes to the server's
   * own address; elsewhere not. HAProxy: `check-ssl`.
   */
  readonly tls?: boolean
}

/** What an HTTP check sends and expects. */
export interface HttpCheckOptions {
  /** Any but CONNECT. Default `GET`. (HAProxy's is OPTIONS, which many servers refuse.) */
  readonly method?: string
  /** The request target: from `/` on, an http URL, or with version 1.0 also `*`. Default `/`. */
  readonly path?: string
  /** The Host field. Default: the checked address; with version 1.0 no such field. */
  readonly host?: string
  /** Further fields, but for those that rule the connection and the message's length. */
  readonly headers?: Readonly<Record<string, string>>
  /** What the request carries; its length is stated. Default: nothing. HAProxy: `http-check send body`. */
  readonly body?: string
  /** Default `1.1`. (HAProxy's is 1.0.) */
  readonly version?: '1.0' | '1.1'
  /** What the response must be. */
  readonly expect?: HttpExpectOptions
}

/** What the response to an HTTP check must be: all that is given. HAProxy: `http-check expect`. */
export interface HttpExpectOptions {
  /** A status, a range such as `'200-399'`, or a list of either. Default `'200-399'`. */
  readonly status?: number | string | readonly (number | string)[]
  /**
   * What stands in the first 64 KiB of the body, read as UTF-8: a string, which is found as soon as it arrived, or an
   * expression, which is tried when the body is complete. HAProxy: `expect string`, `expect rstring`.
   */
  readonly body?: string | RegExp
}

/** A check's options, read and complete. */
export interface CheckSettings {
  readonly http: HttpCheckSettings | undefined
  readonly probe: Probe | undefined
  readonly interval: number
  readonly fastInterval: number
  readonly downInterval: number
  readonly rise: number
  readonly fall: number
  readonly timeout: number
  /** 0 to 0.5. */
  readonly spread: number
  readonly address: Address | undefined
  readonly port: number | undefined
  /** Undefined: by the server. */
  readonly sendProxy: boolean | undefined
  /** Undefined: as exchanges do. */
  readonly tls: boolean | undefined
  /** As they were written, so that a server's own can be laid over them. */
  readonly source: CheckOptions
}

/** An HTTP check's options, read and complete. */
export interface HttpCheckSettings {
  readonly method: string
  readonly path: string
  readonly host: string | undefined
  readonly headers: Readonly<Record<string, string>>
  /** What the request carries. */
  readonly body: string | undefined
  readonly version: '1.0' | '1.1'
  /** Inclusive ranges. */
  readonly statuses: readonly (readonly [number, number])[]
  /** What the response's body must have. */
  readonly expectedBody: string | RegExp | undefined
}

/**
 * Reads the `check` option of a backend or server. `inherited` is what the backend says; `true` takes it, or else a
 * plain TCP check; an object is laid over it; `false` means no check. Throws an {@link OptionError} for a bad one.
 */
export function readCheck(
  inherited: CheckSettings | undefined,
  value: CheckOption | undefined,
  path: string,
): CheckSettings | undefined {
  if (value === undefined) return inherited
  if (value === false) return undefined
  if (value === true) return inherited ?? readSettings({}, path)
  // A HealthCheck object carries the options that it was made with.
  const own = typeof value === 'object' && value !== null && 'options' in value ? value.options : value
  new OptionReader(own, path)
  return readSettings(inherited === undefined ? own : overlay(inherited.source, own), path)
}

/** Lays a server's own options over its backend's: what excludes or outdates an inherited one takes its place. */
function overlay(inherited: CheckOptions, own: CheckOptions): CheckOptions {
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined))
  const merged: Record<string, unknown> = { ...inherited, ...given }
  if ('probe' in given && !('http' in given)) delete merged.http
  if ('http' in given && !('probe' in given)) delete merged.probe
  if ('address' in given && !('port' in given)) delete merged.port
  return merged
}

function readSettings(options: CheckOptions, path: string): CheckSettings {
  const reader = new OptionReader(options, path)
  const http = reader.nested('http', readHttp)
  const probe = reader.read('probe', (value, at) => {
    if (typeof value === 'function') return value as Probe
    throw new OptionError(at, value, 'a function of the address and an abort signal')
  })
  if (http !== undefined && probe !== undefined) {
    throw new OptionError(reader.pathOf('probe'), probe, 'nothing beside http: a check has one of the two')
  }
  const address = reader.read('address', readAddress)
  const port = reader.integer('port', 1, 65_535)
  if (port !== undefined && address !== undefined && 'path' in address) {
    throw new OptionError(reader.pathOf('port'), port, 'nothing beside the address of a Unix socket')
  }
  const interval = positive(reader, 'interval') ?? 2000
  const settings: CheckSettings = {
    http,
    probe,
    interval,
    fastInterval: positive(reader, 'fastInterval') ?? interval,
    downInterval: positive(reader, 'downInterval') ?? interval,
    rise: reader.integer('rise', 1, 1000) ?? 2,
    fall: reader.integer('fall', 1, 1000) ?? 3,
    timeout: positive(reader, 'timeout') ?? interval,
    spread: (reader.integer('spreadChecks', 0, 50) ?? 0) / 100,
    address,
    port,
    sendProxy: reader.boolean('sendProxy'),
    tls: reader.boolean('tls'),
    source: options,
  }
  reader.end()
  return settings
}

function positive(reader: OptionReader, name: string): number | undefined {
  const ms = reader.duration(name)
  if (ms !== undefined && ms < 1) throw new OptionError(reader.pathOf(name), reader.raw(name), 'a time of 1ms or more')
  return ms
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const methodName = /^(?!CONNECT$)[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const anyGood = [[200, 399]] as const

/** Fields that the check sets itself, or that would change how its connection or its message is understood. */
const reserved =
  /^(?:host|connection|keep-alive|proxy-connection|content-length|transfer-encoding|te|trailer|upgrade|expect)$/i

function readHttp(reader: OptionReader): HttpCheckSettings {
  const version = reader.oneOf('version', ['1.0', '1.1']) ?? '1.1'
  const target = version === '1.0' ? /^(?:\/|https?:\/\/|\*$)[\x21-\x7e]*$/ : /^(?:\/|https?:\/\/)[\x21-\x7e]*$/
  const settings: HttpCheckSettings = {
    method: matching(reader, 'method', methodName, 'an HTTP method other than CONNECT') ?? 'GET',
    path: matching(reader, 'path', target, "a request target without blanks, such as '/health'") ?? '/',
    host: matching(reader, 'host', /^[\x21-\x7e]+$/, 'the value of a Host field'),
    headers: reader.read('headers', readFields) ?? {},
    body: reader.string('body'),
    version,
    ...(reader.nested('expect', readExpect) ?? { statuses: anyGood, expectedBody: undefined }),
  }
  if (settings.method === 'HEAD' && settings.expectedBody !== undefined) {
    throw new OptionError(
      `${reader.pathOf('expect')}.body`,
      settings.expectedBody,
      'nothing with HEAD, which has no body',
    )
  }
  return settings
}

function matching(reader: OptionReader, name: string, pattern: RegExp, expected: string): string | undefined {
  const text = reader.string(name)
  if (text !== undefined && !pattern.test(text)) throw new OptionError(reader.pathOf(name), text, expected)
  return text
}

function readFields(value: unknown, path: string): Record<string, string> {
  // A Map or a Headers object has no members of its own, so all its fields would be lost without a word.
  const isRecord =
    typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value))
  if (!isRecord) throw new OptionError(path, value, 'a plain object of fields')
  for (const [name, field] of Object.entries(value)) {
    if (!token.test(name)) throw new OptionError(`${path}.${name}`, name, 'a field name')
    if (reserved.test(name))
      throw new OptionError(`${path}.${name}`, field, 'nothing: the check sets this field (see `host`)')
    if (typeof field !== 'string' || !/^[\t\x20-\x7e\x80-\xff]*$/.test(field)) {
      throw new OptionError(`${path}.${name}`, field, 'a field value: text without line breaks')
    }
  }
  return { ...value } as Record<string, string>
}

function readExpect(reader: OptionReader): Pick<HttpCheckSettings, 'statuses' | 'expectedBody'> {
  return {
    statuses: reader.read('status', readStatuses) ?? anyGood,
    expectedBody: reader.read('body', (value, path) => {
      // A copy, since the `lastIndex` of the application's own expression is the application's.
      if (value instanceof RegExp) return new RegExp(value)
      if (typeof value === 'string' && value !== '') return value
      throw new OptionError(path, value, 'a string or a regular expression')
    }),
  }
}

function readStatuses(value: unknown, path: string): (readonly [number, number])[] {
  const expected = "a status, a range such as '200-399', or a list of either"
  const items = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [value]
  if (items.length === 0) throw new OptionError(path, value, expected)
  return items.map((item) => {
    const match = /^\s*(\d{3})(?:-(\d{3}))?\s*$/.exec(String(item))
    const low = Number(match?.[1])
    const high = Number(match?.[2] ?? match?.[1])
    if (low >= 100 && low <= high && high <= 599) return [low, high] as const
    throw new OptionError(path, value, expected)
  })
}
