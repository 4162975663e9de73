import type { ExchangeView } from '../../core/exchange-view.js'
import { OptionError } from '../../util/errors.js'
import type { OptionReader } from '../../util/options.js'
import type { HashInput } from './hash-input.js'
import type { HashOptions } from './hash-options.js'

/** Options of the algorithm `urlParam`. */
export interface UrlParamHashOptions extends HashOptions {
  /** The parameter's name; case counts. */
  readonly name: string
  /**
   * Looks for the parameter in the body of a POST, too, that does not have it in its query: the first 16 KiB of the body
   * are waited for, or all of it, for `timeout.httpRequest` at most. Default false. HAProxy: `check_post` (2.6 does so
   * without being asked).
   */
  readonly checkPost?: boolean
}

/** The value of a query parameter, as received. Missing when there is no such parameter. HAProxy: `balance url_param`. */
export function readUrlParamInput(reader: OptionReader): HashInput {
  const name = readParameterName(reader.raw('name'), reader.pathOf('name'))
  const checksPost = reader.boolean('checkPost') ?? false
  const key = `${name}=`
  const inQuery = ({ target }: ExchangeView): string | undefined => {
    const mark = target.indexOf('?')
    return mark < 0 ? undefined : parameterIn(target.slice(mark + 1), key)
  }
  if (!checksPost) return { name: `parameter ${name}`, read: inQuery }
  return {
    name: `parameter ${name}`,
    read: (exchange) => inQuery(exchange) ?? (exchange.method === 'POST' ? inBody(exchange, key) : undefined),
    wantsPayload: (exchange) => exchange.method === 'POST' && inQuery(exchange) === undefined,
  }
}

function readParameterName(value: unknown, path: string): string {
  if (typeof value === 'string' && value !== '' && !/[=&]/.test(value)) return value
  throw new OptionError(path, value, "the name of a query parameter, without '=' and '&'")
}

/** The value of the first parameter of that key, up to the next `&`. */
function parameterIn(parameters: string, key: string): string | undefined {
  for (let start = 0; start >= 0; start = parameters.indexOf('&', start) + 1 || -1) {
    if (!parameters.startsWith(key, start)) continue
    const end = parameters.indexOf('&', start)
    return parameters.slice(start + key.length, end < 0 ? undefined : end)
  }
  return undefined
}

/** A body whose value begins with anything but a character of a token is taken for no form, as in HAProxy. */
function inBody({ payload }: ExchangeView, key: string): string | undefined {
  if (payload === undefined) return undefined
  const value = parameterIn(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('latin1'), key)
  if (value === undefined || value === '' || /^[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(value)) return value
  return /^[ \t\r\n]/.test(value) ? '' : undefined
}
