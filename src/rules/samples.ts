import { isToken } from '../core/message/field-syntax.js'
import { OptionError } from '../util/errors.js'
import { requestCookieSample } from './cookie-sample.js'
import { type HeaderSample, headerSample } from './header-sample.js'
import { querySample } from './query-sample.js'
import { type SourceSample, sourceSample } from './source-sample.js'
import { caselessSample, type StringSample, singleSubject, stringSample } from './string-matcher.js'

/**
 * The path of the request target as received: nothing decoded, no query, no scheme and authority. Missing in TCP mode
 * and for `OPTIONS *` and CONNECT. HAProxy: `path`, `path_beg`, `path_end`, `path_sub`, `path_reg`.
 *
 * @example
 * ```ts
 * path.startsWith('/static', '/images')
 * path.ignoreCase.endsWith('.jpg', '.css')
 * path.matches(/^\/v\d+\//)
 * ```
 */
export const path: StringSample = stringSample(singleSubject('path', (exchange) => exchange.path))

/**
 * The host that the request asks for, without port; values may be written in any case, IPv6 addresses in brackets.
 * HAProxy: `req.hdr(host),host_only` with `-i`, `hdr_dom(host)`.
 *
 * @example
 * ```ts
 * host.is('example.org', 'www.example.org')
 * host.endsWith('.example.org')
 * ```
 */
export const host: StringSample = caselessSample(singleSubject('host', (exchange) => exchange.host))

/**
 * The request's method, upper case as a rule. Other than HAProxy's `METH_GET`, `method.is('GET')` leaves HEAD out.
 * HAProxy: `method`.
 *
 * @example
 * ```ts
 * method.is('GET', 'HEAD')
 * ```
 */
export const method: StringSample = stringSample(singleSubject('method', (exchange) => exchange.method))

/**
 * The client's IP address: that of the connection, or the one that a trusted proxy named. Missing for clients of a Unix
 * socket. HAProxy: `src`.
 *
 * @example
 * ```ts
 * source.in('10.0.0.0/8', '2001:db8::/32', '192.0.2.7')
 * ```
 */
export const source: SourceSample = sourceSample()

/**
 * The request's fields of that name, in any case. Each is taken as a list: a condition is tried on every element
 * between commas (outside quotes) of every such field, and one that fits is enough. For fields that are no
 * lists there is {@link HeaderSample.whole}. Throws an {@link OptionError} when it is no name of a field. HAProxy:
 * `req.hdr`, `hdr_beg`, `hdr_end`, `hdr_sub`, `hdr_reg`.
 *
 * @example
 * ```ts
 * header('upgrade').ignoreCase.is('websocket')
 * header('x-api-key').exists()
 * header('user-agent').whole.contains('(KHTML, like Gecko)')
 * ```
 */
export function header(name: string): HeaderSample {
  if (typeof name === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return headerSample(name)
  throw new OptionError('header(arguments[0])', name, 'the name of a field')
}

/**
 * The query parameters of that name (case counts), as received: nothing decoded. A condition is tried on each of them,
 * and one that fits is enough. As in HAProxy a parameter has a `=`: `?debug=` has one, with an empty value, and
 * `?debug` has none; and `;` and `?` separate parameters as `&` does. Throws an {@link OptionError} when it can't be
 * the name of one. HAProxy: `url_param`, `urlp_beg`, `urlp_end`, `urlp_sub`, `urlp_reg`.
 *
 * @example
 * ```ts
 * query('version').is('2')
 * query('debug').exists()
 * ```
 */
export function query(name: string): StringSample {
  if (typeof name === 'string' && isParameterName(name)) return querySample(name)
  throw new OptionError('query(arguments[0])', name, "the name of a query parameter, without '=', '&', ';' and '?'")
}

/**
 * The request's cookies of that name (case counts), without the blanks around their values; one without a value is none.
 * A condition is tried on each of them, and one that fits is enough; where one value is wanted, the last one is it.
 * Throws an {@link OptionError} when it can't be the name of a cookie. HAProxy: `req.cook`.
 *
 * @example
 * ```ts
 * cookie('theme').is('dark')
 * cookie('SID').exists()
 * ```
 */
export function cookie(name: string): StringSample {
  if (typeof name === 'string' && isToken(name)) return requestCookieSample(name)
  throw new OptionError('cookie(arguments[0])', name, 'the name of a cookie')
}

function isParameterName(name: string): boolean {
  return name !== '' && !/[=&;?]/.test(name)
}
