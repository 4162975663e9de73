import { isToken } from '../core/message/field-syntax.js'
import { OptionError } from '../util/errors.js'
import { type Duration, OptionReader } from '../util/options.js'

/** Options of cookie persistence. HAProxy: `cookie`. */
export interface CookieOptions {
  /** The name of the cookie; case counts. */
  readonly name: string
  /**
   * - `insert`: the proxy sets the cookie when the client has none that leads to the server; one of that name from the
   *   server is taken out.
   * - `rewrite`: the server sets it, and the proxy writes its own value into it.
   * - `prefix`: the server sets it, and the proxy puts its value and `~` before the server's; requests reach the server
   *   without. One cookie does for both.
   * - `passive`: the server sets it, with the value that its `cookie` option says. HAProxy: none of the three.
   */
  readonly mode: 'insert' | 'rewrite' | 'prefix' | 'passive'
  /**
   * Keeps the cookie from servers (`insert`), and the server's own from clients that have come by it. Not with
   * `rewrite`. Default false.
   */
  readonly indirect?: boolean
  /** Tells caches to keep no response with the cookie in it: `Cache-Control: private`. Only with `insert`. Default false. */
  readonly nocache?: boolean
  /** Sets the cookie in responses to POST alone. Only with `insert`. Default false. */
  readonly postonly?: boolean
  /** Leaves a cookie of that name that the server sets alone, and sets none beside it. With `insert` or `indirect`. Default false. */
  readonly preserve?: boolean
  /** Keeps scripts from reading it. Only with `insert`, as all that follow but `dynamic`. Default false. */
  readonly httpOnly?: boolean
  /** Has browsers send it over TLS alone. Default false. */
  readonly secure?: boolean
  /** When browsers send it with requests from other sites. Default: nothing is said. HAProxy: `attr SameSite=Lax`. */
  readonly sameSite?: 'strict' | 'lax' | 'none'
  /** Further attributes, such as `Priority=High`. HAProxy: `attr`. */
  readonly attributes?: string | readonly string[]
  /** The domain whose hosts get the cookie, such as `.example.com`; or several. Default: the host that set it. */
  readonly domain?: string | readonly string[]
  /** After so long without a request the cookie no longer counts. In whole seconds, rounded up. Default: no limit. HAProxy: `maxidle`. */
  readonly maxIdle?: Duration
  /** So long after it was first set the cookie no longer counts. In whole seconds, rounded up. Default: no limit. HAProxy: `maxlife`. */
  readonly maxLife?: Duration
  /**
   * Makes the values of servers without a `cookie` option of their own, out of `key` and the server's address, so that
   * proxies with the same key agree. Default: such servers have none. HAProxy: `dynamic`, `dynamic-cookie-key`.
   */
  readonly dynamic?: { readonly key: string }
}

/** The same, read and complete. */
export interface CookieSettings {
  readonly name: string
  readonly mode: 'insert' | 'rewrite' | 'prefix' | 'passive'
  readonly indirect: boolean
  readonly nocache: boolean
  readonly postonly: boolean
  readonly preserve: boolean
  /** What every cookie that is set ends with. */
  readonly tail: string
  /** Milliseconds; undefined: no limit. */
  readonly maxIdle: number | undefined
  readonly maxLife: number | undefined
  readonly dynamicKey: string | undefined
}

const sameSites = { strict: 'Strict', lax: 'Lax', none: 'None' }

/** Reads the `cookie` option of a backend. */
export function readCookieOptions(value: unknown, path: string): CookieSettings {
  const reader = new OptionReader(value, path)
  const mode = reader.oneOf('mode', ['insert', 'rewrite', 'prefix', 'passive'])
  if (mode === undefined) throw new OptionError(`${path}.mode`, mode, "'insert', 'rewrite', 'prefix' or 'passive'")
  const settings = {
    name: readCookieName(reader.raw('name'), reader.pathOf('name')),
    mode,
    indirect: reader.boolean('indirect') ?? false,
    nocache: reader.boolean('nocache') ?? false,
    postonly: reader.boolean('postonly') ?? false,
    preserve: reader.boolean('preserve') ?? false,
    tail: readTail(reader),
    maxIdle: readAge(reader, 'maxIdle'),
    maxLife: readAge(reader, 'maxLife'),
    dynamicKey: reader.nested('dynamic', readKey),
  }
  reader.end()
  refuseUnused(reader, settings)
  return settings
}

/** Reads the name of a cookie. */
export function readCookieName(value: unknown, path: string): string {
  if (typeof value === 'string' && isToken(value)) return value
  throw new OptionError(path, value, 'the name of a cookie')
}

function readAge(reader: OptionReader, name: string): number | undefined {
  const ms = reader.duration(name)
  return ms === undefined || ms === 0 ? undefined : Math.ceil(ms / 1000) * 1000
}

function readKey(reader: OptionReader): string {
  const key = reader.string('key')
  if (key === undefined) throw new OptionError(reader.pathOf('key'), key, 'a secret text')
  return key
}

function readTail(reader: OptionReader): string {
  const domains = reader.read('domain', readList) ?? []
  const sameSite = reader.oneOf('sameSite', ['strict', 'lax', 'none'])
  const attributes = reader.read('attributes', readList) ?? []
  return [
    ...domains.map((domain) => `domain=${domain}`),
    ...(reader.boolean('httpOnly') ? ['HttpOnly'] : []),
    ...(reader.boolean('secure') ? ['Secure'] : []),
    ...(sameSite === undefined ? [] : [`SameSite=${sameSites[sameSite]}`]),
    ...attributes,
  ]
    .map((attribute) => `; ${attribute}`)
    .join('')
}

function readList(value: unknown, path: string): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  return list.map((entry) => {
    if (typeof entry === 'string' && /^[\x20-\x3a\x3c-\x7e]+$/.test(entry)) return entry
    throw new OptionError(path, value, "a text of visible characters without ';', or a list of such")
  })
}

/** Throws for what would be taken and not be heeded. */
function refuseUnused(reader: OptionReader, { mode, indirect }: CookieSettings): void {
  const given = (name: string): boolean => reader.values[name] !== undefined && reader.values[name] !== false
  const refuse = (name: string, reason: string): void => {
    if (given(name)) throw new OptionError(reader.pathOf(name), reader.values[name], `nothing, ${reason}`)
  }
  if (mode === 'rewrite') refuse('indirect', "as mode 'rewrite' needs the cookie on both sides")
  if (mode === 'insert') return
  if (!indirect) refuse('preserve', "as only mode 'insert', or indirect, would take the server's cookie out")
  for (const name of onInsert) refuse(name, `as it is for mode 'insert', and not for '${mode}'`)
}

const onInsert = [
  'nocache',
  'postonly',
  'httpOnly',
  'secure',
  'sameSite',
  'attributes',
  'domain',
  'maxIdle',
  'maxLife',
] as const
